// SPDX-License-Identifier: MIT
//
// The machine under an exploration: it is up before the body, and no schedule is decided by what another has left.
#include "support/catch.hpp"

#include <cstdint>

#include <linux/interrupt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace sim = bottomhalf::sim;

namespace {

sim::options of(std::uint64_t schedules, sim::plan how = sim::plan::random) {
    sim::options o;
    o.name = "machine";
    o.schedules = schedules;
    o.how = how;
    return o;
}

struct work_struct item;
void nothing(struct work_struct*) {}

}   // namespace

TEST_CASE("jiffies, the system's queues and who takes interrupts are there before the body", "[explore][boot]") {
    bool up = true, ticks = true, queues = true, events = true;
    const auto r = sim::explore(of(20), [&] {
        auto& m = bottomhalf::default_machine_of<bottomhalf::arch::sim>();
        up = up && m.is_up();
        ticks = ticks && m.time().keeps_jiffies();
        events = events && m.events_if_up() != nullptr;
        unsigned n = 0;
        m.for_each_queue([&](auto& q) {
            n += bottomhalf::linux6::impl::is_system(static_cast<workqueue_struct*>(const_cast<void*>(q.tag)));
        });
        queues = queues && n == 11;
    });
    CHECK(r);
    CHECK(up);
    CHECK(ticks);
    CHECK(queues);
    CHECK(events);
}

TEST_CASE("a body that leaves nothing to choose has one schedule", "[explore][boot]") {
    auto o = of(1'000, sim::plan::bounded);
    o.time_passes = false;
    const auto r = sim::explore(o, [] { sim::expect(jiffies_to_msecs(5) != 0, "as planned"); });
    CHECK(r);
    CHECK(r.exhausted);
    CHECK(r.schedules == 1);
}

TEST_CASE("queues that come and go, and where a thread belongs, are the same in each schedule", "[explore][boot]") {
    const auto how = GENERATE(sim::plan::random, sim::plan::bounded);
    const auto r = sim::explore(of(600, how), [] {
        struct workqueue_struct* wq = alloc_workqueue("of one body", 0, 0);
        INIT_WORK(&item, nothing);
        sim::actor other("other", [] { schedule_work(&item); });   // on the CPU that it is given
        queue_work(wq, &item);
        flush_work(&item);
        other.join();
        flush_work(&item);
        destroy_workqueue(wq);
    });
    INFO(r);
    CHECK(r);
    CHECK(r.schedules == 600);
}

TEST_CASE("machines that were abandoned do not use up anything", "[explore][boot]") {
    auto o = of(5'000);   // each has a dozen pools, of 32,768 that there may be
    o.stops = o.shrinks = false;
    const auto r = sim::explore(o, [] {
        INIT_WORK(&item, nothing);
        schedule_work(&item);
        struct workqueue_struct* wq = alloc_workqueue("lost", 0, 0);
        sim::expect(wq != nullptr, "there are no more");
        sim::expect(false, "as planned");
    });
    CHECK(r.failures == r.schedules);
    const auto after = sim::explore(of(10), [] {
        struct workqueue_struct* wq = alloc_workqueue("after them", 0, 0);
        sim::expect(wq != nullptr, "there are no more");
        destroy_workqueue(wq);
    });
    INFO(after);
    CHECK(after);
}

TEST_CASE("who spins for a lock does not keep its holder from running, whatever time does", "[explore][spin]") {
    const auto how = GENERATE(sim::plan::pct, sim::plan::random);
    auto o = of(1'500, how);
    o.max_steps = 20'000;
    const auto r = sim::explore(o, [] {
        static spinlock_t lock;
        spin_lock_init(&lock);
        const auto body = [] {
            for (int i = 0; i < 3; ++i) spin_lock(&lock), spin_unlock(&lock);
        };
        sim::actor one("one", body);
        sim::actor sleeper("sleeper", [] { schedule_timeout_uninterruptible(3); });
        body();
    });
    INFO(r);
    CHECK(r);
}
