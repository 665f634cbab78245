// SPDX-License-Identifier: MIT
//
// <linux/timer.h> of today on either engine: every call in every state of a timer, and what it may be.
#include "support/facade.hpp"

#include <atomic>
#include <climits>
#include <cstring>
#include <stdexcept>

#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "support/schedule_timeout.hpp"
#if defined(BOTTOMHALF_SIM)
#include <bottomhalf/virtual_time.hpp>
#endif

using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

constexpr unsigned long far = 100'000UL * HZ;

/// A timer, and what its function saw.
struct probe {
    struct timer_list timer;
    std::atomic<int> runs{0};
    std::atomic<unsigned long> at{0};
    std::atomic<int> cpu{-1};
    std::atomic<bool> softirq{false}, pending{true}, irqs_off{false};
    gate<engine>* held = nullptr;   // the function stays in it
    void (*also)(probe&) = nullptr;

    explicit probe(unsigned int flags = 0) { timer_setup(&timer, &probe::fire, flags); }
    ~probe() { timer_delete_sync(&timer); }
    probe(const probe&) = delete;
    probe& operator=(const probe&) = delete;

    static void fire(struct timer_list* t) {
        auto& p = *reinterpret_cast<probe*>(t);
        p.at = get_jiffies_64();
        p.cpu = smp_processor_id();
        p.softirq = in_serving_softirq() && !in_hardirq();
        p.irqs_off = irqs_disabled();
        p.pending = timer_pending(t);
        if (p.held != nullptr) p.held->pass_spinning();
        if (p.also != nullptr) p.also(p);
        ++p.runs;
    }
    void wait_for(int n) {
        wait_until<engine>([&] { return runs >= n; });
    }
};

enum class state { idle, armed, running, running_and_armed, shut_down };
constexpr state states[] = {state::idle, state::armed, state::running, state::running_and_armed, state::shut_down};
constexpr const char* names[] = {"idle", "armed", "running", "running and armed again", "shut down"};

/// A timer in one of them.
struct stage {
    gate<engine> held;
    probe p;

    explicit stage(state s) {
        if (s == state::armed) mod_timer(&p.timer, jiffies + far);
        if (s == state::shut_down) timer_shutdown(&p.timer);
        if (s != state::running && s != state::running_and_armed) return;
        p.held = &held;
        mod_timer(&p.timer, jiffies);
        held.wait_until_held();
        if (s == state::running_and_armed) mod_timer(&p.timer, jiffies + far);
    }
    ~stage() { held.open(); }
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;
};

struct row {
    int returned;
    bool pending;   // afterwards
};
template <class F>
void check(const row (&rows)[5], F f) {
    on_this_engine([&] {
        for (const state s : states) {
            INFO("the timer is " << names[static_cast<int>(s)]);
            stage on(s);
            CHECK(f(&on.p.timer) == rows[static_cast<int>(s)].returned);
            CHECK(timer_pending(&on.p.timer) == rows[static_cast<int>(s)].pending);
        }
    });
}
constexpr int moved_earlier = 10, moved_later = 20;

}   // namespace

