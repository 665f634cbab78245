// SPDX-License-Identifier: MIT
//
// What the kernel calls concurrency management, beyond one handler at a time: high priority, CPU_INTENSIVE, freezing,
// rescuers, and workers that come and go.

#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::gate;
using support::make_work;
using support::on_engine;
using support::wait_until;

namespace {

constexpr location here() { return location::current(); }

template <class Arch>
struct queue {
    scoped_machine<Arch>& m;
    basic_workqueue_struct<Arch>* wq;
    using ops = workqueue_ops<Arch>;

    queue(scoped_machine<Arch>& machine, const char* name, std::uint32_t wanted = 0, int max_active = 256,
          queue_kind kind = queue_kind::bound)
        : m(machine), wq(machine.create_queue(name, kind, max_active, nullptr, here(), wanted)) {}
    ~queue() {
        if (wq != nullptr) m.destroy_queue(wq, here());
    }
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;

    bool put(work_item& w, unsigned cpu = 0) { return ops::queue_work_on(cpu, wq, w, here()); }
    void flush() { ops::flush_workqueue(wq, here()); }
};

template <class Arch>
unsigned nr_workers(queue<Arch>& q) {
    unsigned n = 0;
    worker_pool<Arch>& pool = *q.wq->link(0).pool;
    detail::irq_lock<Arch> g(pool.lock);
    pool.for_each_worker([&](worker<Arch>&) { ++n; });
    return n;
}
template <class Arch>
struct hold {
    gate<Arch>* g;
    std::atomic<int>* done;
    void operator()() const { g->pass(), ++*done; }
};

}   // namespace

TEMPLATE_TEST_CASE("highpri: a handler that keeps the CPU busy does not hold it up", "[concurrency][highpri]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> busy;
        char comm[arch::comm_len] = {};
        auto spinner = make_work<TestType>([&] { busy.pass_spinning(); });
        auto normal = make_work<TestType>([] {});
        auto urgent = make_work<TestType>([&] { std::memcpy(comm, TestType::current().comm, sizeof comm); });
        queue<TestType> q(m, "normal"), high(m, "high", wq_flag::highpri);
        REQUIRE(q.put(spinner));
        busy.wait_until_held();
        REQUIRE(q.put(normal));
        REQUIRE(high.put(urgent));
        high.flush();
        CHECK(work_pending(normal));
        CHECK(std::string(comm) == "kworker/0:0H");
        busy.open();
        q.flush();
    });
}

TEMPLATE_TEST_CASE("CPU_INTENSIVE: while it runs the pool's next item starts, but two that count do not run at once",
                   "[concurrency][cpu_intensive]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> hog, busy;
        std::atomic<int> ran{0};
        auto spinner = make_work<TestType>([&] { hog.pass_spinning(), ++ran; });
        auto other = make_work<TestType>([&] { busy.pass_spinning(), ++ran; });
        auto third = make_work<TestType>([&] { ++ran; });
        queue<TestType> q(m, "normal"), intensive(m, "intensive", wq_flag::cpu_intensive);
        REQUIRE(intensive.put(spinner));
        hog.wait_until_held();
        REQUIRE(q.put(other));
        busy.wait_until_held();   // beside the hog
        REQUIRE(q.put(third));
        hog.open();   // it counts again, and finds another one running: goes to sleep, and leaves the third alone
        intensive.flush();
        CHECK(ran == 1);
        CHECK(work_pending(third));
        busy.open();
        q.flush();
        CHECK(ran == 3);
    });
}

TEMPLATE_TEST_CASE("CPU_INTENSIVE: one that blocks and goes on counts once", "[concurrency][cpu_intensive]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> sleeps, busy;
        auto sleeper = make_work<TestType>([&] { sleeps.pass(); });
        auto spinner = make_work<TestType>([&] { busy.pass_spinning(); });
        auto last = make_work<TestType>([] {});
        queue<TestType> q(m, "normal"), intensive(m, "intensive", wq_flag::cpu_intensive);
        REQUIRE(intensive.put(sleeper));
        sleeps.wait_until_held();
        sleeps.open();
        intensive.flush();
        REQUIRE(q.put(spinner));
        busy.wait_until_held();
        REQUIRE(q.put(last));   // with a count gone wrong it would start
        auto elsewhere = make_work<TestType>([] {});
        queue<TestType> high(m, "high", wq_flag::highpri);
        REQUIRE(high.put(elsewhere));
        high.flush();
        CHECK(work_pending(last));
        busy.open();
        q.flush();
    });
}

