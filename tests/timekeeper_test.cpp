// SPDX-License-Identifier: MIT
//
// A machine's clock: timers on time, whoever arms them and however they are moved; and delayed work on top of it.

#include <bottomhalf/delayed_work.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::make_delayed_work;
using support::make_work;
using support::on_engine;
using support::reports;
using support::signal_once;
using support::wait_until;

namespace {

template <class Arch>
struct probe {
    timer_node node;   // first: the function gets its address
    scoped_machine<Arch>* m = nullptr;
    std::atomic<int> calls{0};
    std::atomic<jiffies_t> at{0};
    std::atomic<bool> softirq{false};
    std::atomic<int>* order = nullptr;
    std::atomic<int> place{-1};
    void (*also)(probe&) = nullptr;

    explicit probe(scoped_machine<Arch>& machine) : m(&machine) { node.function = &fire; }
    static void fire(timer_node* t) {
        auto& self = *reinterpret_cast<probe*>(t);
        self.at = self.m->time().jiffies();
        self.softirq = context<Arch>::in_serving_softirq() && !context<Arch>::in_hardirq();
        if (self.order != nullptr) self.place = (*self.order)++;
        if (self.also != nullptr) self.also(self);
        ++self.calls;
    }
};

}   // namespace

TEMPLATE_TEST_CASE("timekeeper: a timer fires in softirq context, not before its tick; in the simulator exactly at it",
                   "[timekeeper][add]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        for (const jiffies_t delay : {0UL, 1UL, 2UL, 5UL}) {
            INFO("delay " << delay);
            probe<TestType> p(m);
            const jiffies_t expires = m.time().jiffies() + delay;
            m.time().add(p.node, expires);
            wait_until<TestType>([&] { return p.calls == 1; });
            CHECK(p.softirq);
            CHECK(time_after_eq(p.at, expires));
            if (TestType::simulated) CHECK(p.at == expires + (delay == 0 ? 1 : 0));   // its tick has come: the next one
            CHECK_FALSE(m.time().was_pending(p.node));
            CHECK_FALSE(m.time().del_sync(p.node));
        }
    });
}

TEMPLATE_TEST_CASE("timekeeper: an earlier timer is not kept waiting by a later one", "[timekeeper][add]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        probe<TestType> far(m), near(m);
        m.time().add(far.node, m.time().jiffies() + 3600 * hz);
        wait_until<TestType>([&, round = 0]() mutable { return ++round > 300; });   // the clock's thread goes to sleep
        m.time().add(near.node, m.time().jiffies() + 1);
        wait_until<TestType>([&] { return near.calls == 1; });
        CHECK(far.calls == 0);
        CHECK(m.time().del_sync(far.node));
        CHECK_FALSE(m.time().del_sync(far.node));
    });
}

TEMPLATE_TEST_CASE("timekeeper: mod moves a timer forwards and backwards, and arms an idle one", "[timekeeper][mod]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        probe<TestType> p(m);
        CHECK_FALSE(m.time().mod(p.node, m.time().jiffies() + 3600 * hz));
        CHECK(m.time().mod(p.node, m.time().jiffies() + 7200 * hz));
        const jiffies_t expires = m.time().jiffies() + 2;
        CHECK(m.time().mod(p.node, expires));
        wait_until<TestType>([&] { return p.calls == 1; });
        CHECK(time_after_eq(p.at, expires));
        CHECK_FALSE(m.time().mod(p.node, m.time().jiffies()));   // due at once
        wait_until<TestType>([&] { return p.calls == 2; });
    });
}

TEMPLATE_TEST_CASE("timekeeper: timers of one tick fire in the order of their arrival", "[timekeeper][order]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::atomic<int> order{0};
        std::deque<probe<TestType>> all;
        for (int i = 0; i < 20; ++i) all.emplace_back(m).order = &order;
        const jiffies_t expires = m.time().jiffies() + 3;
        for (auto& p : all) m.time().add(p.node, expires);
        for (auto& p : all) wait_until<TestType>([&] { return p.calls == 1; });
        for (int i = 0; i < 20; ++i) CHECK(all[static_cast<std::size_t>(i)].place == i);
    });
}

TEMPLATE_TEST_CASE("timekeeper: a timer may arm itself again", "[timekeeper][add]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        probe<TestType> p(m);
        p.also = [](probe<TestType>& self) {
            if (self.calls < 4) self.m->time().mod(self.node, self.m->time().jiffies() + 1);
        };
        const jiffies_t start = m.time().jiffies();
        m.time().add(p.node, start + 1);
        wait_until<TestType>([&] { return p.calls == 5; });
        CHECK(time_after_eq(p.at, start + 5));
    });
}