TEST_CASE("mod_timer: arms, or moves, and says which; a timer that is shut down stays so", "[time6][mod_timer]") {
    check({{0, true}, {1, true}, {0, true}, {1, true}, {0, false}},
          [](timer_list* t) { return mod_timer(t, jiffies + 2 * far); });
}
TEST_CASE("mod_timer_pending: moves an armed timer, and arms none", "[time6][mod_timer_pending]") {
    check({{0, false}, {1, true}, {0, false}, {1, true}, {0, false}},
          [](timer_list* t) { return mod_timer_pending(t, jiffies + 2 * far); });
}
TEST_CASE("timer_reduce: arms, and moves to an earlier tick only", "[time6][timer_reduce]") {
    check({{0 + moved_earlier, true},
           {1 + moved_earlier, true},
           {0 + moved_earlier, true},
           {1 + moved_earlier, true},
           {0, false}},
          [](timer_list* t) {
              const unsigned long at = jiffies + far / 2;
              return timer_reduce(t, at) + (t->expires == at ? moved_earlier : 0);
          });
    check({{0 + moved_later, true}, {1, true}, {0 + moved_later, true}, {1, true}, {0, false}}, [](timer_list* t) {
        const unsigned long at = jiffies + 2 * far;
        return timer_reduce(t, at) + (t->expires == at ? moved_later : 0);
    });
}
TEST_CASE("timer_delete: 1 exactly if it was armed, whether or not its function runs", "[time6][timer_delete]") {
    check({{0, false}, {1, false}, {0, false}, {1, false}, {0, false}}, [](timer_list* t) { return timer_delete(t); });
}
TEST_CASE("try_to_del_timer_sync: -1 while its function runs, and the timer stays as it is", "[time6][timer_delete]") {
    check({{0, false}, {1, false}, {-1, false}, {-1, true}, {0, false}},
          [](timer_list* t) { return try_to_del_timer_sync(t); });
}
TEST_CASE("timer_shutdown: as timer_delete(), and nothing arms it any more", "[time6][timer_shutdown]") {
    check({{0, false}, {1, false}, {0, false}, {1, false}, {0, false}}, [](timer_list* t) {
        const int was = timer_shutdown(t);
        return mod_timer(t, jiffies + far) == 0 && timer_reduce(t, jiffies) == 0 ? was : -1;
    });
}
TEST_CASE("add_timer: arms an idle timer; of an armed one it is reported, and nothing changes", "[time6][add_timer]") {
    check({{0, true}, {1, true}, {0, true}, {1, true}, {0, false}}, [](timer_list* t) {
        if (!timer_pending(t)) t->expires = jiffies + far;
        add_timer(t);
        return reports::take_all("WARN_ON_ONCE(timer_pending(timer))");
    });
}
TEST_CASE("timer_setup: makes a timer usable that was shut down; of an armed one it is reported",
          "[time6][timer_setup]") {
    on_this_engine([] {
        {
            stage on(state::shut_down);
            timer_setup(&on.p.timer, &probe::fire, 0);
            CHECK(mod_timer(&on.p.timer, jiffies) == 0);
            on.p.wait_for(1);
        }
        {
            stage on(state::armed);
            timer_setup(&on.p.timer, &probe::fire, 0);
            CHECK(reports::take("ODEBUG: init active"));
            CHECK(timer_delete(&on.p.timer) == 1);
        }
        {
            struct timer_list ones;
            std::memset(static_cast<void*>(&ones), 0xff, sizeof ones);
            timer_setup(&ones, &probe::fire, 1);
            CHECK(reports::take("WARN_ON_ONCE(flags & ~TIMER_INIT_FLAGS): 0x1"));
            CHECK_FALSE(timer_pending(&ones));
        }
    });
}
TEST_CASE("a timer that nobody has set up is not armed, and that is said", "[time6][report]") {
    on_this_engine([] {
        struct timer_list none = {};
        CHECK(mod_timer(&none, jiffies) == 0);
        CHECK(reports::take("ODEBUG: assert_init not available"));
        none.expires = jiffies;
        add_timer(&none);
        CHECK(reports::take("ODEBUG: assert_init not available"));
        CHECK_FALSE(timer_pending(&none));
        CHECK(timer_delete(&none) == 0);
    });
}

TEST_CASE("timer_delete_sync, timer_shutdown_sync: wait for the function, and for nothing else",
          "[time6][timer_delete_sync]") {
    on_this_engine([] {
        for (const bool shutdown : {false, true})
            for (const state s : states) {
                INFO("the timer is " << names[static_cast<int>(s)]);
                stage on(s);
                std::atomic<int> returned{-1};
                std::atomic<int> runs{-1};
                {
                    auto deleter = call<engine>([&] {
                        returned = shutdown ? timer_shutdown_sync(&on.p.timer) : timer_delete_sync(&on.p.timer);
                        runs = on.p.runs.load();
                    });
                    if (s == state::running || s == state::running_and_armed) {
                        for (int i = 0; i < 100; ++i) engine::relax(0);
                        CHECK_FALSE(deleter.finished());
                        on.held.open();
                    }
                }
                CHECK(returned == (s == state::armed || s == state::running_and_armed ? 1 : 0));
                CHECK(runs == (s == state::running || s == state::running_and_armed ? 1 : 0));
                CHECK_FALSE(timer_pending(&on.p.timer));
                CHECK(mod_timer(&on.p.timer, jiffies + far) == 0);
                CHECK(timer_pending(&on.p.timer) == (!shutdown && s != state::shut_down));
            }
    });
}

TEST_CASE("a timer fires once, in softirq context of its CPU, not before its tick", "[time6][fire]") {
    on_this_engine([] {
        probe p;
        for (int n = 1; n <= 10; ++n) {
            const unsigned long due = get_jiffies_64() + 1 + static_cast<unsigned long>(n % 4);
            CHECK(mod_timer(&p.timer, due) == 0);
            p.wait_for(n);
            CHECK(time_after_eq(p.at, due));
            CHECK(p.softirq);
            CHECK_FALSE(p.pending);
            CHECK_FALSE(p.irqs_off);
            if (engine::simulated) CHECK(p.at == due);   // to the tick, there
        }
        for (int cpu = 0; cpu < 4; ++cpu) {
            p.timer.expires = jiffies + 1;
            add_timer_on(&p.timer, cpu);
            p.wait_for(11 + cpu);
            CHECK(p.cpu == cpu);
        }
        probe masked(TIMER_IRQSAFE);
        mod_timer(&masked.timer, jiffies);
        masked.wait_for(1);
        CHECK(masked.irqs_off);
    });
}