TEMPLATE_TEST_CASE("freeze: freezable queues start nothing until the thaw, others go on; what ran is waited for",
                   "[concurrency][freeze]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        gate<TestType> inside;
        std::atomic<int> ran{0};
        auto running = make_work<TestType>([&] { inside.pass(); });
        auto waits = make_work<TestType>([&] { ++ran; });
        auto goes_on = make_work<TestType>([&] { ++ran; });
        auto late = make_work<TestType>([&] { ++ran; });
        queue<TestType> cold(m, "cold", wq_flag::freezable), warm(m, "warm");
        REQUIRE(cold.put(running));
        inside.wait_until_held();
        m.freeze(here());
        REQUIRE(cold.put(waits));
        REQUIRE(warm.put(goes_on));
        warm.flush();
        CHECK(ran == 1);
        CHECK(m.is_freezing(here()));
        inside.open();
        wait_until<TestType>([&] { return !m.is_freezing(here()); });
        CHECK(work_pending(waits));
        workqueue_ops<TestType>::set_max_active(*cold.wq, 3);   // is for after the thaw
        CHECK(work_pending(waits));
        queue<TestType> born_cold(m, "born cold", wq_flag::freezable);
        REQUIRE(born_cold.put(late));
        warm.flush();
        CHECK(ran == 1);
        m.freeze(here());
        CHECK(support::reports::take("WARN_ON_ONCE(workqueue_freezing)"));
        m.thaw();
        cold.flush();
        born_cold.flush();
        CHECK(ran == 3);
        CHECK(cold.wq->max_active == 3);
        CHECK_FALSE(m.is_freezing(here()));
        CHECK(support::reports::take("WARN_ON_ONCE(!workqueue_freezing)"));
    });
}

TEMPLATE_TEST_CASE("freeze: one that queues itself for ever is stopped, too", "[concurrency][freeze]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> runs{0};
        queue<TestType> q(m, "cold", wq_flag::freezable);
        struct again {
            work_item item;
            queue<TestType>* q;
            std::atomic<int>* runs;
        } a{{}, &q, &runs};
        a.item.func = [](work_item* w) {
            auto& self = *reinterpret_cast<again*>(w);
            ++*self.runs;
            self.q->put(self.item);
        };
        REQUIRE(q.put(a.item));
        while (runs < 20) TestType::relax(0);   // without sleep: the simulator's time stands still while anybody runs
        m.freeze(here());
        while (m.is_freezing(here())) TestType::relax(0);
        const int frozen_at = runs;
        auto other = make_work<TestType>([] {});
        queue<TestType> warm(m, "warm");
        REQUIRE(warm.put(other));
        warm.flush();
        CHECK(runs == frozen_at);
        m.thaw();
        while (runs == frozen_at) TestType::relax(0);
        workqueue_ops<TestType>::cancel_sync(a.item, &workqueue_ops<TestType>::no_timer, "a test", here());
    });
}

TEMPLATE_TEST_CASE("a rescuer runs its queue's items when no worker can be had", "[concurrency][rescuer]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        for (const queue_kind kind : {queue_kind::bound, queue_kind::unbound}) {
            scoped_machine<TestType> m{{.cpus = 1}};
            support::signal_once<TestType> begun, rescued;
            char comm[arch::comm_len] = {};
            bool as_rescuer = false;
            int cpu = -1;
            std::atomic<int> others{0};
            auto waits = make_work<TestType>([&] { begun.set(), rescued.wait(); });
            auto poor = make_work<TestType>([&] { ++others; });
            auto needed = make_work<TestType>([&] {
                const worker<TestType>* k = worker_pool<TestType>::current_worker();
                as_rescuer = k != nullptr && k->is_rescuer;
                std::memcpy(comm, TestType::current().comm, sizeof comm);
                cpu = TestType::current().cpu;
                rescued.set();
            });
            queue<TestType> q(m, "plain", 0, 256, kind), reclaim(m, "reclaim", wq_flag::mem_reclaim, 256, kind);
            REQUIRE(reclaim.wq != nullptr);
            TestType::spawn_budget(0);
            REQUIRE(q.put(waits));
            begun.wait();
            REQUIRE(q.put(poor));
            REQUIRE(reclaim.put(needed));
            rescued.wait();   // for which the only worker waits, too
            q.flush();
            reclaim.flush();
            TestType::spawn_budget(-1);
            CHECK(as_rescuer);
            CHECK(cpu == 0);
            CHECK(std::string(comm) == "kworker/R-recla");
            CHECK(others == 1);
            CHECK(support::reports::take("no thread for another worker of pool"));
        }
    });
}

