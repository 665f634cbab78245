// SPDX-License-Identifier: MIT
/* A timer that arms itself anew, at times that do not drift. */
#define pr_fmt(fmt) "periodic_timer: " fmt
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/timer.h>

#define TICKS 5

static unsigned long next;
static int ticks, early;
static DECLARE_COMPLETION(done);

static void tick(struct timer_list *timer)
{
	if (time_before(jiffies, next))
		early++;
	pr_info("tick %d\n", ++ticks);
	if (ticks == TICKS) {
		complete(&done);
		return;
	}
	next += 3;	/* from when it was due, not from when it came */
	mod_timer(timer, next);
}
static DEFINE_TIMER(timer, tick);

static int __init periodic_timer_init(void)
{
	next = jiffies + 3;
	mod_timer(&timer, next);
	return 0;
}

static void __exit periodic_timer_exit(void)
{
	wait_for_completion(&done);
	pr_info("armed %d, early %d\n", timer_delete_sync(&timer), early);
}

module_init(periodic_timer_init);
module_exit(periodic_timer_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A timer that arms itself anew");
