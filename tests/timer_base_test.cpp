// SPDX-License-Identifier: MIT
//
// A base of timers per CPU: they run side by side, but none beside itself, wherever it is armed meanwhile.

#include <bottomhalf/timekeeper.hpp>

#include <atomic>
#include <cstdint>
#include <string>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::on_engine;
using support::reports;
using support::wait_until;

namespace {

template <class Arch>
struct probe {
    timer_node node;   // first: the function gets its address
    timekeeper<Arch>* time = nullptr;
    std::atomic<int> calls{0}, cpu{-1};
    std::atomic<jiffies_t> at{0};
    std::string thread;
    support::gate<Arch>* held = nullptr;   // the first call stays in it
    void (*also)(probe&) = nullptr;

    explicit probe(timekeeper<Arch>& t, std::uint32_t flags = 0) : time(&t) {
        node.function = &fire;
        node.flags = flags;
    }
    static void fire(timer_node* t) {
        auto& self = *reinterpret_cast<probe*>(t);
        char comm[arch::comm_len];
        Arch::thread_name(comm);
        self.thread = comm;
        self.at = self.time->jiffies();
        self.cpu = Arch::current().cpu;
        if (self.held != nullptr && self.calls == 0) self.held->pass_spinning();
        if (self.also != nullptr) self.also(self);
        ++self.calls;
    }
    void wait_for(int n) {
        wait_until<Arch>([&] { return calls >= n; });
    }
};

/// A clock of two CPUs without a machine around it.
template <class Arch>
struct two_cpus : timekeeper<Arch> {
    two_cpus() : timekeeper<Arch>(timer_precision::exact, 2) { REQUIRE(this->start("timekeeper")); }
    ~two_cpus() { CHECK(this->stop()); }
    jiffies_t in(jiffies_t ticks) { return this->jiffies() + ticks; }
};

/// Returns once a timer that is armed on `cpu` now has fired, a tick after `ticks` more: what was armed there for earlier
/// than that has had its chance.
template <class Arch>
void let_others_fire(two_cpus<Arch>& time, unsigned cpu, jiffies_t ticks) {
    probe<Arch> later(time);
    time.add(later.node, time.in(ticks + 1), cpu);
    later.wait_for(1);
    time.del_sync(later.node);
}

}   // namespace

TEMPLATE_TEST_CASE("timers: the functions of two CPUs run at the same time", "[timer_base]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        probe<TestType> a(time), b(time);
        static std::atomic<int> inside;
        inside = 0;
        a.also = b.also = [](probe<TestType>&) {   // each waits for the other
            ++inside;
            wait_until<TestType>([] { return inside == 2; });
        };
        time.add(a.node, time.in(1), 0);
        time.add(b.node, time.in(1), 1);
        a.wait_for(1), b.wait_for(1);
        CHECK_FALSE(time.del_sync(a.node));
        CHECK_FALSE(time.del_sync(b.node));
        CHECK(a.cpu == 0);
        CHECK(b.cpu == 1);
        CHECK(a.thread == "ktimers/0");
        CHECK(b.thread == "ktimers/1");
    });
}

TEMPLATE_TEST_CASE("timers: one whose function is stuck holds up those of its own CPU, and no others", "[timer_base]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        support::gate<TestType> held;
        probe<TestType> stuck(time), same(time), other(time);
        stuck.held = &held;
        time.add(stuck.node, time.in(0), 0);
        held.wait_until_held();
        time.add(same.node, time.in(1), 0);
        time.add(other.node, time.in(1), 1);   // the first that its CPU ever has: somebody starts its thread
        other.wait_for(1);
        let_others_fire(time, 1, 3);
        CHECK(same.calls == 0);
        CHECK(stuck.calls == 0);
        held.open();
        same.wait_for(1);
        CHECK(stuck.calls == 1);
        for (auto* p : {&stuck, &same, &other}) time.del_sync(p->node);
    });
}

