// SPDX-License-Identifier: MIT
//
// A queue as a whole: where its items run and in what order, what flush and drain wait for, how it ends, and what is
// said about those who use it wrongly.  (An item in each of its situations: work_test.cpp.)

#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <deque>
#include <stdexcept>
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

namespace {

template <class Arch>
constexpr workqueue_options single{.single_thread = true};

template <class Arch>
int my_cpu() {
    return Arch::current().cpu;
}
template <class Arch>
std::string my_name() {
    char comm[arch::comm_len];
    Arch::thread_name(comm);
    return comm;
}

/// An item of the plain kind, for what the types of the C++ interface do not let one do.
template <class F>
struct plain : work_item {
    F f;
    explicit plain(F g) : f(std::move(g)) {
        func = [](work_item* w) { static_cast<plain*>(w)->f(); };
    }
};

}   // namespace

// ---- where, and in what order ---------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("queue_work_on: each item runs on the thread of its CPU", "[workqueue][queue_work_on]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 3}};
        std::atomic<int> cpu{-1};
        std::string name;
        auto item = make_work<TestType>([&] { cpu = my_cpu<TestType>(), name = my_name<TestType>(); });
        basic_workqueue<TestType> wq{m, "demo"};
        for (unsigned n : {2U, 0U, 1U}) {
            REQUIRE(queue_work_on(n, wq, item));
            flush_work(item);
            CHECK(cpu == static_cast<int>(n));
            CHECK(name == "demo/" + std::to_string(n));
        }
    });
}

TEMPLATE_TEST_CASE("queue_work: from a handler goes to the handler's CPU", "[workqueue][queue_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 3}};
        std::atomic<int> cpu{-1};
        std::atomic<bool> queued{false};
        basic_workqueue<TestType>* q = nullptr;
        auto second = make_work<TestType>([&] { cpu = my_cpu<TestType>(); });
        auto first = make_work<TestType>([&] { queued = queue_work(*q, second); });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work_on(2, wq, first));
        flush_work(first);
        flush_work(second);
        CHECK(queued);
        CHECK(cpu == 2);
    });
}

TEMPLATE_TEST_CASE("queue_work_on: a CPU that is not there is reported, and the item runs on this one",
                   "[workqueue][queue_work_on]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] { ++runs; });
        basic_workqueue<TestType> wq{m, "demo"};
        CHECK(queue_work_on(2, wq, item));
        flush_work(item);
        CHECK(runs == 1);
        CHECK(reports::take("there is no CPU 2, queue demo has 2"));
    });
}

TEMPLATE_TEST_CASE("queue_work: items of one CPU run in the order in which they came", "[workqueue][queue_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        constexpr int n = 50;
        std::vector<int> order;
        struct note {
            std::vector<int>* order;
            int i;
            void operator()() const { order->push_back(i); }
        };
        std::deque<work<note, TestType>> items;
        for (int i = 0; i < n; ++i) items.emplace_back(note{&order, i});
        basic_workqueue<TestType> wq{m, "demo"};
        for (auto& item : items) REQUIRE(queue_work_on(1, wq, item));
        flush_workqueue(wq);
        REQUIRE(order.size() == n);
        for (int i = 0; i < n; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
    });
}

TEMPLATE_TEST_CASE("queue_work_on: an item that runs goes where it runs, and never runs beside itself",
                   "[workqueue][queue_work_on]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> first;
        std::atomic<int> runs{0}, inside{0}, most{0}, cpu{-1};
        auto item = make_work<TestType>([&] {
            if (++inside > most) most = inside.load();
            cpu = my_cpu<TestType>();
            if (++runs == 1) first.pass();
            --inside;
        });
        auto other = make_work<TestType>([] {});
        basic_workqueue<TestType> wq{m, "demo"};
        REQUIRE(queue_work_on(0, wq, item));
        first.wait_until_held();
        REQUIRE(queue_work_on(1, wq, item));
        // CPU 1 is idle, and has looked at what came to it by the time the other item has run.
        REQUIRE(queue_work_on(1, wq, other));
        flush_work(other);
        CHECK(runs == 1);
        first.open();
        flush_work(item);
        CHECK(runs == 2);
        CHECK(most == 1);
        CHECK(cpu == 0);
    });
}

TEMPLATE_TEST_CASE("queue_work: an item may move to another queue once it does not run", "[workqueue][queue_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::string name;
        auto item = make_work<TestType>([&] { name = my_name<TestType>(); });
        basic_workqueue<TestType> one{m, "one", single<TestType>}, two{m, "two", single<TestType>};
        for (int i = 0; i < 3; ++i) {
            REQUIRE(queue_work(one, item));
            flush_work(item);
            CHECK(name == "one");
            REQUIRE(queue_work(two, item));
            flush_work(item);
            CHECK(name == "two");
        }
    });
}

