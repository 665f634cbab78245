// SPDX-License-Identifier: MIT
//
// The consumer's other half, as a driver of 2.6 has it.
#include <linux/workqueue.h>

static int runs;

static void handler(void* data) { ++*static_cast<int*>(data); }

static DECLARE_WORK(item, handler, &runs);

int drive() {
    struct workqueue_struct* wq = create_workqueue("driver");
    if (!wq) return -1;
    queue_work(wq, &item);
    flush_workqueue(wq);
    destroy_workqueue(wq);
    return runs;
}