TEMPLATE_TEST_CASE("timers: one whose function runs is armed there, from whatever CPU, and does not run beside itself",
                   "[timer_base]", BOTTOMHALF_ENGINES) {
    const auto check = []<class Arm>(Arm arm) {
        on_engine<TestType>([arm] {
            two_cpus<TestType> time;
            support::gate<TestType> held;
            probe<TestType> p(time);
            p.held = &held;
            time.add(p.node, time.in(0), 0);
            held.wait_until_held();
            arm(time, p);
            CHECK(time.was_pending(p.node));
            let_others_fire(time, 1, 2);
            CHECK(p.calls == 0);   // it would have run by now, and this is the first to end
            held.open();
            p.wait_for(2);
            CHECK(p.cpu == 0);
            CHECK_FALSE(time.del_sync(p.node));
            time.add(p.node, time.in(1), 1);   // from now on it may move
            p.wait_for(3);
            CHECK(p.cpu == 1);
            time.del_sync(p.node);
        });
    };
    check([](two_cpus<TestType>& time, probe<TestType>& p) { CHECK(time.add(p.node, time.in(1), 1)); });
    check([](two_cpus<TestType>& time, probe<TestType>& p) { CHECK_FALSE(time.mod(p.node, time.in(1), 1)); });
    check([](two_cpus<TestType>& time, probe<TestType>& p) {   // armed, and moved
        CHECK_FALSE(time.mod(p.node, time.in(3600 * hz), 0));
        CHECK(time.mod(p.node, time.in(1), 1));
    });
    check([](two_cpus<TestType>& time, probe<TestType>& p) {   // likewise, taken off and armed again
        time.add(p.node, time.in(3600 * hz), 1);
        CHECK(time.del(p.node));
        time.add(p.node, time.in(1), 1);
    });
}

TEMPLATE_TEST_CASE("mod: takes an armed timer along to another CPU, there and back", "[timer_base][mod]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        probe<TestType> p(time);
        for (const bool settled : {false, true}) {
            CHECK(time.add(p.node, time.in(3600 * hz), 0));
            if (settled) CHECK(time.holds(p.node));
            CHECK(time.mod(p.node, time.in(1800 * hz), 1));
            if (settled) CHECK(time.holds(p.node));
            CHECK(time.mod(p.node, time.in(900 * hz), 0));
            CHECK(time.mod(p.node, time.in(1), 1));
            p.wait_for(settled ? 2 : 1);
            CHECK(p.cpu == 1);
            CHECK_FALSE(time.mod(p.node, time.in(3600 * hz), 1));
            CHECK(time.mod(p.node, time.in(1800 * hz), 1, timer_mod::reduce));
            CHECK(time.mod(p.node, time.in(3600 * hz), 0, timer_mod::reduce));   // stays: later
            int n = 0;
            time.for_each([&](timer_node& each) { n += &each == &p.node ? 1 : 100; });
            CHECK(n == 1);
            CHECK(time.mod(p.node, time.in(1800 * hz), 0, timer_mod::pending));
            CHECK(time.del(p.node));
            CHECK_FALSE(time.mod(p.node, time.in(1), 0, timer_mod::pending));
            CHECK_FALSE(time.del_sync(p.node));
        }
        CHECK(p.calls == 2);
    });
}

TEMPLATE_TEST_CASE("del_sync: waits for a function on another CPU, from a thread and from a timer",
                   "[timer_base][del_sync]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        support::gate<TestType> held;
        probe<TestType> target(time), deleter(time);
        static probe<TestType>* victim;
        static std::atomic<int> calls_then;
        static std::atomic<bool> own;
        victim = &target, calls_then = -1, own = true;
        target.held = &held;
        deleter.also = [](probe<TestType>& self) {
            own = self.time->is_own_function(victim->node) || !self.time->is_own_function(self.node);
            self.time->del_sync(victim->node);
            calls_then = victim->calls.load();
        };
        time.add(target.node, time.in(0), 1);
        held.wait_until_held();
        std::atomic<int> calls_there{-1};
        auto thread = support::call<TestType>([&] { time.del_sync(target.node), calls_there = target.calls.load(); });
        time.add(deleter.node, time.in(0), 0);
        wait_until<TestType>([&] { return time.is_running(deleter.node); });
        CHECK(time.is_running(target.node));
        CHECK_FALSE(time.is_own_function(target.node));
        CHECK(time.try_del_sync(target.node) == -1);
        CHECK(calls_then == -1);
        CHECK(calls_there == -1);
        held.open();
        thread.join();
        deleter.wait_for(1);
        CHECK(calls_then == 1);
        CHECK(calls_there == 1);
        CHECK_FALSE(own);
        time.del_sync(deleter.node);
    });
}

TEMPLATE_TEST_CASE("shut_down: nobody arms the timer any more, and whoever tries leaves it idle",
                   "[timer_base][shut_down]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        constexpr int rounds = TestType::simulated ? 5 : 300;
        for (int i = 0; i < rounds; ++i) {
            probe<TestType> p(time);
            std::atomic<bool> stop{false};
            auto arms = support::call<TestType>([&] {
                for (unsigned n = 0; !stop; ++n) {
                    time.mod(p.node, time.in(3600 * hz + n % 3), n % 2);
                    if (n % 5 == 0) time.del(p.node), time.add(p.node, time.in(3600 * hz), n % 2);
                    TestType::relax(0);
                }
            });
            wait_until<TestType>([&, n = 0]() mutable { return ++n > i % 7; });
            time.shut_down(p.node);
            const bool pending = time.was_pending(p.node) && time.holds(p.node);
            const bool armed = time.mod(p.node, time.in(1)) || time.add(p.node, time.in(1));
            stop = true;
            arms.join();
            CHECK_FALSE(pending);
            CHECK_FALSE(armed);
            CHECK_FALSE(time.was_pending(p.node));
            CHECK(p.calls == 0);
            time.del_sync(p.node);
        }
    });
}

