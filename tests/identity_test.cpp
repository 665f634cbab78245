// SPDX-License-Identifier: MIT
//
// Items that are not where one would look: sent to another queue by their own handler, made anew in place, freed and
// replaced at the same address, on their way while their queue ends.

#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <string>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::call;
using support::gate;
using support::make_delayed_work;
using support::make_work;
using support::on_engine;
using support::signal_once;
using support::wait_until;

namespace {

constexpr location here() { return location::current(); }

/// A plain item, which may be made anew in place as INIT_WORK() does, and knows its test.
template <class Test>
struct item_of : work_item {
    Test* test;
    explicit item_of(Test* t) : test(t) {}
    void init(work_func f) {
        data = 0;
        entry = {};
        func = f;
    }
};
template <class Test>
Test& test_of(work_item* w) {
    return *static_cast<item_of<Test>*>(w)->test;
}

/// A handler makes its item anew and queues it, then does `F{}(test, item)`.
template <class Arch, class Test, class F>
void made_anew(Test& t, item_of<Test>& item, F) {
    item.init([](work_item* w) {
        Test& mine = test_of<Test>(w);
        static_cast<item_of<Test>*>(w)->init([](work_item* again) { ++test_of<Test>(again).second_runs; });
        workqueue_ops<Arch>::queue_work(mine.wq, *w, here());
        F{}(mine, *w);
    });
    REQUIRE(workqueue_ops<Arch>::queue_work(t.wq, item, here()));
}

}   // namespace

// ---- made anew in place -----------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("a handler makes its item anew and queues it: flush_work waits for that run",
                   "[workqueue][identity][flush_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        struct test {
            basic_workqueue_struct<TestType>* wq;
            gate<TestType> held;
            std::atomic<int> second_runs{0};
        };
        scoped_machine<TestType> m{{.cpus = 2}};
        basic_workqueue<TestType> wq{m, "demo"};
        test t{wq.native(), {}};
        item_of<test> item{&t};
        made_anew<TestType>(t, item, [](test& mine, work_item&) { mine.held.pass(); });
        t.held.wait_until_held();
        CHECK(was_pending<TestType>(item));
        auto flush = call<TestType>([&] { ops::flush_work(item, here()); });
        CHECK(flush.waits_for("flush_work"));
        t.held.open();
        wait_until<TestType>([&] { return flush.finished(); });
        CHECK(t.second_runs == 1);
    });
}

TEMPLATE_TEST_CASE("a handler makes its item anew, queues and cancels it", "[workqueue][identity][cancel_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        struct test {
            basic_workqueue_struct<TestType>* wq;
            signal_once<TestType> done;
            bool cancelled = false;
            std::atomic<int> second_runs{0};
        };
        scoped_machine<TestType> m{{.cpus = 2}};
        basic_workqueue<TestType> wq{m, "demo"};
        test t{wq.native(), {}};
        item_of<test> item{&t};
        made_anew<TestType>(t, item, [](test& mine, work_item& w) {
            mine.cancelled = workqueue_ops<TestType>::cancel(w, &workqueue_ops<TestType>::no_timer);
            mine.done.set();
        });
        t.done.wait();
        flush_workqueue(wq);
        CHECK(t.cancelled);
        CHECK(t.second_runs == 0);
    });
}

// ---- sent to another queue ----------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("an item that ran elsewhere meanwhile, queued again by its first handler, can be cancelled",
                   "[workqueue][identity][cancel_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        basic_workqueue<TestType> first{m, "first"}, other{m, "other"};
        gate<TestType> held;
        signal_once<TestType> done;
        std::atomic<int> runs{0};
        bool cancelled = false;
        basic_work<TestType>* self = nullptr;
        auto item = make_work<TestType>([&] {
            if (++runs != 1) return;
            held.pass();
            queue_work(first, *self);
            cancelled = cancel_work(*self);
            done.set();
        });
        self = &item;
        REQUIRE(queue_work(first, item));
        held.wait_until_held();
        REQUIRE(queue_work(other, item));
        flush_workqueue(other);
        held.open();
        done.wait();
        CHECK(cancelled);
        flush_workqueue(first);
        CHECK(runs == 2);
    });
}

