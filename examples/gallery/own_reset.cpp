// SPDX-License-Identifier: MIT
// The reset work finds the device dead, and calls what remove() calls; that waits for the reset work.
//
// target: linux sim
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static struct work_struct reset_work;
static int alive;

static void shut_down() { cancel_work_sync(&reset_work); }
static void reset(struct work_struct*) {
    if (READ_ONCE(alive)) return;
    if (!fixed) shut_down();   // fixed: remove() does it
}

static void story() {
    alive = 1;
    INIT_WORK(&reset_work, reset);
    gallery::sim::actor cable("cable", [] { WRITE_ONCE(alive, 0); });
    schedule_work(&reset_work);
    cable.join();
    shut_down();
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "cancel_work_sync() of oneself", story); }
