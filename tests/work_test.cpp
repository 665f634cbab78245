// SPDX-License-Identifier: MIT
//
// Every call in every situation of an item.  What each must do is a table: one row per situation, in the order idle, on
// its timer, queued, running, running + queued, running + on its timer.

#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <vector>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"
#include "support/scene.hpp"

using namespace bottomhalf;
using support::situation;

namespace {

/// A call that does not wait.
struct quick {
    bool returned;
    bool pending;    // afterwards
    bool on_timer;   // afterwards
    int runs;        // in all, once the worker is let go
};

template <class Arch, class Call>
void check(const quick (&rows)[6], Call call) {
    support::on_engine<Arch>([&] {
        for (const situation s : support::situations) {
            const quick& expected = rows[static_cast<int>(s)];
            INFO("the item is " << support::name_of(s));
            support::scene<Arch> scene(s);
            CHECK(call(scene) == expected.returned);
            CHECK(scene.pending() == expected.pending);
            CHECK(scene.on_timer() == expected.on_timer);
            scene.end();
            CHECK(scene.runs == expected.runs);
        }
    });
}

/// A call that may wait.
struct slow {
    const char* waits;   // on what; null: returns at once, with the worker still held
    bool returned;
    int finished;   // runs that have ended by the time it returns
    bool pending;   // by then
    int runs;       // in all
};

template <class Arch, class Call>
void check(const slow (&rows)[6], Call make_call) {
    support::on_engine<Arch>([&] {
        for (const situation s : support::situations) {
            const slow& expected = rows[static_cast<int>(s)];
            INFO("the item is " << support::name_of(s));
            support::scene<Arch> scene(s);
            bool returned = false, pending = false;
            int finished = -1;
            auto other = support::call<Arch>([&] {
                returned = make_call(scene);
                finished = scene.finished;
                pending = scene.wq != nullptr && scene.pending();
            });
            if (expected.waits != nullptr)
                CHECK(other.waits_for(expected.waits));
            else
                CHECK_FALSE(other.waits_for("nothing"));
            scene.open();
            other.join();
            CHECK(returned == expected.returned);
            CHECK(finished == expected.finished);
            CHECK(pending == expected.pending);
            if (scene.wq != nullptr) scene.end();
            CHECK(scene.runs == expected.runs);
        }
    });
}

}   // namespace

// ---- queue ----------------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("queue_work: an idle or running item is queued, a pending one stays where it is",
                   "[workqueue][queue_work]", BOTTOMHALF_ENGINES) {
    check<TestType>({{true, true, false, 1},
                     {false, true, true, 0},
                     {false, true, false, 1},
                     {true, true, false, 2},
                     {false, true, false, 2},
                     {false, true, true, 1}},
                    [](auto& scene) { return scene.queue(); });
}

TEMPLATE_TEST_CASE("queue_work_on: decides as queue_work() does", "[workqueue][queue_work_on]", BOTTOMHALF_ENGINES) {
    check<TestType>({{true, true, false, 1},
                     {false, true, true, 0},
                     {false, true, false, 1},
                     {true, true, false, 2},
                     {false, true, false, 2},
                     {false, true, true, 1}},
                    [](auto& scene) {
                        return workqueue_ops<TestType>::queue_work_on(1, scene.wq, scene.item(), location::current());
                    });
}

TEMPLATE_TEST_CASE("queue_delayed_work: an idle or running item is armed, a pending one keeps its time",
                   "[workqueue][queue_delayed_work]", BOTTOMHALF_ENGINES) {
    check<TestType>({{true, true, true, 0},
                     {false, true, true, 0},
                     {false, true, false, 1},
                     {true, true, true, 1},
                     {false, true, false, 2},
                     {false, true, true, 1}},
                    [](auto& scene) { return scene.queue_delayed(scene.long_delay); });
}

TEMPLATE_TEST_CASE("queue_delayed_work: without a delay is queue_work()", "[workqueue][queue_delayed_work]",
                   BOTTOMHALF_ENGINES) {
    check<TestType>({{true, true, false, 1},
                     {false, true, true, 0},
                     {false, true, false, 1},
                     {true, true, false, 2},
                     {false, true, false, 2},
                     {false, true, true, 1}},
                    [](auto& scene) { return scene.queue_delayed(0); });
}

TEMPLATE_TEST_CASE("mod_delayed_work: the item is on its timer afterwards, wherever it was",
                   "[workqueue][mod_delayed_work]", BOTTOMHALF_ENGINES) {
    check<TestType>({{false, true, true, 0},
                     {true, true, true, 0},
                     {true, true, true, 0},
                     {false, true, true, 1},
                     {true, true, true, 1},
                     {true, true, true, 1}},
                    [](auto& scene) { return scene.mod_delayed(scene.long_delay); });
}

TEMPLATE_TEST_CASE("mod_delayed_work: without a delay the item is queued afterwards, wherever it was",
                   "[workqueue][mod_delayed_work]", BOTTOMHALF_ENGINES) {
    check<TestType>({{false, true, false, 1},
                     {true, true, false, 1},
                     {true, true, false, 1},
                     {false, true, false, 2},
                     {true, true, false, 2},
                     {true, true, false, 2}},
                    [](auto& scene) { return scene.mod_delayed(0); });
}

