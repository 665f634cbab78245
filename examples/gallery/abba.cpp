// SPDX-License-Identifier: MIT
// The work takes the list's lock, then the device's; ioctl() the device's, then the list's.
//
// target: linux sim
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static DEFINE_MUTEX(device_lock);
static DEFINE_MUTEX(list_lock);
static struct work_struct scan_work;

static void scan(struct work_struct*) {
    mutex_lock(&list_lock);
    mutex_lock(&device_lock);
    mutex_unlock(&device_lock);
    mutex_unlock(&list_lock);
}

static void ioctl() {
    mutex_lock(fixed ? &list_lock : &device_lock);
    mutex_lock(fixed ? &device_lock : &list_lock);
    mutex_unlock(fixed ? &device_lock : &list_lock);
    mutex_unlock(fixed ? &list_lock : &device_lock);
}

static void story() {
    mutex_init(&device_lock);
    mutex_init(&list_lock);
    INIT_WORK(&scan_work, scan);
    schedule_work(&scan_work);
    ioctl();
    flush_work(&scan_work);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "two locks, in one order by a work item and the other by ioctl()", story);
}
