// SPDX-License-Identifier: MIT
//
// Pools that several queues share: what starts when, with and without a limit, and when a handler blocks.

#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::gate;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

namespace {

template <class Arch>
struct queue {
    scoped_machine<Arch>& m;
    basic_workqueue_struct<Arch>* wq;
    using ops = workqueue_ops<Arch>;

    queue(scoped_machine<Arch>& machine, queue_kind kind, int max_active = 256, const char* name = "shared")
        : m(machine), wq(machine.create_queue(name, kind, max_active, nullptr, location::current())) {}
    ~queue() { m.destroy_queue(wq, location::current()); }
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;

    bool put(work_item& w, unsigned cpu = 0) { return ops::queue_work_on(cpu, wq, w, location::current()); }
    void flush() { ops::flush_workqueue(wq, location::current()); }
};

template <class Arch>
struct pass {
    gate<Arch>* g;
    std::atomic<int>* done;
    void operator()() const { g->pass(), ++*done; }
};

}   // namespace

TEMPLATE_TEST_CASE("bound: while a handler blocks in a primitive of ours, the next item of its CPU starts",
                   "[worker_pool][bound]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        constexpr int n = 4;
        std::atomic<int> done{0};
        std::deque<gate<TestType>> gates(n);
        std::deque<work<pass<TestType>, TestType>> items;
        for (auto& g : gates) items.emplace_back(pass<TestType>{&g, &done});
        queue<TestType> q(m, queue_kind::bound);
        for (auto& item : items) REQUIRE(q.put(item));
        for (auto& g : gates) g.wait_until_held();   // all of them, on one CPU
        CHECK(done == 0);
        for (auto& g : gates) g.open();
        q.flush();
        CHECK(done == n);
    });
}

TEMPLATE_TEST_CASE("bound: while a handler keeps the CPU busy, the next item waits", "[worker_pool][bound]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> busy, blocks;
        std::atomic<int> inside{0}, most{0}, done{0};
        auto spinner = make_work<TestType>([&] { busy.pass_spinning(), ++done; });
        auto sleeper = make_work<TestType>([&] { blocks.pass(), ++done; });
        struct count {
            std::atomic<int>*inside, *most, *done;
            void operator()() const {
                if (++*inside > *most) most->store(*inside);
                TestType::relax(0);
                --*inside;
                ++*done;
            }
        };
        std::deque<work<count, TestType>> items;
        for (int i = 0; i < 10; ++i) items.emplace_back(count{&inside, &most, &done});
        auto elsewhere = make_work<TestType>([] {});
        queue<TestType> q(m, queue_kind::bound);
        REQUIRE(q.put(sleeper));
        blocks.wait_until_held();   // so that there are two workers at least
        REQUIRE(q.put(spinner));
        busy.wait_until_held();
        for (auto& item : items) REQUIRE(q.put(item));
        REQUIRE(q.put(elsewhere, 1));
        flush_work(elsewhere);
        CHECK(done == 0);
        blocks.open();   // its worker comes back, and finds the CPU taken
        flush_work(sleeper);
        wait_until<TestType>([round = 0]() mutable { return ++round > 60; });
        CHECK(done == 1);
        busy.open();
        q.flush();
        CHECK(most == 1);
        CHECK(done == 12);
    });
}

TEMPLATE_TEST_CASE("max_active: limits the items that are under way, in order; raising it starts those that waited",
                   "[worker_pool][max_active]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        for (const queue_kind kind : {queue_kind::bound, queue_kind::unbound}) {
            scoped_machine<TestType> m{{.cpus = 1}};
            std::atomic<int> done{0};
            std::deque<gate<TestType>> gates(4);
            std::deque<work<pass<TestType>, TestType>> items;
            for (auto& g : gates) items.emplace_back(pass<TestType>{&g, &done});
            queue<TestType> q(m, kind, 1), other(m, kind, 1, "other");
            for (auto& item : items) REQUIRE(q.put(item));
            gates[0].wait_until_held();
            auto free = make_work<TestType>([] {});   // the pool is not what keeps them waiting
            REQUIRE(other.put(free));
            flush_work(free);
            for (std::size_t i = 1; i < 4; ++i) CHECK_FALSE(gates[i].is_held());
            workqueue_ops<TestType>::set_max_active(*q.wq, 3);
            gates[1].wait_until_held();
            gates[2].wait_until_held();
            CHECK_FALSE(gates[3].is_held());
            CHECK(
                workqueue_ops<TestType>::cancel(items[3], &workqueue_ops<TestType>::no_timer));   // from where it waits
            REQUIRE(q.put(items[3]));
            gates[1].open();
            gates[3].wait_until_held();
            for (auto& g : gates) g.open();
            q.flush();
            CHECK(done == 4);
        }
    });
}

