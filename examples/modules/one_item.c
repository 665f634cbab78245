// SPDX-License-Identifier: MIT
/* One work item on a queue of our own: what process context means. */
#define pr_fmt(fmt) "one_item: " fmt
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>

static struct workqueue_struct *queue;

static void handler(struct work_struct *work)
{
	pr_info("in a task %d, in an interrupt %d, worker %.8s\n", !!in_task(), !!in_interrupt(), current->comm);
	msleep(10);
	pr_info("slept, which an interrupt could not\n");
}
static DECLARE_WORK(item, handler);

static int __init one_item_init(void)
{
	queue = alloc_workqueue("one_item", 0, 0);
	if (!queue)
		return -ENOMEM;
	pr_info("loaded\n");
	queue_work(queue, &item);
	return 0;
}

static void __exit one_item_exit(void)
{
	destroy_workqueue(queue);	/* runs what is pending first */
	pr_info("unloaded, pending %d\n", work_pending(&item));
}

module_init(one_item_init);
module_exit(one_item_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("One work item on a queue of its own");
