// SPDX-License-Identifier: MIT
// Before a module goes, its work must be at rest: flush_scheduled_work() does not wait for an item whose delay is not
// up, and cancel_delayed_work() does not take back one that is queued.  Hence both, in this order.
//
//   on its timer: cancelled 1, runs 0
//   queued or done: cancelled 0, runs 1
//
// target: linux26
// expect: on its timer: cancelled 1, runs 0.*queued or done: cancelled 0, runs 1
#include <linux/kernel.h>
#include <linux/workqueue.h>

static int runs;
static void handler(void*) { runs++; }
static DECLARE_WORK(my_work, handler, NULL);

static int bring_to_rest() {
    int cancelled = cancel_delayed_work(&my_work);   // from here on it is idle, queued, or running,
    flush_scheduled_work();                          // and from here on it is idle
    return cancelled;
}

int main() {
    schedule_delayed_work(&my_work, 60 * HZ);
    int cancelled = bring_to_rest();
    printk(KERN_INFO "on its timer: cancelled %d, runs %d\n", cancelled, runs);

    schedule_work(&my_work);
    cancelled = bring_to_rest();
    printk(KERN_INFO "queued or done: cancelled %d, runs %d\n", cancelled, runs);
}
