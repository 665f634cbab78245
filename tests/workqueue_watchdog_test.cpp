// SPDX-License-Identifier: MIT
//
// A pool that does not come on is named, and one that does is not.

#include <bottomhalf/bottomhalf.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>

#include <bottomhalf/jiffies_cell.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using engine = arch::threads;
using support::gate;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

namespace {

constexpr arch::ns_t ms = 1'000'000;

/// Sleeps where the library sees it, so that all are asleep, and the tick rests.
template <class F>
void doze_until(F condition) {
    std::uint32_t never = 0;
    while (!condition()) detail::block<engine>(never, 0, engine::now() + 20 * ms, "a test");
}

}   // namespace

TEST_CASE("watchdog: a thread of its own queue that waits for what does not come", "[watchdog]") {
    on_engine<engine>([] {
        machine m{{.cpus = 2, .watchdog_thresh = 30 * ms}};
        detail::keep_jiffies(m.time(), on_threads::jiffies);
        workqueue wq{m, "stuck"};
        gate<engine> held;
        auto first = make_work<engine>([&] { held.pass(); });
        auto second = make_work<engine>([] {});
        queue_work_on(1, wq, first);
        held.wait_until_held();
        queue_work_on(1, wq, second);
        doze_until([] { return reports::find(" hung=") != nullptr; });   // the last line of it
        CHECK(reports::take("wq_watchdog_timer_fn: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for "));
        // And who is stuck where.
        CHECK(reports::take("Showing busy workqueues and worker pools:"));
        CHECK(reports::take("workqueue stuck: flags=0x0"));
        CHECK(reports::take("cpus=1 node=0 flags=0x0 nice=0 active=2 refcnt=3"));
        CHECK(reports::take("    in-flight: "));
        CHECK(reports::take("    pending: "));
        held.open();
        flush_workqueue(wq);
        reports::rest();   // it may have said so again
    });
}

TEST_CASE("watchdog: one that computes for ever", "[watchdog]") {
    on_engine<engine>([] {
        machine m{{.cpus = 1, .watchdog_thresh = 30 * ms}};
        detail::keep_jiffies(m.time(), on_threads::jiffies);
        workqueue wq{m, "stuck"};
        gate<engine> held;
        auto first = make_work<engine>([&] { held.pass_spinning(); });
        auto second = make_work<engine>([] {});
        queue_work_on(0, wq, first);
        held.wait_until_held();
        queue_work_on(0, wq, second);
        wait_until<engine>([] { return reports::find(" hung=") != nullptr; });   // the last line of it
        CHECK(reports::find("in-flight: ") != nullptr);
        held.open();
        flush_workqueue(wq);
        reports::rest();
    });
}

TEST_CASE("watchdog: what waits for less than that is not reported", "[watchdog]") {
    on_engine<engine>([] {   // which finds fault with any report
        machine m{{.cpus = 1, .watchdog_thresh = 3'600'000 * ms}};
        detail::keep_jiffies(m.time(), on_threads::jiffies);
        workqueue wq{m, "slow"};
        gate<engine> held;
        auto first = make_work<engine>([&] { held.pass(); });
        auto second = make_work<engine>([] {});
        queue_work(wq, first);
        held.wait_until_held();
        queue_work(wq, second);
        const jiffies_t begin = m.time().jiffies();
        wait_until<engine>([&] { return m.time().jiffies() - begin > 10; });   // it has looked,
        doze_until([&] { return m.time().jiffies() - begin > 40; });           // and before it rested
        held.open();
        flush_workqueue(wq);
    });
}

TEST_CASE("watchdog: it looks while queues of each kind come", "[watchdog]") {
    on_engine<engine>([] {
        machine m{{.cpus = 2, .watchdog_thresh = ms}};   // so it looks at every tick
        detail::keep_jiffies(m.time(), on_threads::jiffies);
        for (queue_kind kind :
             {queue_kind::per_cpu, queue_kind::single_thread, queue_kind::bound, queue_kind::unbound, queue_kind::bh})
            for (std::uint32_t flags : {std::uint32_t{0}, std::uint32_t{wq_flag::highpri}}) {
                auto* wq = m.create_queue("new", kind, 0, nullptr, location::current(), flags);
                REQUIRE(wq != nullptr);
                // Nothing but a relaxed load: it must not need our help to see what we made.
                const auto then = m.time().jiffies();
                while (m.time().jiffies() - then < 3) engine::relax(0);
                m.destroy_queue(wq, location::current());
            }
    });
}

