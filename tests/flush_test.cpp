// SPDX-License-Identifier: MIT
//
// What flush_workqueue(), flush_work() and cancel_work_sync() wait for.  (In each situation of an item: work_test.cpp.)

#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::call;
using support::gate;
using support::make_work;
using support::on_engine;
using support::reports;

// ---- flush_workqueue ------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("flush_workqueue: does not wait for items that were queued later", "[workqueue][flush_workqueue]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> first, later;
        auto one = make_work<TestType>([&] { first.pass(); });
        auto two = make_work<TestType>([&] { later.pass(); });
        basic_workqueue<TestType> wq{m, "demo"};
        REQUIRE(queue_work(wq, one));
        first.wait_until_held();
        auto flusher = call<TestType>([&] { flush_workqueue(wq); });
        CHECK(flusher.waits_for("flush_workqueue"));
        REQUIRE(queue_work(wq, two));
        first.open();
        later.wait_until_held();
        flusher.join();   // would not return
        CHECK(later.is_held());
        later.open();
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: an item that queues itself for ever holds no flush",
                   "[workqueue][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> runs{0};
        std::atomic<bool> stop{false};
        basic_workqueue<TestType>* q = nullptr;
        auto item = make_work<TestType>([&](auto& self) {
            ++runs;
            if (!stop) queue_work(*q, self);
        });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work(wq, item));
        for (int i = 1; i <= 20; ++i) {
            flush_workqueue(wq);
            CHECK(runs >= i);   // each flush has waited for a run of its own
        }
        stop = true;
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: more flushers than colours, each returns after its own item",
                   "[workqueue][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        constexpr int n = 11;
        gate<TestType> first;
        struct note {
            std::atomic<bool>* ran;
            void operator()() const { *ran = true; }
        };
        std::atomic<bool> ran[n] = {};
        std::deque<work<note, TestType>> items;
        for (auto& each : ran) items.emplace_back(note{&each});
        auto block = make_work<TestType>([&] { first.pass(); });
        basic_workqueue<TestType> wq{m, "demo", {.single_thread = true}};
        REQUIRE(queue_work(wq, block));
        first.wait_until_held();

        std::atomic<int> too_early{0};
        struct flush {
            basic_workqueue<TestType>* wq;
            std::atomic<bool>* ran;
            std::atomic<int>* too_early;
            void operator()() const {
                flush_workqueue(*wq);
                if (!*ran) ++*too_early;
            }
        };
        std::deque<support::caller<TestType, flush>> flushers;
        for (int i = 0; i < n; ++i) {
            REQUIRE(queue_work(wq, items[static_cast<std::size_t>(i)]));
            flushers.emplace_back(flush{&wq, &ran[i], &too_early});
            CHECK(flushers.back().waits_for(i < 6 ? "flush_workqueue" : "an earlier flush of the queue"));
        }
        first.open();
        for (auto& f : flushers) f.join();
        CHECK(too_early == 0);
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: from a handler runs the rest of its CPU's items inline, its own included",
                   "[workqueue][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::vector<std::string> order;
        std::atomic<int> runs{0}, ran_by_then{0}, behind_runs{0};
        basic_workqueue<TestType>* q = nullptr;
        auto behind = make_work<TestType>([&] { ++behind_runs, order.push_back("behind"); });
        auto flusher = make_work<TestType>([&](auto& self) {
            if (++runs == 2) return order.push_back("again");
            order.push_back("begin");
            queue_work(*q, behind);
            queue_work(*q, self);
            flush_workqueue(*q);
            ran_by_then = behind_runs + (runs == 2 ? 1 : 0);
            order.push_back("end");
        });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work_on(1, wq, flusher));
        flush_workqueue(wq);
        CHECK(ran_by_then == 2);
        CHECK(runs == 2);
        CHECK(order == std::vector<std::string>{"begin", "behind", "again", "end"});
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: from a handler waits for the other CPUs too", "[workqueue][flush_workqueue]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> other_cpu;
        std::atomic<bool> over{false}, over_by_then{false};
        basic_workqueue<TestType>* q = nullptr;
        auto held = make_work<TestType>([&] { other_cpu.pass(), over = true; });
        auto flusher = make_work<TestType>([&] { flush_workqueue(*q), over_by_then = over.load(); });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work_on(1, wq, held));
        other_cpu.wait_until_held();
        REQUIRE(queue_work_on(0, wq, flusher));
        auto outside = call<TestType>([&] { flush_work(flusher); });
        CHECK(outside.waits_for("flush_work"));
        other_cpu.open();
        outside.join();
        CHECK(over_by_then);
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: waits for a handler that has flushed the queue itself, to its end",
                   "[workqueue][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> after;
        std::atomic<bool> over{false}, early{false};
        basic_workqueue<TestType>* q = nullptr;
        auto item = make_work<TestType>([&] { flush_workqueue(*q), after.pass(), over = true; });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work_on(0, wq, item));
        after.wait_until_held();   // its own flush is over
        auto flusher = call<TestType>([&] { flush_workqueue(wq), early = !over; });
        CHECK(flusher.waits_for("flush_workqueue"));
        after.open();
        flusher.join();
        CHECK_FALSE(early);
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: nested in handlers is reported from the third level on",
                   "[workqueue][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> depth{0}, deepest{0}, reported_early{0};
        basic_workqueue<TestType>* q = nullptr;
        constexpr int levels = 3;
        auto item = make_work<TestType>([&](auto& self) {
            const int d = ++depth;
            if (d > deepest) deepest = d;
            if (d <= levels && deepest == d) {
                if (reports::find("recursion depth") != nullptr) ++reported_early;
                queue_work(*q, self);
                flush_workqueue(*q);
            }
            --depth;
        });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work(wq, item));
        drain_workqueue(wq);
        CHECK(deepest == levels + 1);
        CHECK(reported_early == 0);
        CHECK(reports::take("run_workqueue: recursion depth exceeded: 4"));
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: handlers on two CPUs that flush the same queue do not wait for each other",
                   "[workqueue][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> both[2];
        std::atomic<int> done{0};
        basic_workqueue<TestType>* q = nullptr;
        auto a = make_work<TestType>([&] { both[0].pass(), flush_workqueue(*q), ++done; });
        auto b = make_work<TestType>([&] { both[1].pass(), flush_workqueue(*q), ++done; });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work_on(0, wq, a));
        REQUIRE(queue_work_on(1, wq, b));
        for (auto& g : both) g.wait_until_held();
        for (auto& g : both) g.open();
        flush_workqueue(wq);   // and from outside, at the same time
        CHECK(done == 2);
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: a handler may flush its queue while every colour is waited for",
                   "[workqueue][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        constexpr int n = 8;
        gate<TestType> first;
        std::atomic<int> done{0}, small_runs{0};
        basic_workqueue<TestType>* q = nullptr;
        struct count {
            std::atomic<int>* n;
            void operator()() const { ++*n; }
        };
        std::deque<work<count, TestType>> small;
        for (int i = 0; i < n; ++i) small.emplace_back(count{&small_runs});
        auto item = make_work<TestType>([&] { first.pass(), flush_workqueue(*q), ++done; });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work_on(0, wq, item));
        first.wait_until_held();
        struct flush {
            basic_workqueue<TestType>* wq;
            void operator()() const { flush_workqueue(*wq); }
        };
        std::deque<support::caller<TestType, flush>> flushers;
        for (int i = 0; i < n; ++i) {
            REQUIRE(queue_work_on(0, wq, small[static_cast<std::size_t>(i)]));
            flushers.emplace_back(flush{&wq});
            CHECK(flushers.back().waits_for(i < 6 ? "flush_workqueue" : "an earlier flush of the queue"));
        }
        first.open();
        for (auto& f : flushers) f.join();
        CHECK(done == 1);
        CHECK(small_runs == n);
    });
}

