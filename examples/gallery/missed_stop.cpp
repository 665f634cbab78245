// SPDX-License-Identifier: MIT
// A thread asks whether it is to stop, then sets its state, then sleeps.  kthread_stop() wakes it once.
//
// target: linux sim
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "gallery.hpp"

using gallery::fixed;

static int poll(void*) {
    if (fixed) {
        while (set_current_state(TASK_INTERRUPTIBLE), !kthread_should_stop()) schedule();
        __set_current_state(TASK_RUNNING);
        return 0;
    }
    while (!kthread_should_stop()) {
        set_current_state(TASK_INTERRUPTIBLE);
        schedule();
    }
    return 0;
}

static void story() {
    struct task_struct* thread = kthread_run(poll, nullptr, "poll");
    if (IS_ERR(thread)) std::abort();
    kthread_stop(thread);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "kthread_should_stop() asked before set_current_state()", story);
}