TEMPLATE_TEST_CASE("cancel_work: whoever finds the item idle may queue it", "[workqueue][cancel_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> held;
        std::atomic<int> runs{0};
        auto blocker = make_work<TestType>([&] { held.pass(); });
        auto item = make_work<TestType>([&] { ++runs; });
        basic_workqueue<TestType> wq{m, "demo"};
        queue_work(wq, blocker);
        held.wait_until_held();
        queue_work(wq, item);
        // Nothing but the item orders the two: ThreadSanitizer looks at its links.
        auto other = call<TestType>([&] {
            for (unsigned round = 0; !queue_work(wq, item); ++round) TestType::relax(round);
        });
        CHECK(cancel_work(item));
        other.join();
        held.open();
        flush_work(item);
        CHECK(runs == 1);
    });
}

TEMPLATE_TEST_CASE("a handler may free its item", "[workqueue][process_one_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> freed{0};
        basic_workqueue<TestType> wq{m, "demo"};
        struct self {
            std::atomic<int>* freed;
            void operator()(work<self, TestType>& me) const {
                std::atomic<int>& n = *freed;
                delete &me;
                ++n;
            }
        };
        for (unsigned i = 0; i < 10; ++i) REQUIRE(queue_work_on(i % 2, wq, *new work<self, TestType>(self{&freed})));
        flush_workqueue(wq);
        CHECK(freed == 10);
    });
}

TEMPLATE_TEST_CASE("a handler may queue its own item, and the next run comes after it", "[workqueue][process_one_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> runs{0}, refused{0};
        basic_workqueue<TestType>* q = nullptr;
        auto item = make_work<TestType>([&](auto& self) {
            if (++runs == 20) return;
            if (!queue_work(*q, self)) ++refused;
            if (queue_work(*q, self)) ++refused;   // once only
        });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_work(wq, item));
        drain_workqueue(wq);
        CHECK(runs == 20);
        CHECK(refused == 0);
    });
}

// ---- drain and destroy ----------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("drain_workqueue: the queue's own handlers may queue, others are told so; afterwards all may",
                   "[workqueue][drain_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> inside;
        std::atomic<int> runs{0}, others{0};
        basic_workqueue<TestType>* q = nullptr;
        auto chain = make_work<TestType>([&](auto& self) {
            if (++runs == 1) inside.pass();
            if (runs < 5) queue_work(*q, self);
        });
        auto outsider = make_work<TestType>([&] { ++others; });
        auto late = support::make_delayed_work<TestType>([&] { others += 100; });
        basic_workqueue<TestType> wq{m, "demo"}, other{m, "other", single<TestType>};
        q = &wq;
        REQUIRE(queue_work(wq, chain));
        inside.wait_until_held();
        auto drainer = call<TestType>([&] { drain_workqueue(wq); });
        CHECK(drainer.waits_for("flush_workqueue"));
        CHECK_FALSE(queue_work(wq, outsider));
        CHECK(reports::take("__queue_work: WARN_ON_ONCE(!is_chained_work(wq)): queue demo is being drained"));
        CHECK_FALSE(queue_delayed_work(wq, late, 1));
        CHECK(reports::take("is being drained"));
        CHECK_FALSE(work_pending(outsider));
        CHECK_FALSE(queue_work(wq, chain));   // running, and still an outsider who queues it
        CHECK(reports::take("is being drained"));
        CHECK(queue_work(other, outsider));   // not poisoned
        flush_work(outsider);
        CHECK(others == 1);
        inside.open();
        drainer.join();
        CHECK(runs == 5);
        CHECK(queue_work(wq, outsider));
        flush_work(outsider);
        CHECK(others == 2);
    });
}

TEMPLATE_TEST_CASE("destroy_workqueue: runs what its handlers still queue", "[workqueue][destroy_workqueue]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> runs{0};
        basic_workqueue<TestType>* q = nullptr;
        auto second = make_work<TestType>([&] { ++runs; });
        auto chain = make_work<TestType>([&](auto& self) {
            if (++runs < 10) queue_work_on(static_cast<unsigned>(runs) % 2, *q, self);
            queue_work_on(1, *q, second);
        });
        {
            basic_workqueue<TestType> wq{m, "demo"};
            q = &wq;
            REQUIRE(queue_work(wq, chain));
        }
        CHECK(runs >= 11);
        CHECK_FALSE(work_pending(chain));
        CHECK_FALSE(work_pending(second));
    });
}