// ---- cancel, without waiting ----------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("cancel_delayed_work: takes the item from its timer or the queue, and lets it run if it runs",
                   "[workqueue][cancel_delayed_work]", BOTTOMHALF_ENGINES) {
    check<TestType>(
        {{false, false, false, 0},
         {true, false, false, 0},
         {true, false, false, 0},
         {false, false, false, 1},
         {true, false, false, 1},
         {true, false, false, 1}},
        [](auto& scene) { return workqueue_ops<TestType>::cancel(scene.item(), &delayed_ops<TestType>::stop_timer); });
}

TEMPLATE_TEST_CASE("cancel_work: takes the item from the queue, and lets it run if it runs", "[workqueue][cancel_work]",
                   BOTTOMHALF_ENGINES) {
    using ops = workqueue_ops<TestType>;
    // For an item on its timer it is the wrong call, and the types say so; those two rows are cancel_delayed_work().
    check<TestType>({{false, false, false, 0},
                     {true, false, false, 0},
                     {true, false, false, 0},
                     {false, false, false, 1},
                     {true, false, false, 1},
                     {true, false, false, 1}},
                    [](auto& scene) {
                        return ops::cancel(scene.item(),
                                           scene.on_timer() ? &delayed_ops<TestType>::stop_timer : &ops::no_timer);
                    });
}

TEMPLATE_TEST_CASE("disable_work: cancels, and refuses what is queued from then on", "[workqueue][disable]",
                   BOTTOMHALF_ENGINES) {
    using ops = workqueue_ops<TestType>;
    check<TestType>({{false, false, false, 0},
                     {true, false, false, 0},
                     {true, false, false, 0},
                     {false, false, false, 1},
                     {true, false, false, 1},
                     {true, false, false, 1}},
                    [](auto& scene) {
                        const bool was = ops::disable(scene.item(), &delayed_ops<TestType>::stop_timer);
                        CHECK_FALSE(scene.queue());
                        CHECK_FALSE(scene.queue_delayed(0));
                        CHECK_FALSE(scene.queue_delayed(scene.long_delay));
                        CHECK_FALSE(scene.mod_delayed(0));
                        CHECK_FALSE(scene.mod_delayed(scene.long_delay));
                        return was;
                    });
}

TEMPLATE_TEST_CASE("enable_work: lets the item be queued again once every disable has been undone",
                   "[workqueue][enable]", BOTTOMHALF_ENGINES) {
    using ops = workqueue_ops<TestType>;
    check<TestType>({{true, true, false, 1},
                     {true, true, false, 1},
                     {true, true, false, 1},
                     {true, true, false, 2},
                     {true, true, false, 2},
                     {true, true, false, 2}},
                    [](auto& scene) {
                        ops::disable(scene.item(), &delayed_ops<TestType>::stop_timer);
                        ops::disable(scene.item(), &delayed_ops<TestType>::stop_timer);
                        CHECK_FALSE(ops::enable(scene.item()));
                        CHECK_FALSE(scene.queue());
                        CHECK(ops::enable(scene.item()));
                        return scene.queue();
                    });
}

TEMPLATE_TEST_CASE("enable_work: without a disable is reported, in every situation, and changes nothing",
                   "[workqueue][enable]", BOTTOMHALF_ENGINES) {
    using ops = workqueue_ops<TestType>;
    support::on_engine<TestType>([] {
        for (const situation s : {situation::idle, situation::queued, situation::running, situation::running_queued}) {
            INFO("the item is " << support::name_of(s));
            support::scene<TestType> scene(s);
            const bool pending = scene.pending();
            CHECK(ops::enable(scene.item()));
            CHECK(support::reports::take("work disable count underflowed"));
            CHECK(scene.pending() == pending);
            CHECK(scene.queue() != pending);
        }
    });
}

// ---- flush ----------------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("flush_work: waits for the queued run, else for the one under way, and never for a timer",
                   "[workqueue][flush_work]", BOTTOMHALF_ENGINES) {
    check<TestType>({{nullptr, false, 0, false, 0},
                     {nullptr, false, 0, true, 0},
                     {"flush_work", true, 1, false, 1},
                     {"flush_work", true, 1, false, 1},
                     {"flush_work", true, 2, false, 2},
                     {"flush_work", true, 1, true, 1}},
                    [](auto& scene) { return workqueue_ops<TestType>::flush_work(scene.item(), location::current()); });
}

TEMPLATE_TEST_CASE("flush_delayed_work: queues an item that is on its timer, then waits for it",
                   "[workqueue][flush_delayed_work]", BOTTOMHALF_ENGINES) {
    check<TestType>({{nullptr, false, 0, false, 0},
                     {"flush_work", true, 1, false, 1},
                     {"flush_work", true, 1, false, 1},
                     {"flush_work", true, 1, false, 1},
                     {"flush_work", true, 2, false, 2},
                     {"flush_work", true, 2, false, 2}},
                    [](auto& scene) { return delayed_ops<TestType>::flush(scene.delayed(), location::current()); });
}

