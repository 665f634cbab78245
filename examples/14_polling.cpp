// SPDX-License-Identifier: MIT
// A driver that polls: a delayed item which arms itself again, every 100 ms while something comes, ever more seldom while
// nothing does.  Seen over one hour, which takes a few milliseconds here.
//
//   polled 3600 times in the busy tenth of the hour, 259 times in the rest
//
// target: linux26 sim
// expect: polled 3600 times in the busy tenth of the hour, 259 times in the rest
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>

#include <bottomhalf/virtual_time.hpp>

struct poller {
    struct work_struct work;
    unsigned long period, polls;
    bool something_comes;
};

static void poll(void* data) {
    struct poller* p = static_cast<poller*>(data);
    p->polls++;
    if (p->something_comes)
        p->period = HZ / 10;
    else if (p->period < 10 * HZ)
        p->period *= 2;
    schedule_delayed_work(&p->work, p->period);
}

int main() {
    bottomhalf::virtual_time::run([] {
        struct poller p = {};
        INIT_WORK(&p.work, poll, &p);
        p.period = HZ / 10;
        p.something_comes = true;
        schedule_delayed_work(&p.work, p.period);
        bottomhalf::virtual_time::advance(360 * HZ);
        unsigned long busy = p.polls;
        p.something_comes = false;
        bottomhalf::virtual_time::advance(3240 * HZ);
        cancel_rearming_delayed_work(&p.work);
        printk(KERN_INFO "polled %lu times in the busy tenth of the hour, %lu times in the rest\n", busy,
               p.polls - busy);
    });
}