// ---- waiting for one item -------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("flush_work: several may wait for the same run", "[workqueue][flush_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> inside;
        std::atomic<int> over{0}, early{0};
        auto item = make_work<TestType>([&] { inside.pass(), over = 1; });
        basic_workqueue<TestType> wq{m, "demo"};
        auto body = [&] {
            if (!flush_work(item) || over != 1) ++early;
        };
        auto sync = [&] {
            if (cancel_work_sync(item) || over != 1) ++early;
        };
        REQUIRE(queue_work(wq, item));
        inside.wait_until_held();
        auto a = call<TestType>(body), b = call<TestType>(body);
        auto c = call<TestType>(sync), d = call<TestType>(sync);
        CHECK(a.waits_for("flush_work"));
        CHECK(b.waits_for("flush_work"));
        CHECK(c.waits_for("cancel_work_sync"));
        CHECK(d.waits_for("cancel_work_sync"));
        inside.open();
        a.join(), b.join(), c.join(), d.join();
        CHECK(early == 0);
    });
}

TEMPLATE_TEST_CASE("flush_work: is released when the queued item is cancelled", "[workqueue][flush_work][cancel_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> inside;
        std::atomic<int> runs{0};
        auto block = make_work<TestType>([&] { inside.pass(); });
        auto item = make_work<TestType>([&] { ++runs; });
        basic_workqueue<TestType> wq{m, "demo"};
        REQUIRE(queue_work(wq, block));
        inside.wait_until_held();
        REQUIRE(queue_work(wq, item));
        auto flusher = call<TestType>([&] { flush_work(item); });
        CHECK(flusher.waits_for("flush_work"));
        CHECK(cancel_work(item));
        flusher.join();
        CHECK(runs == 0);
        inside.open();
    });
}