TEMPLATE_TEST_CASE("destroy_workqueue: from a handler of the queue is reported, and the queue stays",
                   "[workqueue][destroy_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        auto* wq = m.create_queue("demo", queue_kind::per_cpu, 0, nullptr, location::current());
        REQUIRE(wq != nullptr);
        std::atomic<bool> destroyed{true};
        auto item = make_work<TestType>([&] { destroyed = m.destroy_queue(wq, location::current()); });
        using ops = workqueue_ops<TestType>;
        REQUIRE(ops::queue_work(wq, item, location::current()));
        flush_work(item);
        CHECK_FALSE(destroyed);
        CHECK(reports::take("destroy_workqueue: possible recursive locking"));
        CHECK(ops::queue_work(wq, item, location::current()));
        flush_work(item);
        CHECK(reports::take("destroy_workqueue: possible recursive locking"));
        CHECK(m.destroy_queue(wq, location::current()));
    });
}

TEMPLATE_TEST_CASE("destroy_workqueue: what is done with the queue afterwards is reported",
                   "[workqueue][destroy_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] { ++runs; });
        auto late = support::make_delayed_work<TestType>([&] { ++runs; });
        auto* wq = m.create_queue("gone", queue_kind::per_cpu, 0, nullptr, location::current());
        REQUIRE(wq != nullptr);
        REQUIRE(m.destroy_queue(wq, location::current()));
        CHECK_FALSE(ops::queue_work(wq, item, location::current()));
        CHECK(reports::take("__queue_work: queue gone has been destroyed; not queued"));
        CHECK_FALSE(delayed_ops<TestType>::queue(wq, late, 1, delayed_ops<TestType>::zero::now, location::current()));
        CHECK(reports::take("queue gone has been destroyed; not queued"));
        ops::flush_workqueue(wq, location::current());
        CHECK(reports::take("flush_workqueue: queue gone has been destroyed"));
        CHECK_FALSE(m.destroy_queue(wq, location::current()));
        CHECK(reports::take("destroy_workqueue: the queue has been destroyed already"));
        basic_workqueue<TestType> other{m, "other", single<TestType>};
        CHECK(queue_work(other, item));   // not poisoned
        flush_work(item);
        CHECK(runs == 1);
        CHECK(queue_delayed_work(other, late, 0));
        flush_delayed_work(late);
        CHECK(runs == 2);
    });
}

TEMPLATE_TEST_CASE("an item whose queue is gone can be flushed and cancelled, and was last seen nowhere",
                   "[workqueue][destroy_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] { ++runs; });
        {
            basic_workqueue<TestType> wq{m, "gone"};
            REQUIRE(queue_work(wq, item));
        }
        CHECK(runs == 1);
        CHECK_FALSE(flush_work(item));
        CHECK_FALSE(cancel_work_sync(item));
        basic_workqueue<TestType> next{m, "next"};   // at the same place
        CHECK_FALSE(flush_work(item));
        CHECK(queue_work(next, item));
        flush_work(item);
        CHECK(runs == 2);
    });
}

// ---- mistakes -------------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("queues that are not there and items without a handler are reported", "[workqueue][report]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        scoped_machine<TestType> m{{.cpus = 1}};
        auto item = make_work<TestType>([] {});
        work_item blank;
        delayed_item blank_late;
        basic_workqueue<TestType> wq{m, "demo"};
        CHECK_FALSE(ops::queue_work(nullptr, item, location::current()));
        CHECK(reports::take("__queue_work: WARN_ON_ONCE(!wq)"));
        CHECK_FALSE(ops::queue_work_on(0, nullptr, item, location::current()));
        CHECK(reports::take("__queue_work: WARN_ON_ONCE(!wq)"));
        ops::flush_workqueue(nullptr, location::current());
        CHECK(reports::take("flush_workqueue: WARN_ON_ONCE(!wq)"));
        CHECK_FALSE(ops::drain_workqueue(nullptr, "drain_workqueue", location::current()));
        CHECK(reports::take("drain_workqueue: WARN_ON_ONCE(!wq)"));
        CHECK_FALSE(m.destroy_queue(nullptr, location::current()));
        CHECK(reports::take("destroy_workqueue: no work queue"));

        CHECK_FALSE(ops::queue_work(wq.native(), blank, location::current()));
        CHECK(reports::take("has no function; not queued on demo"));
        CHECK_FALSE(was_pending<TestType>(blank));
        CHECK_FALSE(ops::flush_work(blank, location::current()));
        CHECK(reports::take("__flush_work: flush of a work item that was never initialised"));
        using timed = delayed_ops<TestType>;
        CHECK_FALSE(timed::queue(nullptr, blank_late, 1, timed::zero::now, location::current()));
        CHECK(reports::take("WARN_ON_ONCE(!wq)"));
        CHECK_FALSE(timed::queue(wq.native(), blank_late, 1, timed::zero::now, location::current()));
        CHECK(reports::take("has no function"));
        blank_late.work.func = [](work_item*) {};
        CHECK_FALSE(timed::queue(wq.native(), blank_late, 1, timed::zero::now, location::current()));
        CHECK(reports::take("__queue_delayed_work: WARN_ON_ONCE(timer->function != delayed_work_timer_fn)"));

        CHECK(m.create_queue(nullptr, queue_kind::per_cpu, 0, nullptr, location::current()) == nullptr);
        CHECK(reports::take("alloc_workqueue: a work queue needs a name"));
        CHECK(m.create_queue("", queue_kind::per_cpu, 0, nullptr, location::current()) == nullptr);
        CHECK(reports::take("alloc_workqueue: a work queue needs a name"));
        auto* events = m.events(location::current());
        REQUIRE(events != nullptr);
        CHECK_FALSE(m.destroy_queue(events, location::current()));
        CHECK(reports::take("destroy_workqueue: events belongs to the machine"));
    });
}