TEMPLATE_TEST_CASE("timekeeper: del_sync waits for the function", "[timekeeper][del_sync]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        probe<TestType> p(m);
        static signal_once<TestType>* begun;
        static signal_once<TestType>* go_on;
        signal_once<TestType> a, b;
        begun = &a, go_on = &b;
        p.also = [](probe<TestType>&) { begun->set(), go_on->spin(); };
        m.time().add(p.node, m.time().jiffies());
        a.wait();
        CHECK_FALSE(m.time().del(p.node));   // does not wait
        CHECK(p.calls == 0);
        std::atomic<int> calls{-1};
        auto other = support::call<TestType>([&] { m.time().del_sync(p.node), calls = p.calls.load(); });
        b.set();
        other.join();
        CHECK(calls == 1);
    });
}

TEMPLATE_TEST_CASE("timekeeper: del_sync leaves a timer disarmed whose function arms it again",
                   "[timekeeper][del_sync]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        probe<TestType> p(m);
        static support::gate<TestType>* inside;
        support::gate<TestType> g;
        inside = &g;
        p.also = [](probe<TestType>& self) {
            inside->pass_spinning();
            self.m->time().mod(self.node, self.m->time().jiffies() + 3600 * hz);
        };
        m.time().add(p.node, m.time().jiffies());
        g.wait_until_held();
        auto other = support::call<TestType>([&] { m.time().del_sync(p.node); });
        // Time to see that the function runs.  If it looks later, it finds the timer armed: as well.
        wait_until<TestType>([&, round = 0]() mutable { return ++round > 300; });
        g.open();
        other.join();
        CHECK(p.calls == 1);
        CHECK_FALSE(m.time().was_pending(p.node));
    });
}

TEMPLATE_TEST_CASE("timekeeper: del_sync ends a timer whose function arms it for a tick that has come",
                   "[timekeeper][del_sync]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        probe<TestType> p(m);
        p.also = [](probe<TestType>& self) { self.m->time().mod(self.node, self.m->time().jiffies()); };
        m.time().add(p.node, m.time().jiffies());
        wait_until<TestType>([&] { return p.calls > 2; });
        m.time().del_sync(p.node);   // hardly ever finds it between two runs
        const int then = p.calls;
        CHECK_FALSE(m.time().was_pending(p.node));
        CHECK_FALSE(m.time().del_sync(p.node));
        CHECK(p.calls == then);
    });
}

TEMPLATE_TEST_CASE("timekeeper: a top half may move the very timer that the code it interrupts arms",
                   "[timekeeper][add][irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        auto* events = m.events(location::current());
        probe<TestType> p(m);
        constexpr unsigned line = 5;
        const auto top_half = [](int, void* dev_id, void*) {
            auto& mine = *static_cast<probe<TestType>*>(dev_id);
            mine.m->time().mod(mine.node, mine.m->time().jiffies() + 3600 * hz);
            return irqreturn::handled;
        };
        REQUIRE(m.irqs().request(line, {.handler = top_half, .dev_id = &p}, location::current()) == 0);
        constexpr int rounds = TestType::simulated ? 200 : 20'000;
        std::atomic<int> begun{0};
        std::atomic<bool> ready{false};
        auto arms = make_work<TestType>([&] {
            wait_until<TestType>([&] { return ready.load(); });
            while (begun++ < rounds) {
                m.time().del(p.node);
                m.time().add(p.node, m.time().jiffies() + 7200 * hz);   // nothing, if the top half was there before
            }
        });
        auto device = support::call<TestType>([&] {   // one interrupt a round, earlier or later in it
            ready = true;
            for (int i = 1, wait = 0; i < rounds; i = begun + 1) {
                wait_until<TestType>([&] { return begun >= i; });
                for (unsigned steps = static_cast<unsigned>(++wait) % 64; steps > 0; --steps) TestType::relax(0);
                m.irqs().raise(line);
            }
        });
        REQUIRE(workqueue_ops<TestType>::queue_work_on(0, events, arms, location::current()));
        flush_work(arms);
        device.join();
        m.irqs().free(line, &p, location::current());
        m.time().del(p.node);
        CHECK_FALSE(m.time().was_pending(p.node));
        CHECK(p.calls == 0);
    });
}

