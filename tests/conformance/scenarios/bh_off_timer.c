/* class: contract. With softirqs off no timer of this CPU is called.  What has
 * become due is called when the outermost local_bh_enable() turns them on. */
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/interrupt.h>
#include <linux/spinlock.h>
#include <linux/delay.h>
#include "observe.h"

static DEFINE_SPINLOCK(lock);
static struct timer_list t;
static int calls, serving, task;
static void fn(struct timer_list *x)
{
	serving = !!in_serving_softirq();
	task = !!in_task();
	WRITE_ONCE(calls, calls + 1);
}

/* Mostly it was called before that returned; but ksoftirqd may be at work. */
static int calls_in_time(int want)
{
	int i;

	for (i = 0; i < 5000 && READ_ONCE(calls) < want; i++)
		msleep(1);
	del_timer_sync(&t);
	return calls;
}

static void scenario(void)
{
	int off, inner, pending;

	timer_setup(&t, fn, TIMER_PINNED);

	local_bh_disable();
	mod_timer(&t, jiffies + 1);
	mdelay(100);
	off = READ_ONCE(calls);
	pending = timer_pending(&t);
	local_bh_enable();
	OBSERVE("softirqs off: calls %d pending %d", off, pending);
	OBSERVE("on again: calls %d", calls_in_time(1));
	OBSERVE("serving a softirq %d, a task %d", serving, task);

	local_bh_disable();
	local_bh_disable();
	mod_timer(&t, jiffies + 1);
	mdelay(50);
	local_bh_enable();
	mdelay(50);
	inner = READ_ONCE(calls);
	local_bh_enable();
	OBSERVE("the inner one: calls %d", inner);
	OBSERVE("the outer one: calls %d", calls_in_time(2));

	spin_lock_bh(&lock);
	mod_timer(&t, jiffies + 1);
	mdelay(100);
	off = READ_ONCE(calls);
	spin_unlock_bh(&lock);
	OBSERVE("spin_lock_bh: calls %d", off);
	OBSERVE("spin_unlock_bh: calls %d", calls_in_time(3));

	local_bh_disable();
	mod_timer(&t, jiffies + 1);
	mdelay(100);
	pending = del_timer(&t);
	local_bh_enable();
	msleep(20);
	OBSERVE("due and deleted: del_timer %d, calls %d", pending, calls_in_time(3));
}
SCENARIO(scenario)
