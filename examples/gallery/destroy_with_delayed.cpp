// SPDX-License-Identifier: MIT
// destroy_workqueue() runs what is queued.  A delayed item is not queued yet: its timer goes off on a queue that is no more.
//
// target: linux sim
#include <linux/interrupt.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static struct workqueue_struct* queue;
static struct delayed_work retry_work;

static void retry(struct work_struct*) {}
static irqreturn_t failed(int, void*) {
    queue_delayed_work(queue, &retry_work, HZ);
    return IRQ_HANDLED;
}

static void story() {
    queue = alloc_workqueue("storage", 0, 0);
    retry_work = {};   // as after insmod
    INIT_DELAYED_WORK(&retry_work, retry);
    if (queue == nullptr || request_irq(5, failed, 0, "storage", &queue) != 0) std::abort();
    gallery::sim::actor disk("disk", [] { bottomhalf::linux6::raise_irq(5); });
    free_irq(5, &queue);
    if (fixed) cancel_delayed_work_sync(&retry_work);
    destroy_workqueue(queue);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "destroy_workqueue() with a delayed item armed", story);
}