TEMPLATE_TEST_CASE("timekeeper: a thread that stop() has left behind goes on after start(), and is the only one",
                   "[timekeeper][stop]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using gate = support::gate<TestType>;
        struct held {
            timer_node node;   // first: the function gets its address
            gate inside;
            std::atomic<std::int32_t> thread{0};
            static void fire(timer_node* t) {
                auto& self = *reinterpret_cast<held*>(t);
                self.thread = TestType::thread_id();
                self.inside.pass_spinning();
            }
        };
        timekeeper<TestType> clock;
        held a, b;
        a.node.function = b.node.function = &held::fire;
        REQUIRE(clock.start("clock"));
        clock.add(a.node, clock.jiffies());
        a.inside.wait_until_held();
        CHECK_FALSE(clock.stop(TestType::now()));
        CHECK_FALSE(clock.stop(TestType::now()));
        REQUIRE(clock.start("clock"));
        CHECK(clock.is_running(a.node));
        a.inside.open();
        CHECK_FALSE(clock.del_sync(a.node));
        clock.add(b.node, clock.jiffies());
        b.inside.wait_until_held();
        CHECK(a.thread == b.thread);
        // Again, and now it may have ended, or be about to, before start().
        CHECK_FALSE(clock.stop(TestType::now()));
        b.inside.open();
        wait_until<TestType>([&] { return !clock.is_running(b.node); });
        REQUIRE(clock.start("clock"));
        held c;
        c.node.function = &held::fire;
        c.inside.open();
        clock.add(c.node, clock.jiffies());
        c.inside.wait_until_held();
        CHECK_FALSE(clock.del_sync(c.node));
        CHECK(clock.stop());
    });
}

TEMPLATE_TEST_CASE("timekeeper: one that arms itself for now, again and again, holds up neither the others nor the end",
                   "[timekeeper][mod][stop]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        auto m = std::make_unique<scoped_machine<TestType>>(machine_options{.cpus = 1});
        probe<TestType> always{*m}, other{*m};
        always.also = [](probe<TestType>& self) { self.m->time().mod(self.node, self.m->time().jiffies()); };
        m->time().add(always.node, m->time().jiffies());
        wait_until<TestType>([&] { return always.calls >= 2; });
        m->time().add(other.node, m->time().jiffies() + 3);
        wait_until<TestType>([&] { return other.calls == 1 && always.calls >= 4; });
        m.reset();   // ends
        CHECK(reports::take("is still armed at the machine's end"));
    });
}

TEMPLATE_TEST_CASE("timekeeper: stop() waits for a function that a task calls as it lets the bottom halves go, too",
                   "[timekeeper][stop][softirq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        auto& c = *m.softirqs().of_cpu(0);
        static support::gate<TestType>* door;
        static std::atomic<bool> over;
        support::gate<TestType> held;
        door = &held, over = false;
        probe<TestType> p(m);
        p.also = [](probe<TestType>&) {
            door->pass_spinning();
            over = true;
        };
        auto task = support::call<TestType>([&] {
            m.softirqs().disable(&c);
            m.time().add(p.node, m.time().expiry(1));
            typename TestType::template atomic_ref<std::uint32_t> pending(c.pending);
            wait_until<TestType>([&] { return pending.load(acquire) != 0; });
            softirq_controller<TestType>::enable(location::current());
        });
        held.wait_until_held();
        CHECK_FALSE(m.time().stop(TestType::now()));
        std::atomic<bool> stops{false};
        auto opener = support::call<TestType>([&] {
            wait_until<TestType>([&] { return stops.load(); });
            for (unsigned round = 0; round < 100; ++round) TestType::relax(round);
            held.open();
        });
        stops = true;
        CHECK(m.time().stop());
        CHECK(over);
        task.join(), opener.join();
        REQUIRE(m.time().start("timekeeper"));
        CHECK_FALSE(m.time().del_sync(p.node));
        CHECK(p.calls == 1);
    });
}

TEMPLATE_TEST_CASE("timekeeper: a timer function that wants to sleep is reported", "[timekeeper][context]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        probe<TestType> p(m);
        p.also = [](probe<TestType>&) { context<TestType>::might_sleep("down", location::current()); };
        m.time().add(p.node, m.time().jiffies() + 1);
        wait_until<TestType>([&] { return p.calls == 1; });
        CHECK(reports::take("down: sleeping function called from invalid context"));
    });
}

TEMPLATE_TEST_CASE("timekeeper: at the machine's end an armed timer is reported", "[timekeeper][machine]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        auto m = std::make_unique<scoped_machine<TestType>>(machine_options{.cpus = 1});
        probe<TestType> p(*m);
        m->time().add(p.node, m->time().jiffies() + 3600 * hz);
        m.reset();
        CHECK(reports::take("is still armed at the machine's end"));
        CHECK(p.calls == 0);
        CHECK_FALSE(timekeeper<TestType>::was_pending(p.node));
    });
}

