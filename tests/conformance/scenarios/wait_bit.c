/* class: contract. Waiting for a bit, and for a variable. */
#include <linux/wait_bit.h>
#include <linux/wait.h>
#include <linux/bitops.h>
#include <linux/workqueue.h>
#include <linux/sched.h>
#include "observe.h"

static unsigned long word;
static int value;
static void clear_fn(struct work_struct *w) { clear_and_wake_up_bit(3, &word); }
static DECLARE_DELAYED_WORK(clear_it, clear_fn);
static void set_fn(struct work_struct *w)
{
	WRITE_ONCE(value, 1);
	wake_up_var(&value);
}
static DECLARE_DELAYED_WORK(set_it, set_fn);

static void scenario(void)
{
	int r;

	r = wait_on_bit(&word, 3, TASK_UNINTERRUPTIBLE);
	OBSERVE("clear: %d", r);
	set_bit(3, &word);
	set_bit(5, &word);
	schedule_delayed_work(&clear_it, 2);
	r = wait_on_bit(&word, 3, TASK_UNINTERRUPTIBLE);
	OBSERVE("set, then cleared: %d, word %lx", r, word);
	flush_delayed_work(&clear_it);
	r = wait_on_bit_lock(&word, 3, TASK_UNINTERRUPTIBLE);
	OBSERVE("lock: %d, word %lx", r, word);
	schedule_delayed_work(&clear_it, 2);
	r = wait_on_bit_lock(&word, 3, TASK_UNINTERRUPTIBLE);
	OBSERVE("lock again: %d, word %lx", r, word);
	flush_delayed_work(&clear_it);
	r = wait_on_bit_timeout(&word, 3, TASK_UNINTERRUPTIBLE, 2);
	OBSERVE("time-out: an error %d", r != 0);

	schedule_delayed_work(&set_it, 2);
	wait_var_event(&value, READ_ONCE(value));
	flush_delayed_work(&set_it);
	OBSERVE("variable: %d", value);
	value = 0;
	OBSERVE("variable, time-out: %ld", wait_var_event_timeout(&value, READ_ONCE(value), 2));
}
SCENARIO(scenario)
