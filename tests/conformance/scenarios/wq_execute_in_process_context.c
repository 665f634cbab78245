/* class: contract. execute_in_process_context(): at once where that may be,
 * else in a worker. */
#include <linux/workqueue.h>
#include <linux/preempt.h>
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/completion.h>
#include "observe.h"

static int in_worker = -1, task = -1;
static DECLARE_COMPLETION(ran);
static void fn(struct work_struct *w)
{
	in_worker = current_work() == w;
	task = !!in_task();
	complete(&ran);
}

static struct execute_work ew;
static int said = -1;
static void timer_fn(struct timer_list *t)
{
	said = execute_in_process_context(fn, &ew);
}

static void scenario(void)
{
	static struct timer_list t;
	int r;

	r = execute_in_process_context(fn, &ew);
	wait_for_completion(&ran);
	OBSERVE("in process context: %d, in a worker %d, in_task %d", r, in_worker, task);
	local_bh_disable();
	r = execute_in_process_context(fn, &ew);
	local_bh_enable();
	wait_for_completion(&ran);
	flush_work(&ew.work);
	OBSERVE("with softirqs off: %d, in a worker %d, in_task %d", r, in_worker, task);
	timer_setup(&t, timer_fn, 0);
	mod_timer(&t, jiffies + 1);
	wait_for_completion(&ran);
	del_timer_sync(&t);
	flush_work(&ew.work);
	OBSERVE("from a timer: %d, in a worker %d, in_task %d", said, in_worker, task);
}
SCENARIO(scenario)