TEMPLATE_TEST_CASE("calls that may sleep are reported where one must not, and do not", "[workqueue][report][context]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> inside;
        auto item = make_work<TestType>([&] { inside.pass(); });
        auto late = support::make_delayed_work<TestType>([] {});
        basic_workqueue<TestType> wq{m, "demo"};
        REQUIRE(queue_work(wq, item));
        inside.wait_until_held();
        {
            detail::in_context<TestType> atomic(preempt_offset);   // as if a spinlock were held
            CHECK_FALSE(flush_work(item));
            CHECK(reports::take("__flush_work: sleeping function called from invalid context"));
            flush_workqueue(wq);
            CHECK(reports::take("flush_workqueue: sleeping function called from invalid context"));
            drain_workqueue(wq);
            CHECK(reports::take("drain_workqueue: sleeping function called from invalid context"));
            CHECK_FALSE(flush_delayed_work(late));
            CHECK(reports::take("flush_delayed_work: sleeping function called from invalid context"));
            CHECK_FALSE(m.destroy_queue(wq.native(), location::current()));
            CHECK(reports::take("destroy_workqueue: sleeping function called from invalid context"));
            CHECK(m.create_queue("no", queue_kind::per_cpu, 0, nullptr, location::current()) == nullptr);
            CHECK(reports::take("alloc_workqueue: sleeping function called from invalid context"));
            CHECK(queue_work(wq, item));     // this is allowed,
            CHECK(cancel_work_sync(item));   // and this does what can be done without sleeping
            CHECK(reports::take("cancel_work_sync: sleeping function called from invalid context"));
            CHECK_FALSE(ops::disable_sync(item, &ops::no_timer, "disable_work_sync", location::current()));
            CHECK(reports::take("disable_work_sync: sleeping function called from invalid context"));
            CHECK(ops::enable(item));
        }
        const bool was = TestType::irq_save();   // interrupts off are no better
        CHECK_FALSE(flush_work(item));
        TestType::irq_restore(was);
        CHECK(reports::take("irqs_disabled(): 1"));
        inside.open();
    });
}

TEMPLATE_TEST_CASE("an exception that leaves a handler is reported, and the worker lives",
                   "[workqueue][process_one_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] {
            if (++runs == 1) throw std::runtime_error("no paper");
            if (runs == 2) throw 2;
        });
        basic_workqueue<TestType> wq{m, "demo"};
        for (int i = 1; i <= 3; ++i) {
            REQUIRE(queue_work(wq, item));
            flush_workqueue(wq);
            CHECK(runs == i);
            CHECK(reports::take("no paper") == (i == 1));
            CHECK(reports::take("not a std::exception") == (i == 2));
        }
    });
}

TEMPLATE_TEST_CASE("a handler that leaks its context is reported, and the next one starts with a clean one",
                   "[workqueue][process_one_work][context]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> runs{0};
        std::atomic<unsigned> count{99};
        std::atomic<bool> masked{true};
        auto item = make_work<TestType>([&] {
            count = context<TestType>::preempt_count();
            masked = TestType::irqs_masked();
            if (++runs == 1) context<TestType>::add(preempt_offset);
            if (runs == 2) TestType::irq_save();
        });
        basic_workqueue<TestType> wq{m, "demo"};
        for (int i = 1; i <= 3; ++i) {
            REQUIRE(queue_work(wq, item));
            flush_workqueue(wq);
            CHECK(count == 0);
            CHECK_FALSE(masked);
            CHECK(reports::take("workqueue leaked atomic, lock or RCU: demo/0[") == (i < 3));
        }
    });
}