TEMPLATE_TEST_CASE("cancel_work_sync: waits for a handler that has sent its item to another queue",
                   "[workqueue][identity][cancel_work_sync]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        basic_workqueue<TestType> first{m, "first"}, other{m, "other", {.single_thread = true}};
        gate<TestType> other_is_busy, held;
        std::atomic<int> inside{0}, inside_at_return{-1};
        std::atomic<bool> was_pending{false};
        basic_work<TestType>* self = nullptr;
        auto blocker = make_work<TestType>([&] { other_is_busy.pass(); });
        auto item = make_work<TestType>([&] {
            ++inside;
            queue_work(other, *self);
            held.pass();
            --inside;
        });
        self = &item;
        REQUIRE(queue_work(other, blocker));
        other_is_busy.wait_until_held();
        REQUIRE(queue_work(first, item));
        held.wait_until_held();
        auto cancel = call<TestType>([&] {
            was_pending = cancel_work_sync(item);
            inside_at_return = inside.load();
        });
        CHECK(cancel.waits_for("cancel_work_sync"));
        held.open();
        wait_until<TestType>([&] { return cancel.finished(); });
        CHECK(was_pending);
        CHECK(inside_at_return == 0);
        other_is_busy.open();
        flush_work(blocker);
    });
}

TEMPLATE_TEST_CASE("~work: knows of a run in a queue that the item has left", "[workqueue][identity][report]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        basic_workqueue<TestType> first{m, "first"}, other{m, "other"};
        gate<TestType> held;
        std::atomic<int> runs{0};
        {
            auto item = make_work<TestType>([&] {
                if (++runs == 1) held.pass();
            });
            REQUIRE(queue_work(first, item));
            held.wait_until_held();
            REQUIRE(queue_work(other, item));
            flush_workqueue(other);
            CHECK(workqueue_ops<TestType>::is_running(item));
            held.open();
        }
        // Whether the run was over by then is for chance to decide; if not, it was said, and waited for.
        support::reports::take("a work item was destroyed while running");
        CHECK(runs == 2);
    });
}

// ---- freed, and replaced at the same address ----------------------------------------------------------------------------

TEMPLATE_TEST_CASE("an item at the address of one whose handler has freed it is another item",
                   "[workqueue][identity][process_one_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        struct test {
            basic_workqueue_struct<TestType>* wq = nullptr;
            signal_once<TestType> second_ran, done;
        };
        scoped_machine<TestType> m{{.cpus = 1}};
        test t;
        t.wq = m.create_queue("shared", queue_kind::bound, 256, nullptr, here());
        item_of<test> item{&t};
        item.init([](work_item* w) {   // freed and allocated again, to the library's eyes
            test& mine = test_of<test>(w);
            static_cast<item_of<test>*>(w)->init([](work_item* other) { test_of<test>(other).second_ran.set(); });
            ops::queue_work(mine.wq, *w, here());
            mine.second_ran.wait();   // on a shared queue the next item runs while this one sleeps
            mine.done.set();
        });
        REQUIRE(ops::queue_work(t.wq, item, here()));
        t.done.wait();
        m.destroy_queue(t.wq, here());
    });
}

// ---- order ----------------------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("an ordered queue keeps its order, whatever pool an item was last seen in",
                   "[workqueue][identity][order]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        struct test {
            std::atomic<int> n{0};
            char order[4] = {};
        } t;
        struct named : work_item {
            test* t = nullptr;
            gate<TestType>* held = nullptr;
            char name = '?';
        };
        // 512 bytes apart, two items look alike to the filter of running items.
        struct alignas(512) spot {
            named item;
        };
        const work_func hold = [](work_item* w) { static_cast<named*>(w)->held->pass(); };
        const work_func mark = [](work_item* w) {
            auto& self = *static_cast<named*>(w);
            self.t->order[self.t->n++] = self.name;
        };
        scoped_machine<TestType> m{{.cpus = 1}};
        auto* shared = m.create_queue("shared", queue_kind::bound, 256, nullptr, here());
        auto* ordered = m.create_queue("ordered", queue_kind::unbound, 1, nullptr, here());
        gate<TestType> shared_is_busy, ordered_is_busy;
        spot spots[2];
        named &x = spots[0].item, &looks_like_x = spots[1].item, y, ahead;
        x.t = y.t = &t;
        x.name = 'x', y.name = 'y';
        y.func = mark;
        looks_like_x.func = ahead.func = hold;
        looks_like_x.held = &shared_is_busy, ahead.held = &ordered_is_busy;

        x.func = [](work_item*) {};
        ops::queue_work(shared, x, here());
        ops::flush_work(x, here());   // last seen in the CPU's pool; over, but that pool must be asked
        x.func = mark;
        ops::queue_work(shared, looks_like_x, here());
        shared_is_busy.wait_until_held();

        ops::queue_work(ordered, ahead, here());
        ordered_is_busy.wait_until_held();
        REQUIRE(ops::queue_work(ordered, x, here()));
        REQUIRE(ops::queue_work(ordered, y, here()));
        ordered_is_busy.open();
        ops::flush_workqueue(ordered, here());
        CHECK(std::string{t.order} == "xy");
        shared_is_busy.open();
        m.destroy_queue(ordered, here());
        m.destroy_queue(shared, here());
    });
}

