// SPDX-License-Identifier: MIT
/* A timer that queues a work item, which arms the timer: each step says in
 * which context it runs.  The classic division of labour: short things at once,
 * long ones later, where one may sleep. */
#define pr_fmt(fmt) "timer_feeds_work: " fmt
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#define ROUNDS 3

static int rounds;
static DECLARE_COMPLETION(done);

static const char *context(void)
{
	return in_hardirq() ? "interrupt" : in_serving_softirq() ? "softirq" : in_task() ? "process" : "?";
}
static void row(const char *what)
{
	pr_info("%5d | %-5s | %-9s | %s\n", rounds, what, context(), in_interrupt() ? "no" : "yes");
}

static struct timer_list timer;
static void timer_function(struct timer_list *t);

static void handler(struct work_struct *work)
{
	row("work");
	if (++rounds < ROUNDS)
		mod_timer(&timer, jiffies + 2);
	else
		complete(&done);
}
static DECLARE_WORK(item, handler);

static void timer_function(struct timer_list *t)
{
	row("timer");
	schedule_work(&item);
}

static int __init timer_feeds_work_init(void)
{
	pr_info("round | who   | context   | may sleep\n");
	timer_setup(&timer, timer_function, 0);
	mod_timer(&timer, jiffies + 2);
	return 0;
}

static void __exit timer_feeds_work_exit(void)
{
	wait_for_completion(&done);
	/* Whom each arms, so that neither comes back: the timer first, for good. */
	timer_shutdown_sync(&timer);
	cancel_work_sync(&item);
	pr_info("%d rounds\n", rounds);
}

module_init(timer_feeds_work_init);
module_exit(timer_feeds_work_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A timer that queues work that arms the timer");
