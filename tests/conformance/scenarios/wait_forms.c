/* class: contract. The forms of wait_event and what they give back, where the
 * condition holds and where time runs out. */
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/spinlock.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/hrtimer.h>
#include <linux/errno.h>
#include "observe.h"

static DECLARE_WAIT_QUEUE_HEAD(wqh);
static DEFINE_SPINLOCK(lock);
static int flag, commands;
static void fn(struct work_struct *w)
{
	WRITE_ONCE(flag, 1);
	wake_up(&wqh);
}
static DECLARE_DELAYED_WORK(dw, fn);
static void locked_fn(struct work_struct *w)
{
	spin_lock_irq(&lock);
	WRITE_ONCE(flag, 1);
	wake_up(&wqh);
	spin_unlock_irq(&lock);
}
static DECLARE_DELAYED_WORK(locked, locked_fn);

static void scenario(void)
{
	long r;

	flag = 1;
	r = wait_event_interruptible(wqh, flag);
	OBSERVE("true: interruptible %ld", r);
	r = wait_event_killable(wqh, flag);
	OBSERVE("true: killable %ld", r);
	r = wait_event_interruptible_timeout(wqh, flag, 10);
	OBSERVE("true: interruptible_timeout %ld", r);
	r = wait_event_killable_timeout(wqh, flag, 10);
	OBSERVE("true: killable_timeout %ld", r);
	r = wait_event_interruptible_exclusive(wqh, flag);
	OBSERVE("true: interruptible_exclusive %ld", r);
	r = wait_event_hrtimeout(wqh, flag, ms_to_ktime(1));
	OBSERVE("true: hrtimeout %ld", r);

	flag = 0;
	r = wait_event_interruptible_timeout(wqh, READ_ONCE(flag), 3);
	OBSERVE("false: interruptible_timeout %ld", r);
	r = wait_event_killable_timeout(wqh, READ_ONCE(flag), 3);
	OBSERVE("false: killable_timeout %ld", r);
	r = wait_event_idle_timeout(wqh, READ_ONCE(flag), 3);
	OBSERVE("false: idle_timeout %ld", r);
	r = wait_event_hrtimeout(wqh, READ_ONCE(flag), ms_to_ktime(2));
	OBSERVE("false: hrtimeout is -ETIME %d", r == -ETIME);
	r = wait_event_interruptible_hrtimeout(wqh, READ_ONCE(flag), ms_to_ktime(2));
	OBSERVE("false: interruptible_hrtimeout is -ETIME %d", r == -ETIME);

	schedule_delayed_work(&dw, 2);
	wait_event_cmd(wqh, READ_ONCE(flag), commands++, commands += 100);
	OBSERVE("cmd: before as often as after %d", commands > 0 && commands % 101 == 0);
	flush_delayed_work(&dw);

	flag = 0;
	schedule_delayed_work(&dw, 2);
	wait_event_idle(wqh, READ_ONCE(flag));
	OBSERVE("idle: flag %d", flag);
	flush_delayed_work(&dw);

	flag = 0;
	schedule_delayed_work(&locked, 2);
	spin_lock_irq(&lock);
	wait_event_lock_irq(wqh, flag, lock);
	OBSERVE("lock_irq: flag %d, lock held %d", flag, !!spin_is_locked(&lock));
	spin_unlock_irq(&lock);
	flush_delayed_work(&locked);
	OBSERVE("waiters %d", waitqueue_active(&wqh));
}
SCENARIO(scenario)
