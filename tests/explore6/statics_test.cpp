// SPDX-License-Identifier: MIT
//
// sim/statics.hpp under the facade: items, counters and per-CPU variables of a driver that has no probe function to make them
// anew.
#include "support/catch.hpp"

#include <linux/ioport.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace sim = bottomhalf::sim;

namespace {

int runs;
void my_handler(struct work_struct*) { ++runs; }
DECLARE_WORK(my_work, my_handler);
DEFINE_SPINLOCK(my_lock);
DEFINE_PER_CPU(int, my_count);
LIST_HEAD(my_devices);

sim::options quick(bool statics) {
    sim::options o;
    o.name = "statics";
    o.how = sim::plan::random;
    o.schedules = 40;
    o.statics = statics;
    o.stops = false;
    o.shrinks = false;
    return o;
}
/// Each of the schedules fails, while the driver has everything in its hands.
int failures_of(bool statics, void (*body)()) {
    const auto r = sim::explore(quick(statics), body);
    CHECK(r.failures == r.schedules);
    return static_cast<int>(r.what.find("at the end") != std::string::npos);   // of the one that is shown
}

}   // namespace

TEST_CASE("an item that a schedule leaves pending is idle in the next one", "[statics]") {
    const auto body = [] {
        sim::expect(schedule_work(&my_work), "it was pending");
        sim::expect(false, "at the end");
    };
    CHECK(failures_of(true, body) == 1);
    CHECK(work_pending(&my_work) == 0);
    CHECK(failures_of(false, body) == 0);
    INIT_WORK(&my_work, my_handler);
}

TEST_CASE("a static lock that a schedule leaves held is free in the next one", "[statics]") {
    CHECK(failures_of(true, [] {
              sim::expect(spin_trylock(&my_lock) != 0, "it was held");
              sim::expect(false, "at the end");
          }) == 1);
}

TEST_CASE("per-CPU variables have what they began with on each CPU", "[statics]") {
    per_cpu(my_count, 1) = 5;
    CHECK(sim::explore(
        quick(true), [] { sim::expect(++per_cpu(my_count, 0) == 1 && ++per_cpu(my_count, 1) == 6, "as they were"); }));
    CHECK(per_cpu(my_count, 1) == 5);
}

TEST_CASE("what the facade keeps for a driver is given up with the schedule", "[statics]") {
    CHECK(failures_of(true, [] {
              sim::expect(request_region(0x300, 8, "mine") != nullptr, "it was claimed");
              sim::expect(false, "at the end");
          }) == 1);
    static struct late {
        struct rcu_head rcu;
        int n;
    } one;
    CHECK(failures_of(true, [] {
              one.n = 0;
              call_rcu(&one.rcu, [](struct rcu_head* h) { ++container_of(h, late, rcu)->n; });
              rcu_barrier();
              sim::expect(one.n == 1, "it was not called");
              call_rcu(&one.rcu, [](struct rcu_head*) {});
              sim::expect(false, "at the end");
          }) == 1);
}
