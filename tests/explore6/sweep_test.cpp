// SPDX-License-Identifier: MIT
//
// sim/sweep.hpp: an interrupt at each point of a driver; and what else may go wrong at any moment: a thread or memory that
// cannot be had, an edge that is lost, a CPU that stands still.
#include "support/catch.hpp"

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <bottomhalf/sim/sweep.hpp>

namespace sim = bottomhalf::sim;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr unsigned irq = 5;

/// Two words that belong together; a top half that checks that, and changes both.
struct device {
    spinlock_t lock;
    unsigned head, tail;
    unsigned torn;
    atomic_t advances;   // counted between the two
    bool safe;
} dev;

irqreturn_t top_half(int, void*) {
    spin_lock(&dev.lock);
    if (READ_ONCE(dev.head) != READ_ONCE(dev.tail)) ++dev.torn;
    WRITE_ONCE(dev.head, dev.head + 1);
    WRITE_ONCE(dev.tail, dev.tail + 1);
    spin_unlock(&dev.lock);
    return IRQ_HANDLED;
}
void advance() {
    unsigned long flags = 0;
    if (dev.safe) spin_lock_irqsave(&dev.lock, flags);
    WRITE_ONCE(dev.head, dev.head + 1);
    atomic_inc(&dev.advances);
    WRITE_ONCE(dev.tail, dev.tail + 1);
    if (dev.safe) spin_unlock_irqrestore(&dev.lock, flags);
}
void body(bool safe) {
    dev = {};
    dev.safe = safe;
    spin_lock_init(&dev.lock);
    sim::expect(request_irq(irq, top_half, 0, "dev", &dev) == 0, "request_irq");
    for (int i = 0; i < 3; ++i) advance();
    free_irq(irq, &dev);
    sim::expect(dev.torn == 0, "the top half has seen half of a change");
    sim::expect(dev.head == dev.tail, "one of the two was changed alone");
}

}   // namespace

TEST_CASE("an interrupt at each point: safe at all of them, or it is said where not", "[sweep]") {
    const auto fixed = sim::sweep_irq(irq, [] { body(true); });
    CHECK(fixed);
    CHECK(fixed.points > 20);
    CHECK(fixed.safe == fixed.points);
    CHECK_THAT(fixed.report(), ContainsSubstring("safe at"));

    sim::options o;
    o.name = "sweep";
    const auto open = sim::sweep_irq(o, irq, [] { body(false); });
    CHECK_FALSE(open);
    CHECK(open.points > open.safe);
    CHECK(open.safe > 0);
    CHECK_THAT(open.first.what, ContainsSubstring("half of a change") || ContainsSubstring("changed alone"));

    ::setenv("BOTTOMHALF_REPLAY", open.first.token.c_str(), 1);
    const auto again = sim::sweep_irq(o, irq, [] { body(false); });
    ::unsetenv("BOTTOMHALF_REPLAY");
    CHECK(again.points == 1);
    CHECK_FALSE(again);
    CHECK(again.first.what == open.first.what);
}

TEST_CASE("a thread that cannot be had is a choice", "[faults]") {
    const auto start = [](bool looks) {
        struct task_struct* const t = kthread_run(
            [](void*) -> int {
                while (!kthread_should_stop()) schedule_timeout_interruptible(1);
                return 0;
            },
            nullptr, "mine");
        if (looks && IS_ERR(t)) return;
        sim::expect(!IS_ERR(t), "the driver uses a task that it has not got");
        kthread_stop(t);
    };
    sim::options o;
    o.schedules = 300;
    o.fails_on = bottomhalf::severity::bug;   // that it could not be had is said, too
    CHECK(sim::explore(o, [&] { start(false); }));
    o.faults = sim::no_thread;
    const auto r = sim::explore(o, [&] { start(false); });
    CHECK_FALSE(r);
    CHECK_THAT(r.what, ContainsSubstring("has not got"));
    CHECK(sim::explore(o, [&] { start(true); }));
}

namespace {
struct completion answered;
irqreturn_t answers(int, void*) {
    complete(&answered);
    return IRQ_HANDLED;
}
/// Asks a device, and waits for its interrupt: as if edges were never lost, or not.
void ask(bool patient) {
    init_completion(&answered);
    sim::expect(request_irq(irq, answers, 0, "dev", &dev) == 0, "request_irq");
    bottomhalf::linux6::raise_irq(irq);
    if (patient)
        while (wait_for_completion_timeout(&answered, HZ) == 0) bottomhalf::linux6::raise_irq(irq);
    else
        wait_for_completion(&answered);
    free_irq(irq, &dev);
}
}   // namespace

TEST_CASE("an edge that is lost is a choice", "[faults]") {
    sim::options o;
    o.schedules = 300;
    CHECK(sim::explore(o, [] { ask(false); }));
    o.faults = sim::lost_edge;
    const auto r = sim::explore(o, [] { ask(false); });
    CHECK_FALSE(r);
    CHECK(r.kind == sim::verdict::deadlock);
    CHECK(sim::explore(o, [] { ask(true); }));
}

TEST_CASE("a CPU that stands still is a choice", "[faults]") {
    static bool done;
    static const auto set = [](struct work_struct*) { done = true; };
    const auto in_time = [](bool stops) {
        sim::options o;
        o.schedules = 300;
        o.time_passes = false;   // so that nothing else takes so long
        return sim::explore(o, [stops] {
            done = false;
            struct work_struct w;
            INIT_WORK_ONSTACK(&w, set);
            schedule_work_on(0, &w);
            if (stops) {
                auto stopped = sim::stopping_cpu(0, 200'000'000);
                msleep(100);
            } else {
                msleep(100);
            }
            const bool was = done;
            flush_work(&w);   // nothing is lost by it
            sim::expect(done, "flushed, and not run");
            destroy_work_on_stack(&w);
            sim::expect(was, "the work took longer than 100 ms");
        });
    };
    CHECK(in_time(false));
    const auto r = in_time(true);
    CHECK_FALSE(r);
    CHECK_THAT(r.what, ContainsSubstring("longer than 100 ms"));
}
