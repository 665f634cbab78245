/* class: contract. Waiting by hand: prepare_to_wait(), schedule_timeout(),
 * finish_wait(); who is on the queue when. */
#include <linux/wait.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/jiffies.h>
#include "observe.h"

static DECLARE_WAIT_QUEUE_HEAD(wqh);
static void fn(struct timer_list *t) { wake_up(&wqh); }

static void scenario(void)
{
	static struct timer_list t;
	DEFINE_WAIT(wait);
	DECLARE_WAITQUEUE(entry, current);
	long left;

	OBSERVE("nobody: active %d sleeper %d", waitqueue_active(&wqh), !!wq_has_sleeper(&wqh));
	prepare_to_wait(&wqh, &wait, TASK_INTERRUPTIBLE);
	OBSERVE("prepared: active %d", waitqueue_active(&wqh));
	prepare_to_wait(&wqh, &wait, TASK_INTERRUPTIBLE);
	wake_up(&wqh);
	left = schedule_timeout(100 * HZ);
	OBSERVE("woken before it slept: at once %d", left > 99L * HZ);
	OBSERVE("woken: active %d", waitqueue_active(&wqh));
	finish_wait(&wqh, &wait);

	prepare_to_wait(&wqh, &wait, TASK_UNINTERRUPTIBLE);
	left = schedule_timeout(2);
	OBSERVE("nobody woke: left %ld, active %d", left, waitqueue_active(&wqh));
	finish_wait(&wqh, &wait);
	OBSERVE("finished: active %d", waitqueue_active(&wqh));

	add_wait_queue(&wqh, &entry);
	OBSERVE("added: active %d", waitqueue_active(&wqh));
	timer_setup(&t, fn, 0);
	mod_timer(&t, jiffies + 2);
	set_current_state(TASK_UNINTERRUPTIBLE);
	left = schedule_timeout(100 * HZ);
	OBSERVE("woken by a timer %d, stays on the queue %d", left > 0, waitqueue_active(&wqh));
	remove_wait_queue(&wqh, &entry);
	OBSERVE("removed: active %d", waitqueue_active(&wqh));
	del_timer_sync(&t);
}
SCENARIO(scenario)
