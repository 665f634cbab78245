// SPDX-License-Identifier: MIT
//
// <linux/timer.h> of today on either engine: timers of several CPUs, and deferrable ones.
#include "support/facade.hpp"

#include <atomic>

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

using support::engine;
using support::gate;
using support::on_this_engine;
using support::wait_until;

namespace {

void arm_on(struct timer_list* t, unsigned long expires, int cpu) {
    t->expires = expires;
    add_timer_on(t, cpu);
}

}   // namespace

TEST_CASE("timers of two CPUs run at the same time", "[time6][timer]") {
    on_this_engine([] {
        static std::atomic<int> inside, over;
        inside = 0, over = 0;
        struct timer_list a, b;
        const auto meet = [](struct timer_list*) {
            ++inside;
            while (inside < 2) cpu_relax();
            ++over;
        };
        timer_setup(&a, meet, 0);
        timer_setup(&b, meet, 0);
        arm_on(&a, jiffies + 1, 1);
        arm_on(&b, jiffies + 1, 3);
        wait_until<engine>([] { return over == 2; });
        CHECK(timer_delete_sync(&a) == 0);
        CHECK(timer_delete_sync(&b) == 0);
    });
}

TEST_CASE("timer_delete_sync: from a timer's function it waits for that of another CPU", "[time6][timer_delete_sync]") {
    on_this_engine([] {
        static gate<engine>* held;
        static struct timer_list target, deleter;
        static std::atomic<int> ended, ended_then;
        gate<engine> g;
        held = &g, ended = 0, ended_then = -1;
        timer_setup(
            &target, [](struct timer_list*) { held->pass_spinning(), ++ended; }, 0);
        timer_setup(
            &deleter,
            [](struct timer_list*) {
                held->open();
                timer_delete_sync(&target);
                ended_then = ended.load();
            },
            0);
        arm_on(&target, jiffies, 2);
        g.wait_until_held();
        arm_on(&deleter, jiffies, 1);
        wait_until<engine>([] { return ended_then >= 0; });
        CHECK(ended_then == 1);
        CHECK(timer_delete_sync(&deleter) == 0);
        CHECK(timer_delete_sync(&target) == 0);
    });
}

TEST_CASE("timer_delete_sync: waits for a function that has set its timer up anew", "[time6][timer_setup]") {
    on_this_engine([] {
        static gate<engine>* held;
        static std::atomic<int> ended;
        gate<engine> g;
        held = &g, ended = 0;
        struct timer_list t;
        timer_setup(
            &t,
            [](struct timer_list* self) {
                timer_setup(
                    self, [](struct timer_list*) {}, 0);
                held->pass_spinning();
                ++ended;
            },
            0);
        arm_on(&t, jiffies, 3);
        g.wait_until_held();
        CHECK(try_to_del_timer_sync(&t) == -1);
        std::atomic<int> ended_then{-1};
        auto other = support::call<engine>([&] { timer_delete_sync(&t), ended_then = ended.load(); });
        g.open();
        other.join();
        CHECK(ended_then == 1);
    });
}

TEST_CASE("mod_timer: an armed timer moves to the caller's CPU", "[time6][mod_timer]") {
    on_this_engine([] {
        static std::atomic<int> cpu;
        cpu = -1;
        struct timer_list t;
        timer_setup(
            &t, [](struct timer_list*) { cpu = smp_processor_id(); }, 0);
        arm_on(&t, jiffies + 100 * HZ, 1);
        auto caller = support::call<engine>([&] { mod_timer(&t, jiffies + 1); }, 2);
        caller.join();
        wait_until<engine>([] { return cpu >= 0; });
        CHECK(cpu == 2);
        CHECK(timer_delete_sync(&t) == 0);
    });
}

TEST_CASE("TIMER_DEFERRABLE: never early, and a second late at most; in virtual time, to the tick",
          "[time6][deferrable]") {
    on_this_engine([] {
        static std::atomic<unsigned long> at;
        struct timer_list t, other;
        at = 0;
        timer_setup(
            &t, [](struct timer_list*) { at = get_jiffies_64(); }, TIMER_DEFERRABLE);
        timer_setup(
            &other, [](struct timer_list*) {}, 0);
        unsigned long expires = jiffies + 3;
        arm_on(&t, expires, 1);
        wait_until<engine>([] { return at != 0; });
        CHECK(time_after_eq(at, expires));
        if (engine::simulated) CHECK(at == expires + HZ);

        at = 0;
        expires = jiffies + 3;
        arm_on(&t, expires, 1);
        arm_on(&other, expires + 2, 1);
        wait_until<engine>([] { return at != 0; });
        CHECK(time_after_eq(at, expires));
        if (engine::simulated) CHECK(at == expires + 2);
        CHECK(timer_delete_sync(&t) == 0);
        timer_delete_sync(&other);
    });
}

TEST_CASE("INIT_DEFERRABLE_WORK: its timer is deferrable, and can be taken off", "[time6][deferrable]") {
    on_this_engine([] {
        static std::atomic<unsigned long> at;
        at = 0;
        struct delayed_work d;
        INIT_DEFERRABLE_WORK(&d, [](struct work_struct*) { at = get_jiffies_64(); });
        const unsigned long expires = jiffies + 2;
        CHECK(schedule_delayed_work_on(1, &d, 2));
        CHECK(mod_delayed_work(system_wq, &d, 100 * HZ));
        CHECK(cancel_delayed_work_sync(&d));
        CHECK(schedule_delayed_work_on(1, &d, 2));
        wait_until<engine>([] { return at != 0; });
        CHECK(time_after_eq(at, expires));
        if (engine::simulated) CHECK(time_after_eq(at, expires + HZ));
        CHECK_FALSE(cancel_delayed_work_sync(&d));
    });
}
