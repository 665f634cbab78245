// SPDX-License-Identifier: MIT
// wait_event() looks at its condition when it is woken.  Whoever wakes it first and makes it true afterwards has woken
// nobody.
//
// target: linux sim
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static DECLARE_WAIT_QUEUE_HEAD(waiters);
static int done;
static struct work_struct erase_work;

static void erase(struct work_struct*) {
    if (fixed) WRITE_ONCE(done, 1);
    wake_up(&waiters);
    if (!fixed) WRITE_ONCE(done, 1);
}

static void story() {
    init_waitqueue_head(&waiters);
    done = 0;
    INIT_WORK(&erase_work, erase);
    schedule_work(&erase_work);
    wait_event(waiters, READ_ONCE(done));
    flush_work(&erase_work);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "wake_up() before the condition of wait_event() holds", story);
}
