// SPDX-License-Identifier: MIT
/* Two kernel threads put in order by completions, and stopped. */
#define pr_fmt(fmt) "two_threads: " fmt
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>

static DECLARE_COMPLETION(engine_warm);
static DECLARE_COMPLETION(belts_on);
static DECLARE_COMPLETION(driving);
static struct task_struct *engine, *driver;

static int until_stopped(int result)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return result;
}

static int engine_thread(void *arg)
{
	wait_for_completion(&belts_on);
	pr_info("%s: the engine starts\n", current->comm);
	complete(&engine_warm);
	return until_stopped(1);
}

static int driver_thread(void *arg)
{
	pr_info("%s: belts on\n", current->comm);
	complete(&belts_on);
	wait_for_completion(&engine_warm);
	pr_info("%s: off we go\n", current->comm);
	complete(&driving);
	return until_stopped(2);
}

static int __init two_threads_init(void)
{
	engine = kthread_run(engine_thread, NULL, "engine");
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	driver = kthread_run(driver_thread, NULL, "driver");
	if (IS_ERR(driver)) {
		complete(&belts_on);
		kthread_stop(engine);
		return PTR_ERR(driver);
	}
	return 0;
}

static void __exit two_threads_exit(void)
{
	int first, second;

	wait_for_completion(&driving);
	first = kthread_stop(engine);
	second = kthread_stop(driver);
	pr_info("they gave back %d and %d\n", first, second);
}

module_init(two_threads_init);
module_exit(two_threads_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Two threads put in order by completions");
