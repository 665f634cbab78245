// SPDX-License-Identifier: MIT
//
// The tick behind `jiffies`: it rests while nobody is awake who could read it, and nobody can tell.
#include "linux26/support.hpp"

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

using bottomhalf::arch::detail::idle;
using support::counter;

TEST_CASE("jiffies: after a sleep they show that it is over, whether or not the tick has rested", "[tick]") {
    // TSan has a thread of its own, of which nobody can say that it sleeps.
    const unsigned before = idle::nr_rests();
    for (int i = 0; i < 20 || (!BOTTOMHALF_TSAN && idle::nr_rests() == before); ++i) {
        const unsigned long begin = jiffies;
        msleep(i < 10 ? 10 : 100);
        REQUIRE(time_after_eq(jiffies, begin + msecs_to_jiffies(i < 10 ? 10 : 100)));
        const unsigned long end = jiffies;
        while (time_before(jiffies, end + 2)) {}   // nothing here tells the library that somebody waits
    }
    CHECK(BOTTOMHALF_TSAN == (idle::nr_rests() == before));
}

TEST_CASE("jiffies: move for a thread that sleeps elsewhere, or not at all, while everybody else sleeps here",
          "[tick]") {
    static struct completion over;
    init_completion(&over);
    const unsigned long begin = jiffies;
    std::thread poller([begin] {
        while (time_before(jiffies, begin + 40)) std::this_thread::yield();
        complete(&over);
    });
    wait_for_completion(&over);
    poller.join();
    CHECK(time_after_eq(jiffies, begin + 40));
}

TEST_CASE("jiffies: a handler that wakes everybody up finds them up to date", "[tick]") {
    static struct {
        struct work_struct work;
        unsigned long seen;
        counter runs;
    } d;
    INIT_WORK(
        &d.work,
        [](void*) {
            d.seen = jiffies;
            d.runs.hit();
        },
        nullptr);
    for (int i = 1; i <= 5; ++i) {
        const unsigned long begin = jiffies;
        schedule_delayed_work(&d.work, 30);
        while (d.runs.get() < i) msleep(40);
        REQUIRE(time_after_eq(d.seen, begin + 30));
    }
}

TEST_CASE("jiffies: move while a timer's function waits for them", "[tick][timer]") {
    if (BOTTOMHALF_TSAN) return;   // there no signal is taken within a loop that calls nothing
    static struct completion over;
    static unsigned long ticks;
    init_completion(&over);
    struct timer_list t;
    setup_timer(
        &t,
        [](unsigned long) {
            const unsigned long begin = jiffies;
            while (jiffies - begin < 5) {}   // nothing here tells the library that somebody waits
            ticks = jiffies - begin;
            complete(&over);
        },
        0);
    mod_timer(&t, jiffies + 1);
    wait_for_completion(&over);
    del_timer_sync(&t);
    CHECK(ticks >= 5);
}

TEST_CASE("jiffies: move for a top half that waits for them, on the thread of one who sleeps", "[tick][irq]") {
    static struct {
        struct completion served;
        unsigned long ticks;
    } d;
    init_completion(&d.served);
    constexpr unsigned irq = 5;
    REQUIRE(request_irq(
                irq,
                [](int, void*, struct pt_regs*) {
                    const unsigned long begin = jiffies;
                    while (time_before(jiffies, begin + 20)) {}   // more ticks than it takes the tick to rest
                    d.ticks = jiffies - begin;
                    complete(&d.served);
                    return IRQ_HANDLED;
                },
                SA_INTERRUPT, "tick", &d) == 0);
    struct timer_list device;
    setup_timer(
        &device, [](unsigned long) { bottomhalf::linux26::raise_irq(irq); }, 0);
    for (int i = 0; i < 3; ++i) {
        mod_timer(&device, jiffies + 20);
        wait_for_completion(&d.served);
        CHECK(d.ticks >= 20);
    }
    del_timer_sync(&device);
    free_irq(irq, &d);
}
