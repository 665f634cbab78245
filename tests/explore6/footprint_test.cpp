// SPDX-License-Identifier: MIT
//
// The machine under a long exploration: what a schedule leaves behind when it fails, and the machine goes down with it.
#include "sim/footprint.hpp"

#include <stdexcept>
#include <string>

#include <linux/slab.h>
#include <linux/workqueue.h>

#include <bottomhalf/sim/actor.hpp>

namespace sim = bottomhalf::sim;
using support::check_footprint;

namespace {

sim::options of() {
    sim::options o;
    o.name = "footprint";
    o.how = sim::plan::random;
    return o;
}

struct work_struct item;
struct delayed_work later;
void nothing(struct work_struct*) {}

void queue_and_flush() {
    INIT_WORK(&item, nothing);
    INIT_DELAYED_WORK(&later, nothing);
    workqueue_struct* const wq = alloc_workqueue("card", 0, 0);
    queue_work(wq, &item);
    queue_delayed_work(wq, &later, 1);
    flush_work(&item);
    cancel_delayed_work_sync(&later);
    destroy_workqueue(wq);
}

}   // namespace

TEST_CASE("footprint: a machine in each schedule, the same memory", "[explore][footprint]") {
    SECTION("none fails") { check_footprint(of(), 500, 5'000, false, queue_and_flush); }
    SECTION("each fails, the driver has a queue, memory, and an item that is armed") {
        check_footprint(of(), 500, 5'000, true, [] {
            INIT_WORK(&item, nothing);
            INIT_DELAYED_WORK(&later, nothing);
            workqueue_struct* const wq = alloc_workqueue("card", 0, 0);
            queue_work(wq, &item);
            queue_delayed_work(wq, &later, 1);
            static_cast<void>(kmalloc(100, GFP_KERNEL));
            sim::expect(false, "it fails");
        });
    }
    SECTION("each fails, in the handler") {
        check_footprint(of(), 500, 5'000, true, [] {
            INIT_WORK(&item, [](struct work_struct*) { sim::expect(false, "it fails"); });
            schedule_work(&item);
            flush_work(&item);
        });
    }
    SECTION("the handler throws in each") {
        check_footprint(of(), 500, 5'000, true, [] {
            INIT_WORK(&item, [](struct work_struct*) { throw std::runtime_error(std::string(1'000, '!')); });
            schedule_work(&item);
            flush_work(&item);
        });
    }
}