TEMPLATE_TEST_CASE("flush_workqueue: waits for what is queued or runs, not for timers", "[workqueue][flush_workqueue]",
                   BOTTOMHALF_ENGINES) {
    check<TestType>(
        {{"flush_workqueue", true, 0, false, 0},
         {"flush_workqueue", true, 0, true, 0},
         {"flush_workqueue", true, 1, false, 1},
         {"flush_workqueue", true, 1, false, 1},
         {"flush_workqueue", true, 2, false, 2},
         {"flush_workqueue", true, 1, true, 1}},
        [](auto& scene) { return workqueue_ops<TestType>::flush_workqueue(scene.wq, location::current()), true; });
}

TEMPLATE_TEST_CASE("drain_workqueue: waits for what is queued or runs, not for timers", "[workqueue][drain_workqueue]",
                   BOTTOMHALF_ENGINES) {
    check<TestType>({{"flush_workqueue", true, 0, false, 0},
                     {"flush_workqueue", true, 0, true, 0},
                     {"flush_workqueue", true, 1, false, 1},
                     {"flush_workqueue", true, 1, false, 1},
                     {"flush_workqueue", true, 2, false, 2},
                     {"flush_workqueue", true, 1, true, 1}},
                    [](auto& scene) {
                        return workqueue_ops<TestType>::drain_workqueue(scene.wq, "drain_workqueue",
                                                                        location::current());
                    });
}

// ---- cancel, and wait -----------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("cancel_delayed_work_sync: cancels and waits for the run under way; true only if it was pending",
                   "[workqueue][cancel_delayed_work_sync]", BOTTOMHALF_ENGINES) {
    check<TestType>({{nullptr, false, 0, false, 0},
                     {nullptr, true, 0, false, 0},
                     {nullptr, true, 0, false, 0},
                     {"cancel_delayed_work_sync", false, 1, false, 1},
                     {"cancel_delayed_work_sync", true, 1, false, 1},
                     {"cancel_delayed_work_sync", true, 1, false, 1}},
                    [](auto& scene) {
                        return workqueue_ops<TestType>::cancel_sync(scene.item(), &delayed_ops<TestType>::stop_timer,
                                                                    "cancel_delayed_work_sync", location::current());
                    });
}

TEMPLATE_TEST_CASE("cancel_work_sync: cancels and waits for the run under way", "[workqueue][cancel_work_sync]",
                   BOTTOMHALF_ENGINES) {
    using ops = workqueue_ops<TestType>;
    check<TestType>({{nullptr, false, 0, false, 0},
                     {nullptr, true, 0, false, 0},
                     {nullptr, true, 0, false, 0},
                     {"cancel_work_sync", false, 1, false, 1},
                     {"cancel_work_sync", true, 1, false, 1},
                     {"cancel_work_sync", true, 1, false, 1}},
                    [](auto& scene) {
                        return ops::cancel_sync(scene.item(),
                                                scene.on_timer() ? &delayed_ops<TestType>::stop_timer : &ops::no_timer,
                                                "cancel_work_sync", location::current());
                    });
}

TEMPLATE_TEST_CASE("disable_work_sync: cancels, waits, and refuses what is queued from then on", "[workqueue][disable]",
                   BOTTOMHALF_ENGINES) {
    using ops = workqueue_ops<TestType>;
    check<TestType>({{nullptr, false, 0, false, 0},
                     {nullptr, true, 0, false, 0},
                     {nullptr, true, 0, false, 0},
                     {"disable_work_sync", false, 1, false, 1},
                     {"disable_work_sync", true, 1, false, 1},
                     {"disable_work_sync", true, 1, false, 1}},
                    [](auto& scene) {
                        const bool was = ops::disable_sync(scene.item(), &delayed_ops<TestType>::stop_timer,
                                                           "disable_work_sync", location::current());
                        if (scene.queue() || scene.queue_delayed(scene.long_delay)) return !was;
                        return was;
                    });
}

// ---- destroy --------------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("destroy_workqueue: runs what is queued; an item on its timer is reported, and not queued any more",
                   "[workqueue][destroy_workqueue]", BOTTOMHALF_ENGINES) {
    check<TestType>({{"flush_workqueue", true, 0, false, 0},
                     {"flush_workqueue", true, 0, false, 0},
                     {"flush_workqueue", true, 1, false, 1},
                     {"flush_workqueue", true, 1, false, 1},
                     {"flush_workqueue", true, 2, false, 2},
                     {"flush_workqueue", true, 1, false, 1}},
                    [](auto& scene) {
                        const bool armed = scene.on_timer();
                        bool ok = scene.m.destroy_queue(scene.wq, location::current());
                        scene.forget_queue();
                        ok = ok && armed == support::reports::take("1 delayed work item(s) of scene are still armed");
                        workqueue_ops<TestType>::cancel(scene.item(), &delayed_ops<TestType>::stop_timer);
                        return ok && !scene.pending();
                    });
}
