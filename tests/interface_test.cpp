// SPDX-License-Identifier: MIT
//
// The C++ face: items over any callable, queues and machines with scopes, and what it says when they end too soon.

#include <bottomhalf/interface.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>
#include <type_traits>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

namespace bh = bottomhalf;
using support::allocations;
using support::gate;
using support::make_delayed_work;
using support::make_work;
using support::on_engine;
using support::reports;

// ---- types ----------------------------------------------------------------------------------------------------------

TEST_CASE("work: is the item plus its callable, and stays where it is", "[interface][work]") {
    auto empty = [] {};
    auto one = [p = static_cast<void*>(nullptr)] { static_cast<void>(p); };
    static_assert(sizeof(bh::work_item) == 32);
    static_assert(sizeof(bh::delayed_item) == 80);
    static_assert(sizeof(bh::work<decltype(one)>) == sizeof(bh::work_item) + sizeof(void*));
    static_assert(sizeof(bh::delayed_work<decltype(one)>) == sizeof(bh::delayed_item) + sizeof(void*));
    static_assert(sizeof(bh::work<decltype(empty)>) <= sizeof(bh::work_item) + sizeof(void*));
    static_assert(!std::is_copy_constructible_v<bh::work<decltype(one)>> &&
                  !std::is_move_constructible_v<bh::work<decltype(one)>>);
    static_assert(!std::is_copy_assignable_v<bh::work<decltype(one)>>);
    static_assert(!std::is_copy_constructible_v<bh::workqueue> && !std::is_copy_constructible_v<bh::machine>);
    static_assert(std::is_base_of_v<bh::work_item, bh::work<decltype(one)>>);
    bh::work deduced{[] {}};
    bh::delayed_work deduced_too{[](auto&) {}};
    CHECK_FALSE(bh::work_pending(deduced));
    CHECK_FALSE(bh::delayed_work_pending(deduced_too));
}

TEMPLATE_TEST_CASE("work: takes a callable with captures, move-only ones too, with or without its item as argument",
                   "[interface][work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> sum{0};
        std::array<int, 16> many{};
        many[15] = 7;
        auto a = make_work<TestType>([&sum, many] { sum += many[15]; });
        auto b = make_work<TestType>([&sum, p = std::make_unique<int>(30)] { sum += *p; });
        std::atomic<void*> self{nullptr};
        auto c = make_work<TestType>([&](auto& item) { self = &item, sum += 100; });
        auto d = make_delayed_work<TestType>([&](auto& item) { self = &item, sum += 1000; });
        bh::basic_workqueue<TestType> wq{m, "demo", {.single_thread = true}};
        CHECK(bh::queue_work(wq, a));
        CHECK(bh::queue_work(wq, b));
        CHECK(bh::queue_work(wq, c));
        bh::flush_workqueue(wq);
        CHECK(sum == 137);
        CHECK(self == &c);
        CHECK(bh::queue_delayed_work(wq, d, 1));
        CHECK(bh::delayed_work_pending(d));
        bh::flush_delayed_work(d);
        CHECK(sum == 1137);
        CHECK(self == &d);
    });
}

TEMPLATE_TEST_CASE("the verbs of the interface do what their names say", "[interface][verbs]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> inside;
        std::atomic<int> runs{0}, delayed_runs{0};
        auto block = make_work<TestType>([&] { inside.pass(); });
        auto item = make_work<TestType>([&] { ++runs; });
        auto late = make_delayed_work<TestType>([&] { ++delayed_runs; });
        bh::basic_workqueue<TestType> wq{m, "demo", {.single_thread = true}};
        CHECK(wq.nr_cpus() == 2);
        CHECK(bh::queue_work_on(1, wq, block));
        inside.wait_until_held();
        CHECK(bh::queue_work(wq, item));
        CHECK(bh::work_pending(item));
        CHECK(bh::cancel_work(item));
        CHECK_FALSE(bh::cancel_work(item));
        CHECK_FALSE(bh::work_pending(item));
        CHECK(bh::queue_work(wq, item));
        CHECK(bh::cancel_work_sync(item));
        CHECK(bh::queue_delayed_work(wq, late, 3600 * bh::hz));
        CHECK_FALSE(bh::queue_delayed_work(wq, late, 1));
        CHECK(bh::mod_delayed_work(wq, late, 7200 * bh::hz));
        CHECK(bh::cancel_delayed_work(late));
        CHECK_FALSE(bh::mod_delayed_work(wq, late, 3600 * bh::hz));
        CHECK(bh::cancel_delayed_work_sync(late));
        CHECK_FALSE(bh::flush_delayed_work(late));
        CHECK(bh::queue_work(wq, item));
        inside.open();
        CHECK(bh::flush_work(item) + runs >= 1);
        bh::drain_workqueue(wq);
        CHECK(runs == 1);
        CHECK(delayed_runs == 0);
    });
}

TEST_CASE("the default machine boots at its first use", "[interface][default]") {
    on_engine<bh::arch::threads>([] {
        std::atomic<int> runs{0};
        bh::work item{[&] { ++runs; }};
        bh::delayed_work late{[&] { ++runs; }};
        CHECK(bh::boot());
        CHECK(bh::default_machine().is_up());
        CHECK(bh::schedule_work(item));
        bh::flush_work(item);
        CHECK(runs == 1);
        CHECK(bh::schedule_delayed_work(late, 1));
        bh::flush_delayed_work(late);
        CHECK(runs == 2);
        bh::workqueue wq{"mine"};
        CHECK(bh::queue_work(wq, item));
        bh::flush_workqueue(wq);
        CHECK(runs == 3);
    });
}

