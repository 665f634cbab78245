// SPDX-License-Identifier: MIT
//
// <linux/timer.h> of 2.6 on either engine: every call in every state of a timer, and what a function may do.
#include "support/facade.hpp"

#include <atomic>
#include <cstring>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hardirq.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

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
    std::atomic<int> cpu{-1}, softirq{0}, pending{-1};
    gate<engine>* held = nullptr;   // the function stays in it
    void (*also)(probe&) = nullptr;

    probe() { setup_timer(&timer, &probe::fire, reinterpret_cast<unsigned long>(this)); }
    ~probe() { del_timer_sync(&timer); }
    probe(const probe&) = delete;
    probe& operator=(const probe&) = delete;

    static void fire(unsigned long data) {
        auto& p = *reinterpret_cast<probe*>(data);
        p.at = get_jiffies_64();
        p.cpu = static_cast<int>(smp_processor_id());
        p.softirq = in_softirq() != 0 && in_irq() == 0 && in_interrupt() != 0;
        p.pending = timer_pending(&p.timer);
        if (p.held != nullptr) p.held->pass_spinning();
        if (p.also != nullptr) p.also(p);
        ++p.runs;
    }
    void wait_for(int n) {
        wait_until<engine>([&] { return runs >= n; });
    }
};

enum class state { idle, armed, running, running_and_armed };
constexpr state states[] = {state::idle, state::armed, state::running, state::running_and_armed};
constexpr const char* names[] = {"idle", "armed", "running", "running and armed again"};

/// A timer in one of them.
struct stage {
    gate<engine> held;
    probe p;

    explicit stage(state s) {
        if (s == state::armed) mod_timer(&p.timer, jiffies + far);
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
    int pending;   // afterwards
};
template <class F>
void check(const row (&rows)[4], F f) {
    on_this_engine([&] {
        for (const state s : states) {
            INFO("the timer is " << names[static_cast<int>(s)]);
            stage on(s);
            CHECK(f(&on.p.timer) == rows[static_cast<int>(s)].returned);
            CHECK(timer_pending(&on.p.timer) == rows[static_cast<int>(s)].pending);
        }
    });
}

}   // namespace

TEST_CASE("mod_timer: arms, or moves, and says which", "[time26][mod_timer]") {
    check({{0, 1}, {1, 1}, {0, 1}, {1, 1}}, [](timer_list* t) { return mod_timer(t, jiffies + 2 * far); });
}
TEST_CASE("mod_timer: to the tick for which it is armed", "[time26][mod_timer]") {
    check({{0, 1}, {1, 1}, {0, 1}, {1, 1}}, [](timer_list* t) {
        const unsigned long at = jiffies + 3 * far;
        const int was = mod_timer(t, at);
        return mod_timer(t, at) == 1 ? was : -1;
    });
}
TEST_CASE("del_timer: 1 exactly if it was armed, whether or not its function runs", "[time26][del_timer]") {
    check({{0, 0}, {1, 0}, {0, 0}, {1, 0}}, [](timer_list* t) { return del_timer(t); });
}
TEST_CASE("try_to_del_timer_sync: -1 while its function runs, and the timer stays as it is", "[time26][del_timer]") {
    check({{0, 0}, {1, 0}, {-1, 0}, {-1, 1}}, [](timer_list* t) { return try_to_del_timer_sync(t); });
}
TEST_CASE("add_timer: arms an idle timer; of an armed one it is reported, and nothing changes", "[time26][add_timer]") {
    check({{0, 1}, {1, 1}, {0, 1}, {1, 1}}, [](timer_list* t) {
        t->expires = jiffies + far;
        add_timer(t);
        return reports::take_all("BUG_ON(timer_pending(timer))");
    });
}
TEST_CASE("init_timer: of an armed timer it is reported, and nothing changes", "[time26][init_timer]") {
    on_this_engine([] {
        stage on(state::armed);
        init_timer(&on.p.timer);
        CHECK(reports::take("ODEBUG: init active"));
        CHECK(del_timer(&on.p.timer) == 1);
    });
}

