/* class: contract. The questions about the context, in every context that a
 * scenario can get into, nested ones too. */
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/interrupt.h>
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/completion.h>
#include <linux/workqueue.h>
#include <linux/spinlock.h>
#include <linux/rcupdate.h>
#include "observe.h"

static void show(const char *what)
{
	OBSERVE("%s: task %d interrupt %d hardirq %d softirq %d serving %d atomic %d irqs off %d preemptible %d",
		what, !!in_task(), !!in_interrupt(), !!in_hardirq(), !!in_softirq(), !!in_serving_softirq(),
		!!in_atomic(), !!irqs_disabled(), !!preemptible());
}

static DECLARE_COMPLETION(done);
static DEFINE_SPINLOCK(lock);
static void timer_fn(struct timer_list *t)
{
	unsigned long flags;

	show("timer");
	spin_lock_irqsave(&lock, flags);
	show("timer, interrupts off");
	spin_unlock_irqrestore(&lock, flags);
	local_bh_disable();
	show("timer, softirqs off");
	local_bh_enable();
	show("timer");
	complete(&done);
}
static void work_fn(struct work_struct *w)
{
	show("work");
	spin_lock(&lock);
	show("work, lock held");
	spin_unlock(&lock);
	show("work");
}
static DECLARE_WORK(work, work_fn);

static void scenario(void)
{
	static struct timer_list t;

	show("task");
	preempt_disable();
	show("preemption off");
	preempt_disable();
	OBSERVE("twice: count %d", preempt_count());
	preempt_enable();
	OBSERVE("once: count %d", preempt_count());
	preempt_enable();
	local_bh_disable();
	show("softirqs off");
	local_irq_disable();
	show("softirqs and interrupts off");
	local_irq_enable();
	local_bh_disable();
	show("twice off");
	local_bh_enable();
	show("once off");
	local_bh_enable();
	local_irq_disable();
	show("interrupts off");
	local_irq_enable();
	rcu_read_lock();
	OBSERVE("rcu_read_lock: task %d interrupt %d irqs off %d", !!in_task(), !!in_interrupt(), !!irqs_disabled());
	rcu_read_unlock();
	show("task");
	timer_setup(&t, timer_fn, 0);
	mod_timer(&t, jiffies + 1);
	wait_for_completion(&done);
	del_timer_sync(&t);
	schedule_work(&work);
	flush_work(&work);
}
SCENARIO(scenario)
