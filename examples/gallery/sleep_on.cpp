// SPDX-License-Identifier: MIT
// 2.6: sleep_on().  Between the look at the flag and the sleep there is room for the wake-up: why it was removed.
//
// target: linux26 sim
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <asm/atomic.h>

#include "gallery.hpp"

using gallery::fixed;

static wait_queue_head_t waiters;
static atomic_t ready;
static struct work_struct fill_work;

static void fill(void*) {
    atomic_set(&ready, 1);
    wake_up(&waiters);
}

static void story() {
    init_waitqueue_head(&waiters);
    atomic_set(&ready, 0);
    fill_work = {};   // as after insmod
    INIT_WORK(&fill_work, fill, nullptr);
    schedule_work(&fill_work);
    if (fixed)
        wait_event(waiters, atomic_read(&ready));
    else
        while (!atomic_read(&ready)) sleep_on(&waiters);
    flush_scheduled_work();
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "sleep_on() (2.6)", story); }