TEMPLATE_TEST_CASE("max_active 1 on the unbound pool: one after the other, in the order of queueing",
                   "[worker_pool][ordered]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        constexpr int n = 30;
        std::atomic<int> inside{0}, wrong{0};
        std::vector<int> order;
        struct note {
            std::atomic<int>*inside, *wrong;
            std::vector<int>* order;
            int i;
            void operator()() const {
                if (++*inside != 1) ++*wrong;
                order->push_back(i);
                --*inside;
            }
        };
        std::deque<work<note, TestType>> items;
        for (int i = 0; i < n; ++i) items.emplace_back(note{&inside, &wrong, &order, i});
        queue<TestType> q(m, queue_kind::unbound, 1);
        for (int i = 0; i < n; ++i) REQUIRE(q.put(items[static_cast<std::size_t>(i)], static_cast<unsigned>(i) % 2));
        q.flush();
        CHECK(wrong == 0);
        REQUIRE(order.size() == n);
        for (int i = 0; i < n; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
    });
}

TEMPLATE_TEST_CASE("unbound: every item gets a worker, but none beside itself", "[worker_pool][unbound]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        constexpr int n = 5;
        std::atomic<int> done{0};
        std::deque<gate<TestType>> gates(n);
        struct spin {
            gate<TestType>* g;
            std::atomic<int>* done;
            void operator()() const { g->pass_spinning(), ++*done; }
        };
        std::deque<work<spin, TestType>> items;
        for (auto& g : gates) items.emplace_back(spin{&g, &done});
        std::atomic<int> inside{0}, wrong{0}, runs{0};
        gate<TestType> first;
        auto self = make_work<TestType>([&] {
            if (++inside != 1) ++wrong;
            if (++runs == 1) first.pass();
            --inside;
        });
        queue<TestType> q(m, queue_kind::unbound);
        for (auto& item : items) REQUIRE(q.put(item));
        for (auto& g : gates) g.wait_until_held();
        REQUIRE(q.put(self));
        first.wait_until_held();
        REQUIRE(q.put(self));
        auto other = make_work<TestType>([] {});
        REQUIRE(q.put(other));
        flush_work(other);   // overtakes it: `self` waits for its own worker
        CHECK(runs == 1);
        first.open();
        flush_work(self);
        CHECK(runs == 2);
        CHECK(wrong == 0);
        for (auto& g : gates) g.open();
        q.flush();
        CHECK(done == n);
    });
}

TEST_CASE("a worker that finds its inbox half settled by somebody else makes way for him", "[worker_pool][settle]") {
    support::reports listening;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        INFO("seed " << seed);
        arch::sim::world world{{.seed = seed, .max_steps = 1'000'000}};
        world.run([] {
            scoped_machine<arch::sim> m{{.cpus = 2}};
            queue<arch::sim> q(m, queue_kind::bound), other(m, queue_kind::bound);
            gate<arch::sim> busy;
            std::atomic<int> runs{0};
            auto runs_elsewhere = make_work<arch::sim>([&] {
                if (runs++ == 0) busy.pass();
            });
            auto little = make_work<arch::sim>([&] { ++runs; });
            auto first = make_work<arch::sim>([] {});
            REQUIRE(q.put(runs_elsewhere, 1));
            busy.wait_until_held();
            REQUIRE(q.put(first, 0));   // the worker is awake
            // On its way to CPU 0 it has to be looked for on CPU 1, without CPU 0's lock; there come more meanwhile.
            auto flusher = support::call<arch::sim>([&] { q.flush(); });
            REQUIRE(q.put(runs_elsewhere, 0));
            REQUIRE(q.put(little, 0));
            flush_work(little);
            busy.open();
            flusher.join();
            q.flush();
            CHECK(runs == 3);
        });
        support::check_silence();
    }
}

TEMPLATE_TEST_CASE("without another thread to be had, items wait for the worker that there is", "[worker_pool][spawn]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        for (const queue_kind kind : {queue_kind::bound, queue_kind::unbound}) {
            scoped_machine<TestType> m{{.cpus = 1}};
            gate<TestType> inside;
            std::atomic<int> runs{0};
            auto block = make_work<TestType>([&] { inside.pass(), ++runs; });
            auto item = make_work<TestType>([&] { ++runs; });
            queue<TestType> q(m, kind);
            REQUIRE(q.wq != nullptr);
            TestType::spawn_budget(0);
            REQUIRE(q.put(block));
            inside.wait_until_held();
            REQUIRE(q.put(item));
            CHECK(work_pending(item));
            wait_until<TestType>([] { return support::reports::take("no thread for another worker of pool"); });
            inside.open();
            q.flush();
            CHECK(runs == 2);
            TestType::spawn_budget(-1);
        }
    });
}