TEMPLATE_TEST_CASE("queueing, running, flushing and cancelling allocate nothing", "[interface][allocation]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] { ++runs; });
        auto late = make_delayed_work<TestType>([&] { ++runs; });
        bh::basic_workqueue<TestType> wq{m, "demo"};
        bh::queue_work(wq, item);
        bh::flush_work(item);
        bh::queue_delayed_work(wq, late, 1);   // a CPU's first timer starts a thread
        support::wait_until<TestType>([&] { return runs == 2; });
        bh::flush_delayed_work(late);
        const long before = allocations;
        for (int i = 0; i < 100; ++i) {
            bh::queue_work(wq, item);
            bh::flush_work(item);
            bh::queue_delayed_work(wq, late, 1000);
            bh::mod_delayed_work(wq, late, 500);
            bh::cancel_delayed_work(late);
            bh::queue_delayed_work(wq, late, 1000);
            bh::flush_delayed_work(late);
            bh::queue_work_on(1, wq, item);
            bh::cancel_work_sync(item);
            bh::flush_workqueue(wq);
        }
        CHECK(allocations - before == 0);
    });
}

// ---- items that end too soon ----------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("the end of an item: pending is reported, and the item never runs", "[interface][end]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> inside;
        std::atomic<int> runs{0};
        auto block = make_work<TestType>([&] { inside.pass(); });
        bh::basic_workqueue<TestType> wq{m, "demo"};
        bh::queue_work(wq, block);
        inside.wait_until_held();
        {
            auto item = make_work<TestType>([&] { ++runs; });
            CHECK(bh::queue_work(wq, item));
        }
        CHECK(reports::take("~work: a work item was destroyed while pending"));
        {
            auto item = make_delayed_work<TestType>([&] { ++runs; });
            CHECK(bh::queue_delayed_work(wq, item, 1));
        }
        CHECK(reports::take("~delayed_work: a delayed work item was destroyed while pending"));
        inside.open();
        bh::flush_workqueue(wq);
        CHECK(runs == 0);
    });
}

TEMPLATE_TEST_CASE("the end of an item: running is reported, and waited for", "[interface][end]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> inside;
        std::atomic<bool> over{false}, early{false};
        bh::basic_workqueue<TestType> wq{m, "demo"};
        {
            auto body = [&] { inside.pass(), over = true; };
            auto item = std::make_unique<bh::work<decltype(body), TestType>>(body);
            CHECK(bh::queue_work(wq, *item));
            inside.wait_until_held();
            auto other = support::call<TestType>([&] { item.reset(), early = !over; });
            CHECK(other.waits_for("~work"));
            inside.open();
            other.join();
        }
        CHECK_FALSE(early);
        CHECK(reports::take("~work: a work item was destroyed while running"));
    });
}

TEMPLATE_TEST_CASE("the end of an item: in its own handler is fine, unless the item has been queued again",
                   "[interface][end]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> runs{0};
        struct body {
            bh::basic_workqueue<TestType>* wq;
            std::atomic<int>* runs;
            bool again;
            void operator()(bh::work<body, TestType>& self) {
                ++*runs;
                if (again) bh::queue_work(*wq, self);
                delete &self;
            }
        };
        struct late_body {
            bh::basic_workqueue<TestType>* wq;
            std::atomic<int>* runs;
            bool again;
            void operator()(bh::delayed_work<late_body, TestType>& self) {
                ++*runs;
                if (again) bh::queue_delayed_work(*wq, self, 1);
                delete &self;
            }
        };
        bh::basic_workqueue<TestType> wq{m, "demo"};
        for (const bool again : {false, true}) {
            bh::queue_work(wq, *new bh::work<body, TestType>(body{&wq, &runs, again}));
            bh::flush_workqueue(wq);
            CHECK(reports::take("~work: a work item was destroyed while pending") == again);
            bh::queue_delayed_work(wq, *new bh::delayed_work<late_body, TestType>(late_body{&wq, &runs, again}), 0);
            bh::flush_workqueue(wq);
            CHECK(reports::take("~delayed_work: a delayed work item was destroyed while pending") == again);
        }
        bh::drain_workqueue(wq);
        CHECK(runs == 4);
    });
}

TEMPLATE_TEST_CASE("the end of an item: after the queue is gone says nothing", "[interface][end]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 1}};
        auto never = make_work<TestType>([] {});
        auto item = make_work<TestType>([] {});
        auto late = make_delayed_work<TestType>([] {});
        bh::basic_workqueue<TestType> wq{m, "demo"};
        bh::queue_work(wq, item);
        bh::queue_delayed_work(wq, late, 1);
        bh::flush_delayed_work(late);
    });
}

TEMPLATE_TEST_CASE("workqueue: without threads its constructor throws", "[interface][spawn]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bh::scoped_machine<TestType> m{{.cpus = 2}};
        TestType::spawn_budget(1);
        CHECK_THROWS_AS((bh::basic_workqueue<TestType>{m, "demo"}), std::system_error);
        TestType::spawn_budget(0);
        CHECK_THROWS_AS(bh::scoped_machine<TestType>{}, std::system_error);
        TestType::spawn_budget(-1);
        CHECK_NOTHROW(bh::basic_workqueue<TestType>{m, "demo"});
    });
}
