// SPDX-License-Identifier: MIT
// open() initialises the item, each time.  The one before may still be waiting.
//
// target: linux sim
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static struct work_struct settle_work;

static void settle(struct work_struct*) {}
static void probe() { INIT_WORK(&settle_work, settle); }
static void open() {
    if (!fixed) INIT_WORK(&settle_work, settle);
    schedule_work(&settle_work);
}

static void story() {
    probe();
    open();
    open();
    cancel_work_sync(&settle_work);
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "INIT_WORK() in open(), not in probe()", story); }