TEMPLATE_TEST_CASE("a rescuer that could not be had: no queue", "[concurrency][rescuer]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        queue<TestType> first(m, "plain");   // the pool has its worker
        TestType::spawn_budget(0);
        queue<TestType> q(m, "reclaim", wq_flag::mem_reclaim);
        TestType::spawn_budget(-1);
        CHECK(q.wq == nullptr);
    });
}

TEMPLATE_TEST_CASE("a rescuer does not run an item beside itself", "[concurrency][rescuer]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        support::signal_once<TestType> begun, other_ran;
        std::atomic<int> inside{0}, most{0}, runs{0};
        auto item = make_work<TestType>([&] {
            if (++inside > most) most.store(inside);
            if (++runs == 1) begun.set(), other_ran.wait();
            --inside;
        });
        auto other = make_work<TestType>([&] { other_ran.set(); });
        queue<TestType> q(m, "reclaim", wq_flag::mem_reclaim);
        TestType::spawn_budget(0);
        REQUIRE(q.put(item));
        begun.wait();
        REQUIRE(q.put(item));    // waits for its own worker,
        REQUIRE(q.put(other));   // while this one must not
        q.flush();
        TestType::spawn_budget(-1);
        CHECK(most == 1);
        CHECK(runs == 2);
        support::reports::take("no thread for another worker of pool");   // unless the item was queued in time
    });
}

