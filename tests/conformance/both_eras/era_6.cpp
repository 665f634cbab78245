// SPDX-License-Identifier: MIT
#include <linux/jiffies.h>
#include <linux/workqueue.h>

struct pair {
    int runs;
    struct work_struct work;
    struct delayed_work later;
};
static struct pair dev;

static void handler(struct work_struct*) { dev.runs++; }
static DECLARE_WORK(declared, handler);

int era_6(unsigned long* jiffies_seen);
int era_6(unsigned long* jiffies_seen) {
    struct workqueue_struct* wq = alloc_ordered_workqueue("both", 0);
    if (wq == nullptr) return -1;
    dev.runs = 0;
    INIT_WORK(&dev.work, handler);
    INIT_DELAYED_WORK(&dev.later, handler);
    for (int i = 0; i < 10; ++i) {
        queue_work(wq, &dev.work);
        queue_work(wq, &declared);
        queue_delayed_work(wq, &dev.later, 1);
        flush_work(&dev.work);
        flush_work(&declared);
        flush_delayed_work(&dev.later);
    }
    destroy_workqueue(wq);
    *jiffies_seen = jiffies;
    return dev.runs;
}
