// SPDX-License-Identifier: MIT
// Debouncing a key, in today's interface: each edge pushes the decision back by 20 ms with mod_delayed_work(); only when the
// contact has been quiet for so long does the handler look.
//
//   edges 7, looked 1 time(s), the key is down
//
// target: linux sim
// expect: edges 7, looked 1 time.s., the key is down
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>

#include <bottomhalf/virtual_time.hpp>

static int edges, looks;
static bool level, down;

static void look(struct work_struct*) {
    looks++;
    down = level;
}
static DECLARE_DELAYED_WORK(settle_work, look);

static void edge(bool to) {   // a top half, in real life
    edges++;
    level = to;
    mod_delayed_work(system_wq, &settle_work, msecs_to_jiffies(20));
}

int main() {
    bottomhalf::virtual_time::run([] {
        for (int i = 0; i < 7; i++) {
            edge(i % 2 == 0);
            bottomhalf::virtual_time::advance(msecs_to_jiffies(4));
        }
        bottomhalf::virtual_time::advance(msecs_to_jiffies(100));
        printk(KERN_INFO "edges %d, looked %d time(s), the key is %s\n", edges, looks, down ? "down" : "up");
        cancel_delayed_work_sync(&settle_work);
    });
}
