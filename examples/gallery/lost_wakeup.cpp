// SPDX-License-Identifier: MIT
// A plain flag and schedule(): the flag is looked at first, and the state set afterwards.  A wake-up that comes in between
// finds nobody asleep.
//
// target: linux sim
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static struct task_struct* reader;
static int ready;
static struct work_struct fill_work;

static void fill(struct work_struct*) {
    WRITE_ONCE(ready, 1);
    wake_up_process(reader);
}

static void read() {
    if (fixed) {
        while (set_current_state(TASK_UNINTERRUPTIBLE), !READ_ONCE(ready)) schedule();
        __set_current_state(TASK_RUNNING);
        return;
    }
    while (!READ_ONCE(ready)) {
        set_current_state(TASK_UNINTERRUPTIBLE);
        schedule();
    }
}

static void story() {
    reader = current;
    ready = 0;
    INIT_WORK(&fill_work, fill);
    schedule_work(&fill_work);
    read();
    flush_work(&fill_work);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "a flag looked at before set_current_state(): a lost wake-up", story);
}
