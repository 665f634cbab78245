// SPDX-License-Identifier: MIT
//
// Sleeping and being delayed in 2.6, on either engine: jiffies, schedule_timeout(), msleep(), completions, delayed work.
#include "support/facade.hpp"

#include <atomic>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "support/schedule_timeout.hpp"

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

constexpr bottomhalf::arch::ns_t tick = 1'000'000'000 / HZ;

/// How long it takes, in ns of the engine's clock.
template <class F>
bottomhalf::arch::ns_t time_of(F f) {
    const bottomhalf::arch::ns_t begin = engine::now();
    f();
    return engine::now() - begin;
}

}   // namespace

TEST_CASE("jiffies move while somebody polls them, and are what they are after a sleep", "[time26][jiffies]") {
    on_this_engine([] {
        const unsigned long begin = jiffies;
        while (time_before(jiffies, begin + 3)) cpu_relax();
        CHECK(time_after_eq(jiffies, begin + 3));
        for (const unsigned int ms : {4U, 20U, 40U}) {
            const unsigned long before = jiffies;
            msleep(ms);
            CHECK(time_after_eq(jiffies, before + msecs_to_jiffies(ms)));
        }
        const unsigned long c = begin != 0 ? jiffies : 0;   // what a class object would spoil
        CHECK(time_after_eq(c, begin));
    });
}

TEST_CASE("msleep, ssleep, mdelay, udelay, ndelay: at least that long", "[time26][delay]") {
    on_this_engine([] {
        CHECK(time_of([] { msleep(9); }) >= 9'000'000);
        CHECK(time_of([] { msleep(0); }) < 1'000'000'000);
        CHECK(time_of([] { CHECK(msleep_interruptible(5) == 0); }) >= 5'000'000);
        CHECK(time_of([] { mdelay(2); }) >= 2'000'000);
        CHECK(time_of([] { udelay(300); }) >= 300'000);
        CHECK(time_of([] { ndelay(100); }) >= 100);
        if (engine::simulated) {
            CHECK(time_of([] { ssleep(3600); }) >= 3'600'000'000'000);
            CHECK(time_of([] { udelay(300); }) == 300'000);
        }
    });
}

TEST_CASE("schedule_timeout: sleeps whole ticks, and returns what is left", "[time26][schedule_timeout]") {
    on_this_engine([] { support::check_schedule_timeout(); });
}

TEST_CASE("wait_for_completion_timeout, wait_event_timeout: 0 after the time, else what is left, at least 1",
          "[time26][timeout]") {
    on_this_engine([] {
        struct completion done;
        init_completion(&done);
        CHECK(time_of([&] { CHECK(wait_for_completion_timeout(&done, 2) == 0); }) >= 2 * tick);
        complete(&done);
        const unsigned long left = wait_for_completion_timeout(&done, 1000 * HZ);
        CHECK(left >= 1);
        CHECK(left <= 1000 * HZ);
        DECLARE_WAIT_QUEUE_HEAD(queue);
        std::atomic<bool> flag{false};
        CHECK(time_of([&] { CHECK(wait_event_timeout(queue, flag.load(), 2) == 0); }) >= 2 * tick);
        auto waker = call<engine>([&] {
            flag = true;
            wake_up(&queue);
        });
        CHECK(wait_event_timeout(queue, flag.load(), 1000 * HZ) >= 1);
    });
}

TEST_CASE("queue_delayed_work: at least the delay, in whole ticks; 0 is the next tick", "[time26][delayed_work]") {
    on_this_engine([] {
        struct workqueue_struct* wq = create_workqueue("delay");
        struct item {
            struct work_struct work;
            std::atomic<bottomhalf::arch::ns_t> ran{0};
            std::atomic<unsigned long> at{0};
        } item;
        INIT_WORK(
            &item.work,
            [](void* data) {
                auto& me = *static_cast<struct item*>(data);
                me.at = get_jiffies_64();
                me.ran = engine::now();
            },
            &item);
        for (const unsigned long delay : {0UL, 1UL, 2UL, 63UL, 64UL, 65UL}) {
            CAPTURE(delay);
            item.ran = 0;
            const bottomhalf::arch::ns_t begin = engine::now();
            const unsigned long armed = get_jiffies_64();
            REQUIRE(queue_delayed_work(wq, &item.work, delay) == 1);
            // It is pending, and keeps its time; which on threads may have come by now.
            if (engine::simulated) CHECK(queue_delayed_work(wq, &item.work, 0) == 0);
            wait_until<engine>([&] { return item.ran != 0; });
            flush_workqueue(wq);
            CHECK(item.ran - begin >= static_cast<bottomhalf::arch::ns_t>(delay) * tick);
            if (engine::simulated) {
                CHECK(item.at - armed >= (delay == 0 ? 1 : delay));
                CHECK(item.at - armed <= delay + 1);
            }
        }
        REQUIRE(queue_delayed_work(wq, &item.work, 1000 * HZ) == 1);
        CHECK(queue_delayed_work(wq, &item.work, 0) == 0);
        CHECK(cancel_delayed_work(&item.work) == 1);
        CHECK(cancel_delayed_work(&item.work) == 0);
        REQUIRE(queue_delayed_work(wq, &item.work, ~0UL) == 1);
        CHECK(reports::take("past the wrap of jiffies"));
        CHECK(cancel_delayed_work(&item.work) == 1);
        destroy_workqueue(wq);
    });
}

TEST_CASE("destroy_workqueue: a delayed item that is still armed is reported, and never runs",
          "[time26][delayed_work]") {
    on_this_engine([] {
        struct workqueue_struct* wq = create_singlethread_workqueue("short");
        std::atomic<int> runs{0};
        struct work_struct work;
        INIT_WORK(
            &work, [](void* data) { ++*static_cast<std::atomic<int>*>(data); }, &runs);
        queue_delayed_work(wq, &work, 2);
        destroy_workqueue(wq);
        const bool in_time = runs != 0;   // the machine was slow, and the two ticks over before
        if (!in_time) CHECK(reports::take("still armed"));
        msleep(5 * 1000 / HZ);
        flush_scheduled_work();
        if (!in_time) {
            wait_until<engine>([&] { return work_pending(&work) == 0; });
            CHECK(reports::take("was still armed when its queue"));
            CHECK(runs == 0);
        }
    });
}
