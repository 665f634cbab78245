/* class: contract. call_rcu(): the context of the callback, and that
 * rcu_barrier() waits for all of them; no grace period ends inside a reader. */
#include <linux/rcupdate.h>
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/slab.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/sched.h>
#include "observe.h"
#include "blocker.h"

struct node { int value; struct rcu_head rcu; };
static int called, context_said;
static DECLARE_COMPLETION(reading);
static DECLARE_COMPLETION(over);
static int stop_reading, order_ok;

static void fn(struct rcu_head *head)
{
	struct node *n = container_of(head, struct node, rcu);

	if (!context_said) {
		context_said = 1;
		OBSERVE("task %d interrupt %d hardirq %d serving softirq %d", !!in_task(), !!in_interrupt(),
			!!in_hardirq(), !!in_serving_softirq());
	}
	WRITE_ONCE(called, called + n->value);
	kfree(n);
}

static struct node *make(int value)
{
	struct node *n = (struct node *)kmalloc(sizeof(*n), GFP_KERNEL);

	n->value = value;
	return n;
}

static int reader_fn(void *data)
{
	rcu_read_lock();
	complete(&reading);
	while (!READ_ONCE(stop_reading)) {	/* gives way, for there may be one CPU */
		udelay(50);
		cond_resched();
	}
	WRITE_ONCE(order_ok, 1);
	rcu_read_unlock();
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static int waiter_fn(void *data)
{
	synchronize_rcu();
	if (!READ_ONCE(order_ok))
		OBSERVE("a grace period ended inside a reader");
	complete(&over);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static void scenario(void)
{
	struct node *n = make(0);
	struct task_struct *r, *w;
	int i;

	call_rcu(&n->rcu, fn);
	rcu_barrier();
	for (i = 0; i < 10; i++) {
		n = make(1);
		call_rcu(&n->rcu, fn);
	}
	rcu_barrier();
	OBSERVE("after the barrier: called %d", called);

	rcu_read_lock();
	n = make(100);
	call_rcu(&n->rcu, fn);
	mdelay(30);
	i = READ_ONCE(called);
	rcu_read_unlock();
	OBSERVE("in the reader: called %d", i);
	rcu_barrier();
	OBSERVE("after it: called %d", called);
	synchronize_rcu();
	synchronize_rcu_expedited();
	n = make(5);
	kfree_rcu(n, rcu);
	rcu_barrier();

	r = kthread_run(reader_fn, NULL, "bh-reader");
	wait_for_completion(&reading);
	w = kthread_run(waiter_fn, NULL, "bh-waiter");
	OBSERVE("somebody reads: over %d", seen_within(&over, 60));
	WRITE_ONCE(stop_reading, 1);
	OBSERVE("nobody reads: over %d", seen_within(&over, 5000));
	kthread_stop(r);
	kthread_stop(w);
}
SCENARIO(scenario)
