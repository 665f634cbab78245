// SPDX-License-Identifier: MIT
//
// Question: how many instructions do the paths take that are taken most often?  bench/instructions/count.sh has callgrind count
// them: unlike times they are the same in each run, so that one more is seen.
//
// Each path is a function that is not inlined, called `rounds` times, with everything it needs already there and in the state
// that it is mostly found in.  What other threads do does not count.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <sched.h>
#include <unistd.h>

#include <bottomhalf/bottomhalf.hpp>
#include <bottomhalf/sync/completion.hpp>
#include <bottomhalf/sync/mutex.hpp>
#include <bottomhalf/sync/spin.hpp>

namespace bh = bottomhalf;
using engine = bh::arch::threads;

#define PATH __attribute__((noinline)) void

namespace {

constexpr int rounds = 1000;

void must(bool fact, const char* what) {
    if (fact) return;
    std::fprintf(stderr, "hot_paths: %s\n", what);
    std::exit(3);
}
bh::location here(bh::location at = bh::location::current()) { return at; }

/// A worker that is busy until told.
struct busy_worker {
    std::atomic<bool> inside{false}, over{false};
    bh::work<void (*)()> hold{[] {
        the->inside = true;
        while (!the->over) ::sched_yield();
    }};
    bh::machine m{{.cpus = 1}};
    bh::workqueue q{m, "hot"};
    static inline busy_worker* the = nullptr;

    busy_worker() {
        the = this;
        bh::queue_work(q, hold);
        while (!inside) ::sched_yield();
    }
    ~busy_worker() { over = true; }
};

}   // namespace

// Outside of the namespace: callgrind prints their names as they are.
PATH path_queue_work(bh::workqueue& q, bh::work<void (*)()>& w) { must(bh::queue_work(q, w), "was pending"); }
PATH path_queue_work_pending(bh::workqueue& q, bh::work<void (*)()>& w) { must(!bh::queue_work(q, w), "was idle"); }
PATH path_timer_add(bh::timekeeper<engine>& t, bh::timer_node& n, bh::jiffies_t at) { t.add(n, at, 0); }
PATH path_timer_del(bh::timekeeper<engine>& t, bh::timer_node& n) { must(t.del(n), "was not armed"); }
PATH path_spin_lock_irqsave(bh::spin_state& l) {
    const bool was = engine::irq_save();
    bh::spin_ops<engine>::take(l, "spin_lock", here());
    bh::spin_ops<engine>::unlock(l, "spin_unlock", here());
    engine::irq_restore(was);
}
PATH path_complete_and_wait(std::uint32_t& done) {
    bh::completion_ops<engine>::complete(done);
    bh::completion_ops<engine>::wait(done, bh::arch::forever, "wait_for_completion", here());
}
PATH path_raise_pending(bh::machine& m, unsigned line) { must(m.irqs().raise(line), "raise_irq failed"); }

int main() {
    {
        busy_worker busy;
        std::vector<std::unique_ptr<bh::work<void (*)()>>> items;
        for (int i = 0; i < rounds; ++i) items.push_back(std::make_unique<bh::work<void (*)()>>([] {}));
        for (auto& each : items) path_queue_work(busy.q, *each);
        for (auto& each : items) path_queue_work_pending(busy.q, *each);
        busy.over = true;
        bh::flush_workqueue(busy.q);
    }
    bh::machine m{{.cpus = 1}};
    must(m.events(here()) != nullptr, "no threads");
    {
        auto& t = m.time();
        std::vector<bh::timer_node> timers(rounds);
        for (bh::timer_node& each : timers) each.function = [](bh::timer_node*) {};
        // Its thread is there, and asleep until something that is due before all of them: mostly nobody is to be woken.
        static std::atomic<bool> fired{false};
        bh::timer_node first, before;
        first.function = [](bh::timer_node*) { fired = true; };
        before.function = [](bh::timer_node*) {};
        t.add(first, t.jiffies() + 1, 0);
        while (!fired) ::sched_yield();
        const bh::jiffies_t far = t.jiffies() + 1'000'000;
        t.add(before, far - 1000, 0);
        ::usleep(50'000);
        for (unsigned i = 0; i < rounds; ++i) path_timer_add(t, timers[i], far + 37 * i);
        for (bh::timer_node& each : timers) path_timer_del(t, each);
        t.del(before);
    }
    {
        bh::spin_state l{};
        for (int i = 0; i < rounds; ++i) path_spin_lock_irqsave(l);
        std::uint32_t done = 0;
        for (int i = 0; i < rounds; ++i) path_complete_and_wait(done);
    }
    {
        // A line whose CPU has its interrupts off: pending from the first raise on.
        static std::atomic<bool> masked{false}, over{false};
        bh::work hold{[] {
            const bool was = engine::irq_save();
            masked = true;
            while (!over) ::sched_yield();
            engine::irq_restore(was);
        }};
        constexpr unsigned line = 5;
        const bh::irq_action action{.handler = [](int, void*, void*) { return bh::irqreturn::handled; },
                                    .dev_id = &m,
                                    .name = "hot",
                                    .thread_fn = nullptr,
                                    .thread_cookie = nullptr};
        must(m.irqs().request(line, action, here()) == 0, "request_irq failed");
        must(bh::workqueue_ops<engine>::queue_work_on(0, m.events(here()), hold, here()), "was pending");
        while (!masked) ::sched_yield();
        must(m.irqs().raise(line), "raise_irq failed");
        for (int i = 0; i < rounds; ++i) path_raise_pending(m, line);
        over = true;
        bh::flush_work(hold);
        m.irqs().free(line, &m, here());
    }
}
