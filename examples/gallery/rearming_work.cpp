// SPDX-License-Identifier: MIT
// 2.6: a work item that arms itself.  cancel_delayed_work() misses it while it is queued or runs, flush_scheduled_work()
// waits for that run, which arms it once more.  cancel_rearming_delayed_work() does both until there is nothing left.
//
// target: linux26 sim
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

struct battery {
    struct work_struct poll;
};
static gallery::allocated<battery> memory;

static void poll(void* data) {
    memory.touch();
    schedule_delayed_work(&static_cast<struct battery*>(data)->poll, HZ);
}

static void remove(struct battery* b) {
    if (fixed) {
        cancel_rearming_delayed_work(&b->poll);
    } else {
        cancel_delayed_work(&b->poll);
        flush_scheduled_work();
    }
    memory.free();
}

static void story() {
    struct battery* b = memory.alloc();
    INIT_WORK(&b->poll, poll, b);
    schedule_work(&b->poll);
    remove(b);
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "a work item that arms itself (2.6)", story); }