TEST_CASE("watchdog: it is as long as nothing begins, and something waits", "[watchdog]") {
    on_engine<engine>([] {
        machine m{{.cpus = 1, .watchdog_thresh = 0}};
        workqueue wq{m, "slow"};
        gate<engine> one, two;
        auto first = make_work<engine>([&] { one.pass(); });
        auto second = make_work<engine>([&] { two.pass(); });
        auto third = make_work<engine>([] {});
        worker_pool<engine>* pool = nullptr;
        m.for_each_queue([&](auto& q) {
            if (std::string(q.name) == "slow") pool = q.link(0).pool;
        });
        REQUIRE(pool != nullptr);
        const auto stuck_for = [&](arch::ns_t now, bool anew = false) {
            detail::irq_lock<engine> g(pool->lock);
            return pool->stuck_for(now, anew);
        };
        CHECK(stuck_for(100) == 0);   // nothing waits
        CHECK(stuck_for(200) == 0);
        queue_work(wq, first);
        one.wait_until_held();
        CHECK(stuck_for(300) == 0);   // it runs, and nobody waits for it
        CHECK(stuck_for(400) == 0);
        queue_work(wq, second);
        CHECK(stuck_for(500) == 0);
        CHECK(stuck_for(600) == 100);
        CHECK(stuck_for(900) == 400);
        CHECK(cancel_work(second));   // it does not wait any more,
        queue_work(wq, second);       // and has just come
        CHECK(stuck_for(930) == 0);
        CHECK(stuck_for(940) == 10);
        CHECK(stuck_for(930 + 70) == 70);
        queue_work(wq, third);   // what comes behind changes nothing
        CHECK(stuck_for(1050) == 120);
        one.open();
        two.wait_until_held();
        CHECK(stuck_for(1100) == 0);   // it has moved on
        CHECK(stuck_for(1300) == 200);
        CHECK(stuck_for(9000, true) == 0);   // nobody has looked meanwhile
        CHECK(stuck_for(9100) == 100);
        two.open();
        flush_workqueue(wq);
        CHECK(stuck_for(9200) == 0);
    });
}

TEST_CASE("watchdog: an item after the other is no lockup, however long it goes on", "[watchdog]") {
    on_engine<engine>([] {
        machine m{{.cpus = 1, .watchdog_thresh = 0}};
        workqueue wq{m, "busy"};
        gate<engine> held[2];
        auto a = make_work<engine>([&] { held[0].pass(); });
        auto b = make_work<engine>([&] { held[1].pass(); });
        auto last = make_work<engine>([] {});
        worker_pool<engine>* pool = nullptr;
        m.for_each_queue([&](auto& q) {
            if (std::string(q.name) == "busy") pool = q.link(0).pool;
        });
        queue_work(wq, a), queue_work(wq, b), queue_work(wq, last);
        arch::ns_t longest = 0;
        for (unsigned i = 0; i < 2; ++i) {
            held[i].wait_until_held();
            detail::irq_lock<engine> g(pool->lock);
            for (arch::ns_t now = 1000 * (i + 1); now < 1000 * (i + 2); now += 100)
                longest = std::max(longest, pool->stuck_for(now));
            held[i].open();
        }
        CHECK(longest == 900);
        flush_workqueue(wq);
    });
}

TEST_CASE("watchdog: how long is told by the environment", "[watchdog]") {
    reports listening;
    ::unsetenv("BOTTOMHALF_WATCHDOG_THRESH");
    CHECK(machine_options::default_watchdog() == 30'000 * ms);
    ::setenv("BOTTOMHALF_WATCHDOG_THRESH", "5", 1);
    CHECK(machine_options::default_watchdog() == 5'000 * ms);
    ::setenv("BOTTOMHALF_WATCHDOG_THRESH", "0", 1);
    CHECK(machine_options::default_watchdog() == 0);
    for (const char* bad : {"5s", "-1", "soon", "99999999999999"}) {
        ::setenv("BOTTOMHALF_WATCHDOG_THRESH", bad, 1);
        CHECK(machine_options::default_watchdog() == 30'000 * ms);
        CHECK(reports::take("is no number of seconds"));
    }
    ::unsetenv("BOTTOMHALF_WATCHDOG_THRESH");
}
