/* class: contract. A kthread: its name, its context, and what kthread_stop()
 * gives back. */
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/sched.h>
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/string.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/err.h>
#include "observe.h"

static DECLARE_COMPLETION(here);

static int fn(void *data)
{
	OBSERVE("name %s, argument %d", current->comm, *(int *)data);
	OBSERVE("a kthread %d, in a work queue's worker %d, user mm %d", !!(current->flags & PF_KTHREAD),
		!!(current->flags & PF_WQ_WORKER), current->mm != NULL);
	OBSERVE("in_task %d in_interrupt %d in_atomic %d irqs_disabled %d", !!in_task(), !!in_interrupt(),
		!!in_atomic(), !!irqs_disabled());
	OBSERVE("should stop %d", !!kthread_should_stop());
	complete(&here);
	while (!kthread_should_stop())
		msleep(1);
	return 42;
}

static int ran;
static int never_fn(void *data)
{
	ran++;
	return 1;
}

static int sleeper_fn(void *data)
{
	complete(&here);
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return -EIO;
}

static void scenario(void)
{
	struct task_struct *t;
	int arg = 7;

	t = kthread_run(fn, &arg, "bh-thread/%d", 3);
	wait_for_completion(&here);
	OBSERVE("an error %d", IS_ERR(t));
	OBSERVE("stop %d", kthread_stop(t));

	t = kthread_create(never_fn, NULL, "bh-never");
	OBSERVE("never woken: stop %d, ran %d", kthread_stop(t), ran);

	t = kthread_create(sleeper_fn, NULL, "bh-sleeper");
	OBSERVE("created: woken %d", wake_up_process(t));
	wait_for_completion(&here);
	OBSERVE("asleep: stop %d", kthread_stop(t));
}
SCENARIO(scenario)
