// SPDX-License-Identifier: MIT
// bench.hpp: how long a driver's own deferred work waits, as a benchmark of Google's.
//
//   #include <bottomhalf/bench.hpp>
//
//   static bottomhalf::bench::path received;                     // from an interrupt to where the frame is dealt with
//   static void rx_work_fn(struct work_struct*) { ...; received.reached(); }
//
//   static void BM_Receive(benchmark::State& state) {
//       bottomhalf::bench::measure(state, received, [] { raise_irq(CARD_IRQ); });
//   }
//   BENCHMARK(BM_Receive)->UseManualTime();
//
// An iteration is one way from the call to reached().  Beside the mean there are counters, in nanoseconds: p50, p90, p99, p999
// and max.  Before each of them the caller computes for a while (options::gap), so that the other side has fallen asleep, as it
// has in a driver whose device speaks now and then; a gap of 0 finds it awake.
//
// queue_to_start() and irq_to_work() are the same of nothing but the library: what a driver's path can be compared with.
// On the threads engine; needs Google Benchmark.
#pragma once

#include <benchmark/benchmark.h>
#include <bottomhalf/bench/histogram.hpp>
#include <bottomhalf/bottomhalf.hpp>
#include <bottomhalf/sync/completion.hpp>

namespace bottomhalf::bench {

/// From a call to a place in the code that it leads to, over and over again.  One caller at a time.
class path {
    using engine = arch::threads;

public:
    path() noexcept = default;
    path(const path&) = delete;
    path& operator=(const path&) = delete;

    /// Now.  The call comes next.
    void begin() noexcept { from_ = engine::now(); }
    /// To be called where the way ends, once for each begin().  Context: any, top halves and signal handlers included.
    void reached() noexcept {
        at_ = engine::now();
        completion_ops<engine>::complete(done_);   // and what was written before
    }
    /// Sleeps until then.  Context: process.  Return: ns, from begin() to reached().
    arch::ns_t wait(location at = location::current()) noexcept {
        completion_ops<engine>::wait(done_, arch::forever, "the end of a path", at);
        return at_ - from_;
    }

private:
    arch::ns_t from_ = 0, at_ = 0;
    std::uint32_t done_ = 0;   // A: a completion
};

struct options {
    arch::ns_t gap = 50'000;   // ns, at least and up to twice that: it varies, lest it keep step with a tick
};

/// Counters of a benchmark, in ns.
inline void show(benchmark::State& state, const histogram& h) {
    const auto ns = [](std::int64_t v) { return benchmark::Counter(static_cast<double>(v)); };
    state.counters["p50"] = ns(h.percentile(50));
    state.counters["p90"] = ns(h.percentile(90));
    state.counters["p99"] = ns(h.percentile(99));
    state.counters["p999"] = ns(h.percentile(99.9));
    state.counters["max"] = ns(h.max());
}

/// The benchmark's loop: `call` is what leads to p.reached().  To be registered with UseManualTime().
template <class Call>
void measure(benchmark::State& state, path& p, Call call, options o = {}, location at = location::current()) {
    histogram h;
    std::uint32_t random = 1;
    for ([[maybe_unused]] auto _ : state) {
        random = random * 1664525 + 1013904223;
        if (o.gap > 0) arch::threads::delay(o.gap + static_cast<arch::ns_t>(random >> 8) % o.gap);
        p.begin();
        call();
        const arch::ns_t ns = p.wait(at);
        state.SetIterationTime(static_cast<double>(ns) / 1e9);
        h.add(ns);
    }
    show(state, h);
}

/// From schedule_work() to a handler that does nothing else, on the default machine's default queue.
inline void queue_to_start(benchmark::State& state, options o = {}) {
    path started;
    work item{[&] { started.reached(); }};
    measure(
        state, started,
        [&] {
            flush_work(item);   // its handler may be at its last instructions
            started.begin();
            schedule_work(item);
        },
        o);
    flush_work(item);
}

/// From raise to the handler of the work that the top half queues, on the default machine.  `irq`: a line that nobody has.
inline void irq_to_work(benchmark::State& state, unsigned irq, options o = {}) {
    struct device {
        path started;
        work<void (*)()> item;
    };
    static device* card;   // a handler of work that is a function has no other way to it
    device d{{}, work<void (*)()>{[] { card->started.reached(); }}};
    card = &d;
    boot();
    auto& lines = default_machine().irqs();
    const irq_action action{.handler =
                                [](int, void* dev, void*) {
                                    schedule_work(static_cast<device*>(dev)->item);
                                    return irqreturn::handled;
                                },
                            .dev_id = &d,
                            .name = "irq_to_work",
                            .thread_fn = nullptr,
                            .thread_cookie = nullptr};
    if (lines.request(irq, action, location::current()) != 0) {
        state.SkipWithError("somebody has that line");
        return;
    }
    measure(
        state, d.started,
        [&] {
            flush_work(d.item);
            d.started.begin();
            lines.raise(irq);
        },
        o);
    lines.free(irq, &d, location::current());
    flush_work(d.item);
}

}   // namespace bottomhalf::bench
