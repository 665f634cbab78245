// SPDX-License-Identifier: MIT
/* A work item that queues itself: allowed, because it is no longer pending when
 * its handler runs; and how one stops it. */
#define pr_fmt(fmt) "requeues_itself: " fmt
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/workqueue.h>

#define STEPS 4

static int step;
static DECLARE_COMPLETION(half_way);
static DECLARE_COMPLETION(go_on);

static void handler(struct work_struct *work)
{
	pr_info("step %d, pending %d\n", ++step, work_pending(work));
	if (step == STEPS) {
		complete(&half_way);
		wait_for_completion(&go_on);
	}
	if (!schedule_work(work))
		pr_info("refused: somebody cancels\n");
}
static DECLARE_WORK(item, handler);

static void let_go(struct work_struct *work)
{
	complete(&go_on);
}
static DECLARE_DELAYED_WORK(later, let_go);

static int __init requeues_itself_init(void)
{
	schedule_work(&item);
	return 0;
}

static void __exit requeues_itself_exit(void)
{
	wait_for_completion(&half_way);
	schedule_delayed_work(&later, HZ / 4);	/* by then we wait for the handler */
	cancel_work_sync(&item);
	flush_delayed_work(&later);
	pr_info("stopped after %d steps, pending %d\n", step, work_pending(&item));
}

module_init(requeues_itself_init);
module_exit(requeues_itself_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A work item that queues itself");
