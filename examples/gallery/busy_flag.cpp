// SPDX-License-Identifier: MIT
// "The work is under way already, it will see this, too": it has looked for the last time, and not yet said so.
//
// target: linux sim
#include <linux/atomic.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static struct work_struct send_work;
static atomic_t waiting, under_way;
static int sent;

static void send(struct work_struct*) {
    if (fixed) atomic_set(&under_way, 0);   // first: what comes from now on queues it again
    sent += atomic_xchg(&waiting, 0);
    if (!fixed) atomic_set(&under_way, 0);
}
static void write() {
    atomic_inc(&waiting);
    if (atomic_xchg(&under_way, 1) == 0) schedule_work(&send_work);
}

static void story() {
    INIT_WORK(&send_work, send);
    atomic_set(&waiting, 0);
    atomic_set(&under_way, 0);
    sent = 0;
    write();
    write();
    flush_work(&send_work);
    gallery::sim::expect(sent == 2, "a message was never sent");
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "a busy flag cleared after the last look", story); }