TEST_CASE("del_timer_sync: waits for the function, and for nothing else", "[time26][del_timer_sync]") {
    on_this_engine([] {
        for (const state s : states) {
            INFO("the timer is " << names[static_cast<int>(s)]);
            stage on(s);
            std::atomic<int> returned{-1};
            std::atomic<int> runs{-1};
            {
                auto deleter = call<engine>([&] {
                    returned = del_timer_sync(&on.p.timer);
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
            CHECK(timer_pending(&on.p.timer) == 0);
        }
    });
}

TEST_CASE("a timer fires once, in softirq context of its CPU, not before its tick", "[time26][fire]") {
    on_this_engine([] {
        probe p;
        for (int n = 1; n <= 10; ++n) {
            const unsigned long due = get_jiffies_64() + 1 + static_cast<unsigned long>(n % 4);
            CHECK(mod_timer(&p.timer, due) == 0);
            p.wait_for(n);
            CHECK(time_after_eq(p.at, due));
            CHECK(p.softirq == 1);
            CHECK(p.pending == 0);
            if (engine::simulated) CHECK(p.at == due);   // to the tick, there
        }
        for (int cpu = 0; cpu < 4; ++cpu) {
            p.timer.expires = jiffies + 1;
            add_timer_on(&p.timer, cpu);
            p.wait_for(11 + cpu);
            CHECK(p.cpu == cpu);
        }
        add_timer_on(&p.timer, 17);
        CHECK(reports::take("there is no CPU 17"));
        CHECK(del_timer_sync(&p.timer) + p.runs == 15);   // it may have been faster
    });
}

TEST_CASE("a timer whose tick is past is due at once", "[time26][fire]") {
    on_this_engine([] {
        probe p;
        mod_timer(&p.timer, jiffies - 1000);
        p.wait_for(1);
        CHECK(p.runs == 1);
    });
}

TEST_CASE("a timer may arm itself, delete itself, free itself", "[time26][function]") {
    on_this_engine([] {
        {
            probe p;
            p.also = [](probe& me) {
                if (me.runs < 3) mod_timer(&me.timer, jiffies + 5);
            };
            mod_timer(&p.timer, jiffies + 5);
            p.wait_for(4);
            CHECK(timer_pending(&p.timer) == 0);
        }
        {
            probe p;
            p.also = [](probe& me) {
                mod_timer(&me.timer, jiffies + far);
                del_timer(&me.timer);
            };
            mod_timer(&p.timer, jiffies);
            p.wait_for(1);
            CHECK(timer_pending(&p.timer) == 0);
        }
        {
            static std::atomic<int> freed;
            freed = 0;
            auto* t = static_cast<timer_list*>(kmalloc(sizeof(timer_list), GFP_KERNEL));
            setup_timer(
                t,
                [](unsigned long data) {
                    kfree(reinterpret_cast<void*>(data));
                    ++freed;
                },
                reinterpret_cast<unsigned long>(t));
            mod_timer(t, jiffies + 1);
            wait_until<engine>([] { return freed == 1; });
        }
    });
}

TEST_CASE("del_timer_sync: from the timer's own function is reported, and does not wait", "[time26][del_timer_sync]") {
    on_this_engine([] {
        probe p;
        p.also = [](probe& me) { del_timer_sync(&me.timer); };
        mod_timer(&p.timer, jiffies);
        p.wait_for(1);
        CHECK(reports::take("the timer's own function"));
    });
}

TEST_CASE("timers: what nobody has set up, and what a function leaves behind", "[time26][report]") {
    on_this_engine([] {
        {
            probe p;
            std::memset(static_cast<void*>(&p.timer), 0, sizeof p.timer);
            p.timer.function = &probe::fire;
            p.timer.data = reinterpret_cast<unsigned long>(&p);
            mod_timer(&p.timer, jiffies);
            CHECK(reports::take("Uninitialised timer!"));
            p.wait_for(1);
        }
        {
            probe p;
            p.timer.function = nullptr;
            CHECK(mod_timer(&p.timer, jiffies) == 0);
            CHECK(reports::take("BUG_ON(!timer->function)"));
        }
        {
            probe p;
            p.also = [](probe&) { preempt_disable(); };
            mod_timer(&p.timer, jiffies);
            p.wait_for(1);
            del_timer_sync(&p.timer);
            CHECK(reports::take("with 00000100, exited with 00000101?"));
        }
        {
            probe p;
            p.also = [](probe&) { msleep(100'000); };
            mod_timer(&p.timer, jiffies);
            p.wait_for(1);
            CHECK(reports::take("sleeping function called from invalid context"));
        }
    });
}

TEST_CASE("kfree: of memory in which a timer is armed or an item waits is reported, and takes them off",
          "[time26][kfree]") {
    on_this_engine([] {
        struct device {
            char before[24];
            struct timer_list timer;
            struct work_struct work, later;
            static void tick(unsigned long) {}
            static void handler(void*) {}
        };
        struct workqueue_struct* wq = create_singlethread_workqueue("kfree");
        auto* d = static_cast<device*>(kzalloc(sizeof(device), GFP_KERNEL));
        setup_timer(&d->timer, &device::tick, 0);
        INIT_WORK(&d->work, &device::handler, d);
        INIT_WORK(&d->later, &device::handler, d);
        kfree(d);   // nothing is wrong with that one

        d = static_cast<device*>(kzalloc(sizeof(device), GFP_KERNEL));
        setup_timer(&d->timer, &device::tick, 0);
        INIT_WORK(&d->work, &device::handler, d);
        INIT_WORK(&d->later, &device::handler, d);
        gate<engine> held;
        struct work_struct block;
        INIT_WORK(
            &block, [](void* data) { static_cast<gate<engine>*>(data)->pass(); }, &held);
        queue_work(wq, &block);
        held.wait_until_held();
        queue_work(wq, &d->work);
        mod_timer(&d->timer, jiffies + far);
        queue_delayed_work(wq, &d->later, far);
        kfree(d);
        CHECK(reports::take_all("ODEBUG: free active (active state 0)") == 3);
        // On its way to the wheel, perhaps: nobody has taken a lock since.
        auto* w = static_cast<struct work_struct*>(kzalloc(sizeof(struct work_struct), GFP_KERNEL));
        INIT_WORK(w, &device::handler, w);
        queue_delayed_work(wq, w, far);
        kfree(w);
        CHECK(reports::take_all("ODEBUG: free active (active state 0)") == 1);
        held.open();
        flush_workqueue(wq);
        destroy_workqueue(wq);
    });
}

TEST_CASE("jiffies move for a timer's function that waits for them", "[time26][jiffies]") {
    on_this_engine([] {
        probe p;
        p.also = [](probe&) {
            const unsigned long end = jiffies + 2;
            while (time_before(jiffies, end)) cpu_relax();
        };
        mod_timer(&p.timer, jiffies);
        p.wait_for(1);
        CHECK(time_after_eq(jiffies, p.at + 2));
    });
}

TEST_CASE("a timer that is not pending any more is its owner's: what it fires with has been read", "[time26][fire]") {
    if (!engine::simulated) return;   // there each step of the expiry can be met
    static std::atomic<int> right, wrong;
    for (int steps = 0; steps < 40; ++steps) {
        on_this_engine([&] {
            struct timer_list t;
            right = wrong = 0;
            setup_timer(
                &t, [](unsigned long data) { ++(data == 1 ? right : wrong); }, 1);
            mod_timer(&t, jiffies + 2);
            while (timer_pending(&t) != 0) engine::poll_time();
            for (int i = 0; i < steps % 4; ++i) engine::step();
            t.function = [](unsigned long) { ++wrong; };
            t.data = 2;
            engine::delay(1'000'000'000);
            CHECK(right == 1);
            CHECK(wrong == 0);
        });
    }
}
