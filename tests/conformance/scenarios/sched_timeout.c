/* class: contract. schedule_timeout() and wake_up_process(): what they give
 * back. */
#include <linux/sched.h>
#include <linux/jiffies.h>
#include <linux/timer.h>
#include "observe.h"

static struct task_struct *sleeper;
static int said = -1, wakes;
static void wake_fn(struct timer_list *t)
{
	said = wake_up_process(sleeper);
	wakes++;
}

static void scenario(void)
{
	static struct timer_list t;
	unsigned long from;
	long left;

	sleeper = current;
	from = jiffies;
	left = schedule_timeout_uninterruptible(3);
	OBSERVE("slept it out: left %ld, long enough %d", left, time_after_eq(jiffies, from + 3));
	left = schedule_timeout_interruptible(1);
	OBSERVE("one: left %ld", left);
	left = schedule_timeout_idle(2);
	OBSERVE("idle: left %ld", left);
	left = schedule_timeout_killable(0);
	OBSERVE("zero: left %ld", left);
	timer_setup(&t, wake_fn, 0);
	mod_timer(&t, jiffies + 3);
	set_current_state(TASK_INTERRUPTIBLE);
	left = schedule_timeout(100 * HZ);
	del_timer_sync(&t);
	OBSERVE("woken: left most of it %d, wake said %d", left > 98L * HZ && left < 100L * HZ, said);
	mod_timer(&t, jiffies + 2);
	set_current_state(TASK_UNINTERRUPTIBLE);
	left = schedule_timeout(MAX_SCHEDULE_TIMEOUT);
	del_timer_sync(&t);
	OBSERVE("for ever, woken: %d, wakes %d", left == MAX_SCHEDULE_TIMEOUT, wakes);
	set_current_state(TASK_INTERRUPTIBLE);
	OBSERVE("about to sleep: wake %d", wake_up_process(current));
	left = schedule_timeout(100 * HZ);
	OBSERVE("then does not: %d", left > 99L * HZ);
	OBSERVE("awake: wake %d", wake_up_process(current));
	set_current_state(TASK_UNINTERRUPTIBLE);
	left = schedule_timeout(-5);
	OBSERVE("negative: left %ld", left);
}
SCENARIO(scenario)
