// SPDX-License-Identifier: MIT
// A watchdog: a timer that is pushed back as long as all is well.  mod_timer() moves it in one step, from a top half, too;
// what has to sleep goes on from its function into a work item.
//
//   5 times in time, 0 bites
//   silence: bites 1, the bottom half has reset the device
//
// target: linux26 sim
// expect: 5 times in time, 0 bites.*silence: bites 1, the bottom half has reset the device
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <bottomhalf/virtual_time.hpp>

static int bites;
static bool has_reset;
static void reset_device(void*) { has_reset = true; }   // process context: may sleep
static DECLARE_WORK(reset_work, reset_device, NULL);

static void bite(unsigned long) {   // softirq context: may not
    bites++;
    schedule_work(&reset_work);
}
static struct timer_list watchdog = TIMER_INITIALIZER(bite, 0, 0);

static void device_is_alive() { mod_timer(&watchdog, jiffies + 2 * HZ); }

int main() {
    bottomhalf::virtual_time::run([] {
        device_is_alive();
        for (int i = 0; i < 5; i++) {
            bottomhalf::virtual_time::advance(HZ);
            device_is_alive();
        }
        printk(KERN_INFO "5 times in time, %d bites\n", bites);
        bottomhalf::virtual_time::advance(2 * HZ);
        printk(KERN_INFO "silence: bites %d, the bottom half %s the device\n", bites,
               has_reset ? "has reset" : "HAS NOT RESET");
        del_timer_sync(&watchdog);
    });
}