// ---- the end of a queue -----------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("drain_workqueue: follows a chain of items that hops between CPUs",
                   "[workqueue][identity][drain_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        constexpr unsigned cpus = 4;
        const int hops = TestType::simulated ? 40 : 2000;
        scoped_machine<TestType> m{{.cpus = cpus}};
        basic_workqueue<TestType> wq{m, "chain"};
        std::atomic<int> n{0};
        basic_work<TestType>* next[2] = {};
        auto to_last = make_work<TestType>([&] {
            if (++n < hops) queue_work_on(cpus - 1, wq, *next[1]);
        });
        auto to_first = make_work<TestType>([&] {
            if (++n < hops) queue_work_on(0, wq, *next[0]);
        });
        next[0] = &to_last, next[1] = &to_first;
        for (int round = 0; round < 10; ++round) {
            n = 0;
            REQUIRE(queue_work_on(0, wq, to_last));
            drain_workqueue(wq);
            CHECK(n == hops);
            wait_until<TestType>([&] { return n == hops; });
            flush_workqueue(wq);
        }
        support::reports::take_all("isn't complete after");
    });
}

TEMPLATE_TEST_CASE("destroy_workqueue: what was armed for it does not come out on the next queue",
                   "[workqueue][identity][destroy_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> runs{0};
        auto item = make_delayed_work<TestType>([&] { ++runs; });
        signal_once<TestType> later_ran;
        auto later = make_delayed_work<TestType>([&] { later_ran.set(); });
        {
            basic_workqueue<TestType> wq{m, "first"};
            REQUIRE(queue_delayed_work(wq, item, 5));
        }
        CHECK(support::reports::take("1 delayed work item(s) of first are still armed"));
        CHECK(delayed_work_pending(item));           // as in the kernel
        basic_workqueue<TestType> wq{m, "second"};   // in the memory of the first
        REQUIRE(queue_delayed_work(wq, later, 10));
        later_ran.wait();
        flush_workqueue(wq);
        CHECK(runs == 0);
        CHECK(support::reports::take("a delayed work item was still armed when its queue (gone) was destroyed"));
        REQUIRE(queue_delayed_work(wq, item, 0));
        flush_workqueue(wq);
        CHECK(runs == 1);
    });
}

// ---- by mistake ---------------------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("enable_work: of an item that is on its timer, and was not disabled, is reported at once",
                   "[workqueue][identity][enable_work][report]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        basic_workqueue<TestType> wq{m, "demo"};
        auto item = make_delayed_work<TestType>([] {});
        REQUIRE(queue_delayed_work(wq, item, 3600 * hz));
        CHECK(workqueue_ops<TestType>::enable(item.delayed_item::work));
        CHECK(support::reports::take("work disable count underflowed"));
        CHECK(delayed_work_pending(item));
        CHECK(cancel_delayed_work(item));
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: waits for a handler whose own flush, inside another's, is over",
                   "[workqueue][identity][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        basic_workqueue<TestType> wq{m, "demo"};
        gate<TestType> begin, inner_is_over;
        signal_once<TestType> flushed;
        std::atomic<bool> inner_runs{false};
        std::atomic<int> ran_at_return{-1};
        auto hold = make_work<TestType>([&] { begin.pass(); });
        auto outer = make_work<TestType>([&] { flush_workqueue(wq); });
        auto inner = make_work<TestType>([&] {
            inner_runs = true;
            flush_workqueue(wq);
            inner_is_over.pass();
            inner_runs = false;
        });
        auto on_another_cpu = make_work<TestType>([&] {
            flushed.set();
            flush_workqueue(wq);
            ran_at_return = inner_runs ? 1 : 0;
        });
        REQUIRE(queue_work_on(0, wq, hold));
        begin.wait_until_held();
        REQUIRE(queue_work_on(0, wq, outer));
        REQUIRE(queue_work_on(0, wq, inner));
        begin.open();
        inner_is_over.wait_until_held();
        REQUIRE(queue_work_on(1, wq, on_another_cpu));
        flushed.wait();
        // It sleeps in its flush, or it has returned too early.
        auto& link = wq.native()->link(1);
        wait_until<TestType>([&] {
            detail::irq_lock<TestType> g(link.pool->lock);
            bool asleep = false, there = false;
            link.pool->for_each_running([&](worker<TestType>&, running_item<TestType>& r) {
                there = true;
                asleep = r.flushing;
            });
            return !there || asleep;
        });
        inner_is_over.open();
        flush_workqueue(wq);
        CHECK(ran_at_return == 0);
    });
}
