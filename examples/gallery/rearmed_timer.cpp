// SPDX-License-Identifier: MIT
// A timer queues work, and the work arms the timer.  remove() stops one, then the other, and the second has started the
// first again.  That is what timer_shutdown_sync() is for.
//
// target: linux sim
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

struct phy {
    struct timer_list poll;
    struct work_struct report;
};
static gallery::allocated<phy> memory;

static void poll(struct timer_list* t) {
    memory.touch();
    schedule_work(&from_timer(static_cast<struct phy*>(nullptr), t, poll)->report);
}
static void report(struct work_struct* work) {
    memory.touch();
    mod_timer(&container_of(work, struct phy, report)->poll, jiffies + HZ);
}

static void remove(struct phy* phy) {
    if (fixed)
        timer_shutdown_sync(&phy->poll);
    else
        timer_delete_sync(&phy->poll);
    cancel_work_sync(&phy->report);
    memory.free();
}

static void story() {
    struct phy* phy = memory.alloc();
    timer_setup(&phy->poll, poll, 0);
    INIT_WORK(&phy->report, report);
    mod_timer(&phy->poll, jiffies + 1);
    schedule_work(&phy->report);   // what the link is now
    remove(phy);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "a timer that is armed again by the work it queues", story);
}
