// SPDX-License-Identifier: MIT
#include <linux/jiffies.h>
#include <linux/workqueue.h>

struct device {
    int runs;
    struct work_struct work, later;
};
static struct device dev;

static void handler(void* data) { static_cast<device*>(data)->runs++; }
static DECLARE_WORK(declared, handler, &dev);

int era_26(unsigned long* jiffies_seen);
int era_26(unsigned long* jiffies_seen) {
    struct workqueue_struct* wq = create_singlethread_workqueue("both");
    if (wq == nullptr) return -1;
    dev.runs = 0;
    INIT_WORK(&dev.work, handler, &dev);
    INIT_WORK(&dev.later, handler, &dev);
    for (int i = 0; i < 10; ++i) {
        queue_work(wq, &dev.work);
        flush_workqueue(wq);
        queue_work(wq, &declared);
        flush_workqueue(wq);
        queue_delayed_work(wq, &dev.later, 1);
        while (work_pending(&dev.later)) flush_workqueue(wq);   // 2.6 has no call that waits for one item
        flush_workqueue(wq);
    }
    destroy_workqueue(wq);
    *jiffies_seen = jiffies;
    return dev.runs;
}
