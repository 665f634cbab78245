// SPDX-License-Identifier: MIT
// Later instead of now: any work item can be scheduled with a delay, in jiffies of 1/HZ s.  The article waits for 5*HZ;
// here it is 5 ticks.  "At least" is kept in real time, too.
//
//   scheduled: 1, while it waits: 0
//   ran, 5 jiffies later or more
//
// target: linux26
// expect: scheduled: 1, while it waits: 0.*ran, 5 jiffies later or more
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>

static unsigned long ran_at;
static DECLARE_COMPLETION(done);
static void handler(void*) {
    ran_at = jiffies;
    complete(&done);
}
static DECLARE_WORK(my_work, handler, NULL);

int main() {
    if (!keventd_up()) return 1;   // boots the machine: before that, nobody counts jiffies
    unsigned long start = jiffies;
    int first = schedule_delayed_work(&my_work, 5);
    int second = schedule_delayed_work(&my_work, 5 * HZ);   // pending already: it keeps its time
    printk(KERN_INFO "scheduled: %d, while it waits: %d\n", first, second);

    wait_for_completion(&done);
    printk(KERN_INFO "ran, %s\n", time_after_eq(ran_at, start + 5) ? "5 jiffies later or more" : "TOO EARLY");
    flush_scheduled_work();
}