TEMPLATE_TEST_CASE("timers: where no thread can be had they fire all the same, and it is said", "[timer_base][start]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        TestType::spawn_budget(0);
        probe<TestType> a(time), b(time);
        for (const bool again : {false, true}) {
            const jiffies_t expires = time.in(2);
            time.add(a.node, expires, 0);
            time.add(b.node, time.in(3), 1);
            a.wait_for(again ? 2 : 1), b.wait_for(again ? 2 : 1);
            CHECK(time_after_eq(a.at, expires));
            CHECK(a.cpu == 0);
            CHECK(b.cpu == 1);
            if (TestType::simulated) CHECK(a.at == expires);
        }
        CHECK(reports::take("no thread for the timers of CPU 0"));
        CHECK(reports::take("no thread for the timers of CPU 1"));
        TestType::spawn_budget(-1);
        CHECK(time.stop());
        REQUIRE(time.start("timekeeper"));   // and asks for threads again
        time.add(b.node, time.in(1), 1);
        b.wait_for(3);
        CHECK(b.thread == "ktimers/1");
        for (auto* p : {&a, &b}) time.del_sync(p->node);
    });
}

TEST_CASE("jiffies: move while the timekeeper's own thread is in a function that waits for them",
          "[timer_base][start]") {
    using threads = arch::threads;
    if (BOTTOMHALF_TSAN) return;   // there no signal is taken within a loop that calls nothing
    static volatile unsigned long cell = initial_jiffies;
    static timekeeper<threads> time;
    reports listening;
    REQUIRE(time.start("timekeeper"));
    time.keep_jiffies(cell);
    threads::spawn_budget(0);
    probe<threads> p(time);
    p.also = [](probe<threads>&) {
        const unsigned long begin = cell;
        while (cell - begin < 5) {}
    };
    time.add(p.node, time.jiffies() + 1);
    p.wait_for(1);
    threads::spawn_budget(-1);
    CHECK(reports::take("no thread for the timers of CPU 0"));
    CHECK_FALSE(time.del_sync(p.node));
    CHECK(time.stop());
    threads::follow_time(nullptr, nullptr);
}

TEST_CASE("timers: the kernel's wheel is as late as it always is, also after it has slept for long",
          "[timer_base][v6]") {
    using sim = arch::sim;
    on_engine<sim>([] {
        timekeeper<sim> time(timer_precision::v6);
        REQUIRE(time.start("timekeeper"));
        probe<sim> p(time);
        for (int i = 1; i <= 6; ++i) {
            std::uint32_t never = 0;
            sim::park(never, 0, time.clock().when(time.jiffies() + 5000), "a test");
            const jiffies_t expires = time.jiffies() + 20;
            if (i % 3 == 0) time.mod(p.node, expires + 30);
            if (i % 2 == 0) time.add(p.node, expires);
            time.mod(p.node, expires);
            p.wait_for(i);
            CHECK(p.at == expires + 1);
        }
        CHECK_FALSE(time.del_sync(p.node));
        CHECK(time.stop());
    });
}

TEMPLATE_TEST_CASE("stop, start: what is armed meanwhile, on whatever CPU, fires afterwards", "[timer_base][stop]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        probe<TestType> a(time), b(time);
        for (int i = 1; i <= 3; ++i) {
            CHECK(time.stop());
            time.add(a.node, time.in(1), 0);
            time.add(b.node, time.in(0), 1);
            REQUIRE(time.start("timekeeper"));
            a.wait_for(i), b.wait_for(i);
        }
        for (auto* p : {&a, &b}) time.del_sync(p->node);
    });
}

TEMPLATE_TEST_CASE("stop: ends a thread, too, that is being hired meanwhile", "[timer_base][stop]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        probe<TestType> a(time), b(time);
        time.add(a.node, time.in(3600 * hz), 0);
        time.add(b.node, time.in(3600 * hz), 1);
        for (unsigned i = 0; i < (TestType::simulated ? 100U : 500U); ++i) {
            CHECK(time.stop());
            REQUIRE(time.start("timekeeper"));   // asks for their threads
            for (unsigned steps = i; steps != 0; --steps) TestType::simulated ? TestType::step() : TestType::relax(0);
        }
        CHECK(time.del(a.node));
        CHECK(time.del(b.node));
    });
}

// ---- deferrable -----------------------------------------------------------------------------------------------------