TEMPLATE_TEST_CASE("timekeeper: many timers, armed and moved by several, none early and none lost",
                   "[timekeeper][random]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        constexpr int n = TestType::simulated ? 20 : 200;
        struct crowd {
            std::deque<probe<TestType>> timers;
            std::vector<jiffies_t> expires;
        } crowds[2];
        const auto arm = [&m](crowd& c, unsigned seed) {
            std::mt19937 random(seed);
            for (int i = 0; i < n; ++i) {
                const jiffies_t e = m.time().jiffies() + 1 + random() % 20;
                c.expires[static_cast<std::size_t>(i)] = e;
                m.time().add(c.timers[static_cast<std::size_t>(i)].node, e);
            }
        };
        for (auto& c : crowds) {
            for (int i = 0; i < n; ++i) c.timers.emplace_back(m);
            c.expires.resize(n);
        }
        auto a = support::call<TestType>([&] { arm(crowds[0], 1); });
        auto b = support::call<TestType>([&] { arm(crowds[1], 2); });
        a.join(), b.join();
        int early = 0, late = 0;
        for (auto& c : crowds)
            for (int i = 0; i < n; ++i) {
                auto& p = c.timers[static_cast<std::size_t>(i)];
                wait_until<TestType>([&] { return p.calls == 1; });
                if (time_before(p.at, c.expires[static_cast<std::size_t>(i)])) ++early;
                if (p.at != c.expires[static_cast<std::size_t>(i)]) ++late;
            }
        CHECK(early == 0);
        if (TestType::simulated) CHECK(late == 0);
    });
}

// ---- delayed work ---------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("queue_delayed_work: runs in process context after at least the delay; in the simulator to the tick",
                   "[delayed_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        for (const jiffies_t delay : {1UL, 2UL, 7UL}) {
            INFO("delay " << delay);
            signal_once<TestType> ran;
            std::atomic<arch::ns_t> at{0};
            std::atomic<bool> process{false};
            auto item = make_delayed_work<TestType>([&] {
                at = TestType::now();
                process = context<TestType>::in_task() && !context<TestType>::in_atomic();
                ran.set();
            });
            basic_workqueue<TestType> wq{m, "demo"};
            const arch::ns_t start = TestType::now();
            CHECK(queue_delayed_work(wq, item, delay));
            CHECK(delayed_work_pending(item));
            ran.wait();
            CHECK(process);
            CHECK(at - start >= static_cast<arch::ns_t>(delay) * tick_ns);
            if (TestType::simulated) CHECK(at - start < static_cast<arch::ns_t>(delay + 1) * tick_ns + 1'000'000);
            flush_delayed_work(item);
        }
    });
}

TEMPLATE_TEST_CASE("queue_delayed_work: a handler may arm its own item, and cancel_delayed_work_sync() ends that",
                   "[delayed_work][cancel_delayed_work_sync]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        std::atomic<int> runs{0};
        basic_workqueue<TestType>* q = nullptr;
        auto item = make_delayed_work<TestType>([&](auto& self) {
            ++runs;
            queue_delayed_work(*q, self, 1);
        });
        basic_workqueue<TestType> wq{m, "demo"};
        q = &wq;
        REQUIRE(queue_delayed_work(wq, item, 1));
        wait_until<TestType>([&] { return runs >= 3; });
        cancel_delayed_work_sync(item);
        const int then = runs;
        CHECK_FALSE(delayed_work_pending(item));
        flush_workqueue(wq);
        CHECK(runs == then);
    });
}

TEMPLATE_TEST_CASE("queue_delayed_work: items run in the order of their delays", "[delayed_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        std::vector<int> order;
        signal_once<TestType> last;
        auto a = make_delayed_work<TestType>([&] { order.push_back(3), last.set(); });
        auto b = make_delayed_work<TestType>([&] { order.push_back(1); });
        auto c = make_delayed_work<TestType>([&] { order.push_back(2); });
        basic_workqueue<TestType> wq{m, "demo"};
        queue_delayed_work(wq, a, 9);
        queue_delayed_work(wq, b, 1);
        queue_delayed_work(wq, c, 5);
        last.wait();
        flush_workqueue(wq);
        CHECK(order == std::vector<int>{1, 2, 3});
    });
}

TEMPLATE_TEST_CASE("a delayed item whose timer and canceller meet runs once or not at all", "[delayed_work][race]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        int wrong = 0;
        std::atomic<int> runs{0};
        auto item = make_delayed_work<TestType>([&] { ++runs; });
        basic_workqueue<TestType> wq{m, "demo"};
        for (int i = 0; i < (TestType::simulated ? 10 : 100); ++i) {
            const int before = runs;
            queue_delayed_work(wq, item, 1);
            const arch::ns_t until = TestType::now() + tick_ns + (i % 5) * 100'000;
            wait_until<TestType>([&] { return TestType::now() >= until; });
            const bool was = cancel_delayed_work_sync(item);
            if (runs - before != (was ? 0 : 1)) ++wrong;
        }
        CHECK(wrong == 0);
    });
}