TEST_CASE("a timer that is armed for a tick in the past fires, however long ago that was", "[time6][fire]") {
    on_this_engine([] {
        probe p;
        int n = 0;
        for (const unsigned long ago :
             {1UL, 1UL << 20, 1UL << 61, (1UL << 62) - 2, (1UL << 62) + 1, 3UL << 61, LONG_MAX + 0UL}) {
            const unsigned long before = jiffies;
            mod_timer(&p.timer, before - ago);
            ++n;
            wait_until<engine>([&] { return p.runs == n; });
            CHECK(time_before(p.at.load(), before + 60 * HZ));   // and nothing else has woken anybody
        }
    });
}

TEST_CASE("a function that leaves preemption off is reported", "[time6][report]") {
    on_this_engine([] {
        probe p;
        p.also = [](probe&) { preempt_disable(); };
        mod_timer(&p.timer, jiffies);
        p.wait_for(1);
        timer_delete_sync(&p.timer);
        CHECK(reports::take("preempt leak: 00000100 -> 00000101"));
    });
}

TEST_CASE("schedule_timeout: sleeps whole ticks, and returns what is left", "[time6][schedule_timeout]") {
    on_this_engine([] {
        support::check_schedule_timeout();
        CHECK(schedule_timeout_idle(1) == 0);
        CHECK(schedule_timeout_killable(1) == 0);
    });
}

TEST_CASE("kfree: of memory in which a timer is armed or an item waits is reported, and takes them off",
          "[time6][kfree]") {
    on_this_engine([] {
        struct device {
            char before[24];
            struct timer_list timer;
            struct delayed_work later;
            static void tick(struct timer_list*) {}
            static void handler(struct work_struct*) {}
        };
        device* d = kzalloc(sizeof(device), GFP_KERNEL);
        timer_setup(&d->timer, &device::tick, 0);
        INIT_DELAYED_WORK(&d->later, &device::handler);
        mod_timer(&d->timer, jiffies + far);
        schedule_delayed_work(&d->later, far);
        kfree(d);
        CHECK(reports::take_all("ODEBUG: free active (active state 0)") == 2);
    });
}

TEST_CASE("jiffies move for a timer's function that waits for them", "[time6][jiffies]") {
    on_this_engine([] {
        probe p;
        p.also = [](probe& self) {
            self.at = jiffies;   // the variable, which may be behind the clock
            const unsigned long end = self.at + 2;
            while (time_before(jiffies, end)) cpu_relax();
        };
        mod_timer(&p.timer, jiffies);
        p.wait_for(1);
        CHECK(time_after_eq(jiffies, p.at + 2));
    });
}

TEST_CASE("an exception that leaves a timer's function is reported, and the clock goes on", "[time6][report]") {
    on_this_engine([] {
        probe p;
        p.also = [](probe& me) {
            if (++me.runs == 1) throw std::runtime_error("not in a kernel");
        };
        mod_timer(&p.timer, jiffies);
        p.wait_for(1);
        timer_delete_sync(&p.timer);
        CHECK(reports::take("an exception left the timer's function"));
        mod_timer(&p.timer, jiffies);
        p.wait_for(3);
        timer_delete_sync(&p.timer);
        CHECK(p.runs == 3);
    });
}

TEST_CASE("the system's queues are there in every world, and freed items behind max_active are seen",
          "[time6][system_wq][kfree]") {
    on_this_engine([] {
        static std::atomic<int> runs;
        runs = 0;
        struct delayed_work later;
        INIT_DELAYED_WORK(&later, [](struct work_struct*) { ++runs; });
        CHECK(schedule_delayed_work(&later, 2));
        flush_delayed_work(&later);
        CHECK(runs == 1);

        struct workqueue_struct* wq = alloc_ordered_workqueue("one", 0);
        struct blocker {
            struct work_struct work;
            gate<engine> held;
        } b;
        INIT_WORK(&b.work, [](struct work_struct* w) { reinterpret_cast<blocker*>(w)->held.pass(); });
        queue_work(wq, &b.work);
        b.held.wait_until_held();
        struct work_struct* w = kzalloc(sizeof(struct work_struct), GFP_KERNEL);
        INIT_WORK(w, [](struct work_struct*) {});
        queue_work(wq, w);
        flush_delayed_work(&later);
        kfree(w);
        CHECK(reports::take("ODEBUG: free active"));
        b.held.open();
        destroy_workqueue(wq);
    });
}

#if defined(BOTTOMHALF_SIM)
TEST_CASE("virtual_time: the facade works in each run, whoever boots its machine", "[time6][virtual_time]") {
    for (int run = 0; run < 3; ++run) {
        INFO("run " << run);
        static std::atomic<int> runs;
        runs = 0;
        bottomhalf::virtual_time::run([] {
            struct delayed_work later;
            INIT_DELAYED_WORK(&later, [](struct work_struct*) { ++runs; });
            CHECK(schedule_delayed_work(&later, 5));
            bottomhalf::virtual_time::advance(5);
            CHECK(runs == 1);
        });
    }
}
#endif
