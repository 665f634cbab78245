// SPDX-License-Identifier: MIT
// suspend() holds the lock that the handler takes, and waits for the handler.
//
// target: linux sim
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static DEFINE_MUTEX(lock);
static struct work_struct refresh_work;
static int suspended;

static void refresh(struct work_struct*) {
    mutex_lock(&lock);
    gallery::sim::expect(!suspended, "the device was asked while it slept");
    mutex_unlock(&lock);
}

static void suspend() {
    if (fixed) cancel_work_sync(&refresh_work);
    mutex_lock(&lock);
    if (!fixed) flush_work(&refresh_work);
    suspended = 1;
    mutex_unlock(&lock);
}

static void story() {
    mutex_init(&lock);
    suspended = 0;
    INIT_WORK(&refresh_work, refresh);
    schedule_work(&refresh_work);
    suspend();
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "flush_work() under the lock that the handler takes", story);
}
