// SPDX-License-Identifier: MIT
/* The same job handed on in three ways, now and later: who runs it, where, and
 * how many ticks after it was asked for at least. */
#define pr_fmt(fmt) "just_in_queue: " fmt
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static unsigned long asked;
static DECLARE_COMPLETION(printed);

static void job(const char *way, unsigned long delay)
{
	pr_info("%-12s | %5lu | %-7s | %d | %d\n", way, delay, in_serving_softirq() ? "softirq" : "process",
		!strncmp(current->comm, "kworker/", 8) && in_task(), time_after_eq(jiffies, asked + delay));
	complete(&printed);
}

static void work_function(struct work_struct *work) { job("work", 0); }
static DECLARE_WORK(work, work_function);
static void delayed_function(struct work_struct *work) { job("delayed work", 5); }
static DECLARE_DELAYED_WORK(delayed, delayed_function);
static void timer_function(struct timer_list *t) { job("timer", 5); }
static DEFINE_TIMER(timer, timer_function);

static int __init just_in_queue_init(void)
{
	pr_info("way          | delay | context | in a worker | not early\n");
	asked = jiffies;
	schedule_work(&work);
	wait_for_completion(&printed);
	asked = jiffies;
	schedule_delayed_work(&delayed, 5);
	wait_for_completion(&printed);
	asked = jiffies;
	mod_timer(&timer, asked + 5);
	wait_for_completion(&printed);
	return 0;
}

static void __exit just_in_queue_exit(void)
{
	cancel_work_sync(&work);
	cancel_delayed_work_sync(&delayed);
	timer_delete_sync(&timer);
	pr_info("nothing left\n");
}

module_init(just_in_queue_init);
module_exit(just_in_queue_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Work, delayed work and a timer, side by side");