TEMPLATE_TEST_CASE("a worker that could not be had is asked for again, for a handler that waits for the next item",
                   "[worker_pool][spawn]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        for (const queue_kind kind : {queue_kind::bound, queue_kind::unbound}) {
            scoped_machine<TestType> m{{.cpus = 1}};
            support::signal_once<TestType> begun, next_ran;
            auto waits = make_work<TestType>([&] { begun.set(), next_ran.wait(); });
            auto next = make_work<TestType>([&] { next_ran.set(); });
            queue<TestType> q(m, kind);
            REQUIRE(q.wq != nullptr);
            TestType::spawn_budget(0);
            REQUIRE(q.put(waits));
            begun.wait();
            wait_until<TestType>(
                [] { return support::reports::find("no thread for another worker of pool") != nullptr; });
            REQUIRE(q.put(next));
            TestType::spawn_budget(-1);
            next_ran.wait();
            q.flush();
            CHECK(support::reports::take("no thread for another worker of pool"));
        }
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: from a handler of a shared queue is reported, and does not wait",
                   "[worker_pool][flush_workqueue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        queue<TestType>* p = nullptr;
        auto item = make_work<TestType>([&] { p->flush(); });
        queue<TestType> q(m, queue_kind::bound);
        p = &q;
        REQUIRE(q.put(item));
        q.flush();
        CHECK(
            reports::take("flush_workqueue: possible recursive locking detected: a handler of (wq_completion)shared"));
    });
}

TEMPLATE_TEST_CASE("flush_workqueue: waits for items over max_active too", "[worker_pool][flush_workqueue]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> first;
        std::atomic<int> runs{0}, by_then{0};
        auto block = make_work<TestType>([&] { first.pass(), ++runs; });
        auto a = make_work<TestType>([&] { ++runs; });
        auto b = make_work<TestType>([&] { ++runs; });
        queue<TestType> q(m, queue_kind::unbound, 1);
        REQUIRE(q.put(block));
        first.wait_until_held();
        REQUIRE(q.put(a));
        REQUIRE(q.put(b));
        auto flusher = support::call<TestType>([&] { q.flush(), by_then = runs.load(); });
        CHECK(flusher.waits_for("flush_workqueue"));
        first.open();
        flusher.join();
        CHECK(by_then == 3);
    });
}

TEMPLATE_TEST_CASE("a handler with an argument: what PREPARE_WORK writes once the run has begun is for the next one",
                   "[worker_pool][data_item]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        scoped_machine<TestType> m{{.cpus = 2}};
        basic_workqueue<TestType> wq{m, "demo"};
        std::atomic<int> first{0}, second{0};
        const auto count = [](void* n) { ++*static_cast<std::atomic<int>*>(n); };
        data_item item{};
        item.delayed.work.func = &detail::call_with_data;
        item.func = count;
        for (int round = 1; round <= (TestType::simulated ? 8 : 1000); ++round) {
            typename TestType::template atomic_ref<void*> data(item.data);
            data.store(&first);
            REQUIRE(ops::queue_work(wq.native(), item.delayed.work, location::current()));
            while (was_pending<TestType>(item.delayed.work))
                TestType::step();   // its worker may be at any step of the start
            data.store(&second);
            REQUIRE(ops::queue_work(wq.native(), item.delayed.work, location::current()));
            flush_workqueue(wq);
            REQUIRE(first == round);
            REQUIRE(second == round);
        }
    });
}

TEMPLATE_TEST_CASE("a pool that ends runs what is in its inbox in the order of queueing", "[worker_pool]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        queue<TestType> q(m, queue_kind::bound);
        // A pool of its own, which nobody drains first.
        auto* const pool = worker_pool<TestType>::create(pool_kind::dedicated, -1, "ends", nullptr, false);
        REQUIRE(pool != nullptr);
        REQUIRE(pool->add_worker());
        pool_workqueue<TestType> link;
        link.pool = pool;
        link.wq = q.wq;
        const auto push = [&](work_item& w) {
            REQUIRE(detail::claim<TestType>(w));
            w.entry.prev = nullptr;
            detail::set_word<TestType>(w, detail::word_of(link));
            REQUIRE(pool->enqueue(w));
        };
        gate<TestType> held;
        std::vector<int> order;
        auto first = make_work<TestType>([&] { held.pass(); });
        auto second = make_work<TestType>([&] { order.push_back(2); });
        auto third = make_work<TestType>([&] { order.push_back(3); });
        auto fourth = make_work<TestType>([&] { order.push_back(4); });
        push(first);
        held.wait_until_held();
        push(second), push(third), push(fourth);
        auto opener = support::call<TestType>([&] { held.open(); });
        pool->retire();
        opener.join();
        CHECK(order == std::vector<int>{2, 3, 4});
    });
}