TEST_CASE("workers that are too many leave after five minutes, but two", "[concurrency][idle]") {
    on_engine<arch::sim>([] {
        scoped_machine<arch::sim> m{{.cpus = 1}};
        constexpr int n = 6;
        std::atomic<int> done{0};
        std::deque<gate<arch::sim>> gates(n);
        std::deque<work<hold<arch::sim>, arch::sim>> items;
        for (auto& g : gates) items.emplace_back(hold<arch::sim>{&g, &done});
        queue<arch::sim> q(m, "q");
        for (auto& item : items) REQUIRE(q.put(item));
        for (auto& g : gates) g.wait_until_held();
        m.run_until_idle();   // one more may be on its way still
        const unsigned most = nr_workers(q);
        CHECK(most >= n);
        for (auto& g : gates) g.open();
        q.flush();
        std::uint32_t never = 0;
        arch::sim::park(never, 0, arch::sim::now() + 290'000'000'000, "a test");
        CHECK(nr_workers(q) == most);
        arch::sim::park(never, 0, arch::sim::now() + 20'000'000'000, "a test");
        CHECK(nr_workers(q) == 2);
        arch::sim::park(never, 0, arch::sim::now() + 3'600'000'000'000, "a test");
        CHECK(nr_workers(q) == 2);
        for (auto& item : items) REQUIRE(q.put(item));   // those who left are missed by nobody
        q.flush();
        CHECK(done == 2 * n);
    });
}

// The examples of the kernel's documentation of work queues.  One CPU; w0 burns 5 ms, sleeps 10 ms, burns 5 ms; w1 and w2
// burn 5 ms and sleep 10 ms; all three are queued at 0, in this order.
namespace {

struct span {
    int from, to;   // ms
};
struct timeline {
    span burns[4];   // of w0, w1, w2, and w0 again
    int ends[3];
};

struct actor {
    work_item item;
    const arch::ns_t* zero;
    span* burn;
    span* again;
    int* end;
    static int ms_since(arch::ns_t zero) {
        const arch::ns_t ns = arch::sim::now() - zero;
        CHECK(ns % 1'000'000 == 0);
        return static_cast<int>(ns / 1'000'000);
    }
    /// The burnt time ends now; when it began follows from how long it lasted.
    void burn_for_5_ms(span& s) const {
        arch::sim::delay(5'000'000);
        s.to = ms_since(*zero);
        s.from = s.to - 5;
    }
    static void run(work_item* w) {
        const actor& me = *reinterpret_cast<actor*>(w);
        me.burn_for_5_ms(*me.burn);
        std::uint32_t never = 0;
        detail::block<arch::sim>(never, 0, arch::sim::now() + 10'000'000, "msleep");
        if (me.again != nullptr) me.burn_for_5_ms(*me.again);
        *me.end = ms_since(*me.zero);
    }
};

/// w1 and w2 go to the second queue.
timeline play(std::uint64_t seed, queue_kind kind, int max_active, std::uint32_t second = 0) {
    timeline t{};
    // Told: waiting for a lock costs no time.
    arch::sim::world world{{.seed = seed, .cpus = 1, .time = arch::sim_time::when_told, .one_burns = true}};
    world.run([&] {
        scoped_machine<arch::sim> m{{.cpus = 1}};
        arch::ns_t zero = 0;
        actor w[3] = {{{}, &zero, &t.burns[0], &t.burns[3], &t.ends[0]},
                      {{}, &zero, &t.burns[1], nullptr, &t.ends[1]},
                      {{}, &zero, &t.burns[2], nullptr, &t.ends[2]}};
        queue<arch::sim> q0(m, "q0", 0, max_active, kind), q1(m, "q1", second, max_active, kind);
        for (actor& each : w) each.item.func = &actor::run;
        arch::sim::settle();
        zero = arch::sim::now();
        REQUIRE(q0.put(w[0].item));
        for (int i = 1; i < 3; ++i) REQUIRE((second != 0 ? q1 : q0).put(w[i].item));
        q0.flush();
        q1.flush();
    });
    return t;
}
void check(const timeline& t, const timeline& expected) {
    for (int i = 0; i < 4; ++i) {
        INFO("burn " << i);
        CHECK(t.burns[i].from == expected.burns[i].from);
        CHECK(t.burns[i].to == expected.burns[i].to);
    }
    for (int i = 0; i < 3; ++i) CHECK(t.ends[i] == expected.ends[i]);
}

}   // namespace

TEST_CASE("timelines: as the kernel's documentation draws them, to the millisecond", "[concurrency][timeline]") {
    support::reports listening;
    for (std::uint64_t seed = 0; seed < support::nr_seeds(); ++seed) {
        INFO("seed " << seed);
        // A thread per queue, as it was: one after the other.
        check(play(seed, queue_kind::single_thread, 0), {{{0, 5}, {20, 25}, {35, 40}, {15, 20}}, {20, 35, 50}});
        check(play(seed, queue_kind::bound, 3), {{{0, 5}, {5, 10}, {10, 15}, {15, 20}}, {20, 20, 25}});
        check(play(seed, queue_kind::bound, 2), {{{0, 5}, {5, 10}, {20, 25}, {15, 20}}, {20, 20, 35}});
        // w1 and w2 both start at 5.  There is one CPU, so that one of them burns first, w1 in the picture.
        timeline t = play(seed, queue_kind::bound, 3, wq_flag::cpu_intensive);
        if (t.burns[1].from > t.burns[2].from) std::swap(t.burns[1], t.burns[2]), std::swap(t.ends[1], t.ends[2]);
        check(t, {{{0, 5}, {5, 10}, {10, 15}, {15, 20}}, {20, 20, 25}});
        support::check_silence();
    }
}

TEST_CASE("a handler that computes for 10 ms is taken for CPU_INTENSIVE; from the fourth time on that is said",
          "[concurrency][cpu_intensive]") {
    support::reports listening;
    arch::sim::world world{{.seed = 1}};   // one: the counts are the process's
    world.run([] {
        scoped_machine<arch::sim> m{{.cpus = 1}};
        support::signal_once<arch::sim> next_ran;
        arch::ns_t zero = 0, next_at = 0;
        auto next = make_work<arch::sim>([&] {
            next_at = arch::sim::now();
            next_ran.set();
        });
        auto polls = make_work<arch::sim>([&] { next_ran.spin(); });   // waits for the next item, busily
        auto burns = make_work<arch::sim>([&] { arch::sim::delay(50'000'000); });
        auto short_one = make_work<arch::sim>([&] { arch::sim::delay(9'000'000); });
        queue<arch::sim> q(m, "q");
        zero = arch::sim::now();
        REQUIRE(q.put(polls));
        REQUIRE(q.put(next));
        q.flush();
        CHECK(next_at - zero >= 10'000'000);
        CHECK(next_at - zero < 11'000'000);
        const auto told = [] { return support::reports::take("hogged CPU for >10000us"); };
        for (int i = 1; i <= 12; ++i) {
            INFO("time " << i);
            zero = arch::sim::now();
            REQUIRE(q.put(burns));
            REQUIRE(q.put(next));
            flush_work(next);
            CHECK(next_at - zero >= 10'000'000);
            CHECK(next_at - zero < 21'000'000);
            q.flush();
            CHECK(told() == (i == 4 || i == 5 || i == 7 || i == 11));
        }
        for (int i = 0; i < 5; ++i) {
            zero = arch::sim::now();
            REQUIRE(q.put(short_one));
            REQUIRE(q.put(next));
            q.flush();
            CHECK(next_at - zero >= 9'000'000);
        }
        CHECK_FALSE(told());
    });
    support::check_silence();
}

TEST_CASE("short runs of an item that queues itself are not one long one", "[concurrency][cpu_intensive]") {
    support::reports listening;
    arch::sim::world world{{.seed = 1}};
    world.run([] {
        scoped_machine<arch::sim> m{{.cpus = 1}};
        queue<arch::sim> q(m, "q");
        struct again {
            work_item item;
            queue<arch::sim>* q;
            int runs;
        } a{{}, &q, 0};
        a.item.func = [](work_item* w) {
            auto& self = *reinterpret_cast<again*>(w);
            arch::sim::delay(2'000'000);
            if (++self.runs < 100) self.q->put(self.item);
        };
        REQUIRE(q.put(a.item));
        workqueue_ops<arch::sim>::drain_workqueue(q.wq, "a test", here());
        CHECK(a.runs == 100);
    });
    while (support::reports::take("isn't complete after")) {}   // it drains 100 times
    support::check_silence();
}

TEMPLATE_TEST_CASE("a rescuer is called for what comes while the only worker computes", "[concurrency][rescuer]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> busy;
        support::signal_once<TestType> rescued;
        auto computes = make_work<TestType>([&] { busy.pass_spinning(); });
        auto needed = make_work<TestType>([&] { rescued.set(); });
        queue<TestType> q(m, "plain", 0, 256, queue_kind::unbound);
        queue<TestType> reclaim(m, "reclaim", wq_flag::mem_reclaim, 256, queue_kind::unbound);
        REQUIRE(reclaim.wq != nullptr);
        TestType::spawn_budget(0);
        REQUIRE(q.put(computes));
        busy.wait_until_held();
        REQUIRE(reclaim.put(needed));
        rescued.wait();   // while the other one still computes
        // Nor is it enough to be called once: there is another one, and others are in front of it that nobody rescues.
        support::signal_once<TestType> again;
        auto poor = make_work<TestType>([] {});
        auto poor_too = make_work<TestType>([] {});
        auto next = make_work<TestType>([&] { again.set(); });
        REQUIRE(q.put(poor));
        for (int i = 0; i < 300; ++i) TestType::relax(0);   // it is on the worklist, or not yet
        REQUIRE(q.put(poor_too));
        REQUIRE(reclaim.put(next));
        again.wait();
        CHECK(work_pending(poor));
        CHECK(busy.is_held());
        busy.open();
        q.flush();
        reclaim.flush();
        TestType::spawn_budget(-1);
        CHECK(support::reports::take("no thread for another worker of pool"));
    });
}
