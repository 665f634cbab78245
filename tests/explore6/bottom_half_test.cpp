// SPDX-License-Identifier: MIT
//
// Who has a CPU's bottom halves, under the explorer: nobody keeps them who has nothing to do with them, and a timer that found
// them taken fires where they are let go of.
#include "support/catch.hpp"

#include <linux/interrupt.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <bottomhalf/sim/actor.hpp>

namespace sim = bottomhalf::sim;

namespace {

struct card {
    spinlock_t lock;
    struct work_struct work;
    struct timer_list watchdog;
    int handled, barks;
} dev;

void handle(struct work_struct*) {
    unsigned long flags;
    spin_lock_irqsave(&dev.lock, flags);
    ++dev.handled;
    spin_unlock_irqrestore(&dev.lock, flags);
}
void bark(struct timer_list*) {
    unsigned long flags;
    spin_lock_irqsave(&dev.lock, flags);
    ++dev.barks;
    spin_unlock_irqrestore(&dev.lock, flags);
}

}   // namespace

// The timers' thread has seen that one is due, asks for the CPU's bottom halves, and finds it gone as it has them: it slept
// with them, and whoever turned interrupts off on that CPU waited for ever.
TEST_CASE("a timer that is deleted as the bottom halves are had for it does not leave them taken", "[bh][timer]") {
    sim::options o;
    o.schedules = 4'000;
    const auto r = sim::explore(o, [] {
        spin_lock_init(&dev.lock);
        timer_setup(&dev.watchdog, bark, 0);
        INIT_WORK(&dev.work, handle);
        mod_timer(&dev.watchdog, jiffies + 1);
        schedule_work_on(0, &dev.work);
        del_timer_sync(&dev.watchdog);
        flush_work(&dev.work);
        schedule_work_on(0, &dev.work);
        flush_work(&dev.work);
        sim::expect(dev.handled == 2 && dev.barks <= 1, "two works, and a timer at most");
    });
    INFO(r);
    CHECK(r);
}

// Its thread finds them taken, or just let go of, or has them first: once it fires, alone, and in local_bh_enable() if its
// vector was raised by then.  Deleted meanwhile, it does not; and the thread, which sleeps until somebody has turned its wheel,
// goes on: the next timer is on time.
TEST_CASE("a timer that is due while bottom halves are off fires once, alone, as they come on", "[bh][timer]") {
    using engine = bottomhalf::arch::sim;
    sim::options o;
    o.schedules = 2'000;
    o.time_passes = false;
    const auto r = sim::explore(o, [] {
        static struct timer_list other;
        static bool off, late;
        static unsigned long due;
        off = late = false;
        const auto is_raised = [] {
            auto* c = bottomhalf::default_machine_of<engine>().softirqs().of_cpu(0);
            return (engine::atomic_ref<std::uint32_t>(c->pending).load(bottomhalf::acquire) >> TIMER_SOFTIRQ & 1) != 0;
        };
        dev.barks = 0;
        timer_setup(
            &dev.watchdog,
            [](struct timer_list*) {
                sim::expect(!off, "bottom halves are off");
                ++dev.barks;
            },
            0);
        timer_setup(
            &other, [](struct timer_list*) { late = jiffies != due; }, 0);
        for (const bool deletes : {false, true}) {
            const int before = dev.barks;
            local_bh_disable();
            off = true;
            dev.watchdog.expires = jiffies + 1;
            add_timer_on(&dev.watchdog, 0);
            const unsigned long then = jiffies + 1;
            for (unsigned round = 0; time_before(jiffies, then); ++round) engine::relax(round);
            const bool raised = is_raised();
            if (deletes) sim::expect(timer_delete(&dev.watchdog) == 1, "it has not fired");
            off = false;
            local_bh_enable();
            if (raised && !deletes) sim::expect(dev.barks == before + 1, "there and then");
            for (unsigned round = 0; !deletes && dev.barks == before; ++round) engine::relax(round);
            other.expires = due = jiffies + 1;
            add_timer_on(&other, 0);
            for (unsigned round = 0; timer_pending(&other); ++round) engine::relax(round);
            timer_delete_sync(&other);
            sim::expect(!late, "the next one is late");
        }
        timer_delete_sync(&dev.watchdog);
        sim::expect(dev.barks == 1, "once, and never when deleted");
    });
    INFO(r);
    CHECK(r);
}
