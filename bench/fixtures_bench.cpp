// SPDX-License-Identifier: MIT
//
// Question: what does a driver's own path cost, beside the library's?  <bottomhalf/bench.hpp> as its users use it: a card whose
// interrupt takes a frame off the ring in a tasklet, and hands it on to a work item.
#include <bottomhalf/bench.hpp>

#include <cstdlib>

namespace bh = bottomhalf;

namespace {

constexpr unsigned card_irq = 9;

/// A driver in miniature.
struct card {
    bh::bench::path received;
    bh::tasklet_node poll;
    unsigned frames = 0;
    bh::work<void (*)()> hand_on{[] { the->received.reached(); }};
    static inline card* the = nullptr;

    card() {
        the = this;
        poll.func = [](unsigned long me) {
            ++reinterpret_cast<card*>(me)->frames;
            bh::schedule_work(reinterpret_cast<card*>(me)->hand_on);
        };
        poll.data = reinterpret_cast<unsigned long>(this);
        bh::boot();
        const bh::irq_action action{.handler =
                                        [](int, void* dev, void*) {
                                            auto& softirqs = bh::default_machine().softirqs();
                                            bh::tasklet_ops<bh::arch::threads>::schedule(
                                                *softirqs.of_cpu(0), static_cast<card*>(dev)->poll,
                                                bh::tasklet_ops<bh::arch::threads>::normal);
                                            return bh::irqreturn::handled;
                                        },
                                    .dev_id = this,
                                    .name = "card",
                                    .thread_fn = nullptr,
                                    .thread_cookie = nullptr};
        if (bh::default_machine().irqs().request(card_irq, action, bh::location::current()) != 0) std::abort();
    }
    card(const card&) = delete;
    card& operator=(const card&) = delete;
    ~card() {
        bh::default_machine().irqs().free(card_irq, this, bh::location::current());
        bh::flush_work(hand_on);
    }
    void interrupt() {
        bh::flush_work(hand_on);
        received.begin();
        bh::default_machine().irqs().raise(card_irq);
    }
};

void BM_Card(benchmark::State& state) {
    card c;
    bh::bench::measure(state, c.received, [&] { c.interrupt(); });
    if (c.frames != state.iterations()) state.SkipWithError("a frame was lost");
}
BENCHMARK(BM_Card)->UseManualTime();

void BM_QueueToStart(benchmark::State& state) { bh::bench::queue_to_start(state, {.gap = state.range(0)}); }
BENCHMARK(BM_QueueToStart)->ArgName("gap")->Arg(50'000)->Arg(0)->UseManualTime();

void BM_IrqToWork(benchmark::State& state) { bh::bench::irq_to_work(state, 10); }
BENCHMARK(BM_IrqToWork)->UseManualTime();

}   // namespace

BENCHMARK_MAIN();
