/* class: contract. Queueing and cancelling where one must not sleep: a timer's
 * function, interrupts off, a spin lock held. */
#include <linux/workqueue.h>
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/spinlock.h>
#include <linux/irqflags.h>
#include "observe.h"
#include "blocker.h"

static struct workqueue_struct *wq;
static int runs;
static void fn(struct work_struct *w) { runs++; }
static DECLARE_WORK(item, fn);
static DECLARE_DELAYED_WORK(dw, fn);
static DEFINE_SPINLOCK(lock);
static DECLARE_COMPLETION(fired);
static int said[8];

static void all(void)
{
	said[0] = queue_work(wq, &item);
	said[1] = queue_work(wq, &item);
	said[2] = cancel_work(&item);
	said[3] = queue_delayed_work(wq, &dw, 1000 * HZ);
	said[4] = mod_delayed_work(wq, &dw, 2000 * HZ);
	said[5] = cancel_delayed_work(&dw);
	said[6] = mod_delayed_work(wq, &dw, 0);
	said[7] = cancel_delayed_work(&dw);
}

static void show(const char *what)
{
	OBSERVE("%s: %d %d %d, delayed %d %d %d, delay 0 %d %d", what, said[0], said[1], said[2], said[3],
		said[4], said[5], said[6], said[7]);
}

static void timer_fn(struct timer_list *t)
{
	all();
	complete(&fired);
}

static void scenario(void)
{
	static struct timer_list t;
	static struct blocker b;
	unsigned long flags;

	wq = alloc_ordered_workqueue("atomic", 0);
	blocker_init(&b);
	blocker_start(wq, &b);
	all();
	show("process context");
	timer_setup(&t, timer_fn, 0);
	mod_timer(&t, jiffies + 1);
	wait_for_completion(&fired);
	del_timer_sync(&t);
	show("timer");
	timer_setup(&t, timer_fn, TIMER_IRQSAFE);
	mod_timer(&t, jiffies + 1);
	wait_for_completion(&fired);
	del_timer_sync(&t);
	show("timer with interrupts off");
	local_irq_disable();
	all();
	local_irq_enable();
	show("interrupts off");
	spin_lock_irqsave(&lock, flags);
	all();
	spin_unlock_irqrestore(&lock, flags);
	show("spin lock held");
	complete(&b.release);
	flush_workqueue(wq);
	OBSERVE("runs %d", runs);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