TEMPLATE_TEST_CASE("cancel_work_sync: while it waits the handler cannot queue its item again, afterwards anybody can",
                   "[workqueue][cancel_work_sync]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> inside;
        std::atomic<int> runs{0}, queued{0};
        basic_workqueue<TestType>* q = nullptr;
        auto item = make_work<TestType>([&](auto& self) {
            if (++runs != 1) return;
            inside.pass();
            if (queue_work(*q, self)) ++queued;
        });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work(wq, item));
        inside.wait_until_held();
        auto canceller = call<TestType>([&] { cancel_work_sync(item); });
        CHECK(canceller.waits_for("cancel_work_sync"));
        CHECK_FALSE(queue_work(wq, item));
        inside.open();
        canceller.join();
        CHECK(queued == 0);
        CHECK_FALSE(work_pending(item));
        CHECK(queue_work(wq, item));
        flush_work(item);
        CHECK(runs == 2);
    });
}

TEMPLATE_TEST_CASE("a handler that would wait for itself is told so, and does not", "[workqueue][report]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> said{0}, wrong{0};
        basic_workqueue<TestType>* q = nullptr;
        auto behind = make_work<TestType>([] {});
        auto item = make_work<TestType>([&](auto& self) {
            if (flush_work(self)) ++wrong;
            said += reports::take("flush_work: possible recursive locking");
            if (cancel_work_sync(self)) ++wrong;
            said += reports::take("cancel_work_sync: possible recursive locking");
            drain_workqueue(*q);
            said += reports::take("drain_workqueue: possible recursive locking");
            queue_work(*q, behind);
            if (flush_work(behind)) ++wrong;   // of the same worker: it can only run after us
            said += reports::take("flush_work: possible recursive locking");
        });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work(wq, item));
        flush_workqueue(wq);
        CHECK(said == 4);
        CHECK(wrong == 0);
        CHECK(queue_work(wq, item));   // and nothing is left of it
        flush_workqueue(wq);
    });
}