TEST_CASE("a deferrable timer: alone it fires a second late, with another timer at that one's time",
          "[timer_base][deferrable]") {
    using sim = arch::sim;
    for (const timer_precision precision : {timer_precision::exact, timer_precision::v2_6, timer_precision::v6}) {
        on_engine<sim>([precision] {
            timekeeper<sim> time(precision, 2);
            REQUIRE(time.start("timekeeper"));
            const jiffies_t late = precision == timer_precision::v6 ? 1 : 0;   // as late as it always is
            for (const jiffies_t delay : {1UL, 3UL, 40UL}) {
                INFO("delay " << delay);
                probe<sim> alone(time, timer_deferrable);
                const jiffies_t expires = time.jiffies() + delay;
                time.add(alone.node, expires, 1);
                alone.wait_for(1);
                CHECK(alone.at == expires + late + hz);

                probe<sim> moved(time, timer_deferrable);
                const jiffies_t sooner = time.jiffies() + delay;
                time.add(moved.node, sooner + 70, 1);
                CHECK(time.mod(moved.node, sooner, 1));
                moved.wait_for(1);
                CHECK(moved.at == sooner + late + hz);
                time.del_sync(moved.node);

                probe<sim> lazy(time, timer_deferrable), before(time), with(time), elsewhere(time);
                const jiffies_t now = time.jiffies();
                time.add(lazy.node, now + delay, 1);
                if (delay > 1) time.add(before.node, now + delay - 1, 1);   // too early for it
                time.add(elsewhere.node, now + delay + 1, 0);               // another CPU's
                time.mod(with.node, now + delay + 7, 1);
                lazy.wait_for(1), with.wait_for(1), elsewhere.wait_for(1);
                CHECK(lazy.at == with.at);
                for (auto* p : {&alone, &lazy, &before, &with, &elsewhere}) time.del_sync(p->node);
            }
            // Far away, where a timer moves through the wheel before it fires.
            if (precision != timer_precision::v6) {
                probe<sim> far(time, timer_deferrable);
                const jiffies_t expires = time.jiffies() + 5000;
                time.add(far.node, expires, 0);
                far.wait_for(1);
                CHECK(far.at == expires + hz);
                time.del_sync(far.node);
            }
            CHECK(time.stop());
        });
    }
}

TEMPLATE_TEST_CASE("a deferrable timer: can be moved, made earlier, taken off, and found", "[timer_base][deferrable]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        two_cpus<TestType> time;
        probe<TestType> p(time, timer_deferrable), other(time);
        CHECK(time.add(p.node, time.in(3600 * hz), 0));
        CHECK(time.holds(p.node));
        CHECK(time.mod(p.node, time.in(1800 * hz), 1));
        CHECK(time.holds(p.node));
        CHECK(time.del(p.node));
        CHECK_FALSE(time.holds(p.node));
        CHECK_FALSE(time.mod(p.node, time.in(3600 * hz), 1));
        const jiffies_t expires = time.in(2);
        CHECK(time.mod(p.node, expires, 1));
        time.add(other.node, time.in(4), 1);
        p.wait_for(1);
        CHECK(time_after_eq(p.at, expires));
        CHECK_FALSE(time.del_sync(p.node));
        CHECK_FALSE(time.mod(p.node, time.in(3600 * hz), 1));
        CHECK(time.stop());   // a thread that is there would fire what is made due to be found
        int armed = 0;
        time.disarm_all([&](timer_node& t, std::uint32_t flags) {
            if (&t == &p.node && (flags & timer_deferrable) != 0) ++armed;
        });
        CHECK(armed == 1);
        CHECK_FALSE(time.was_pending(p.node));
        time.del_sync(other.node);
    });
}

TEST_CASE("a deferrable timer: fires at a tick, while anybody is awake to read jiffies", "[timer_base][deferrable]") {
    using threads = arch::threads;
    static volatile unsigned long cell = initial_jiffies;
    static timekeeper<threads> time(timer_precision::exact, 2);
    REQUIRE(time.start("timekeeper"));
    time.keep_jiffies(cell);
    bool early = false, in_time = false;
    // Of several, in case that this machine has no time for us: a second late is all that it can be made wait.
    for (unsigned i = 0; i < 10 && !in_time; ++i) {
        probe<threads> p(time, timer_deferrable);
        const jiffies_t expires = time.jiffies() + 2;
        time.add(p.node, expires, i % 2);
        p.wait_for(1);
        early = early || time_before(p.at, expires);
        in_time = time_before(p.at, expires + hz);
        time.del_sync(p.node);
    }
    CHECK_FALSE(early);
    CHECK(in_time);
    CHECK(time.stop());
    threads::follow_time(nullptr, nullptr);
}
