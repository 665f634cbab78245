/* class: contract. cancel_work() by the state of the item; it does not wait,
 * and may be called where one must not sleep. */
#include <linux/workqueue.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static void fn(struct work_struct *w) { runs++; }
static DECLARE_WORK(item, fn);

static struct workqueue_struct *wq;
static int from_handler = -1;
static void canceller_fn(struct work_struct *w)
{
	queue_work(wq, &item);
	from_handler = cancel_work_sync(&item);
}
static DECLARE_WORK(canceller, canceller_fn);

static void scenario(void)
{
	static struct blocker b;
	unsigned long flags;
	int r;

	wq = alloc_ordered_workqueue("cancel", 0);
	blocker_init(&b);
	OBSERVE("idle %d", cancel_work(&item));
	blocker_start(wq, &b);
	queue_work(wq, &item);
	OBSERVE("pending %d", cancel_work(&item));
	OBSERVE("once more %d, pending %d", cancel_work(&item), work_pending(&item));
	OBSERVE("queue again %d", queue_work(wq, &item));
	local_irq_save(flags);
	r = cancel_work(&item);
	local_irq_restore(flags);
	OBSERVE("with interrupts off %d", r);
	local_bh_disable();
	queue_work(wq, &item);
	r = cancel_work(&item);
	local_bh_enable();
	OBSERVE("with softirqs off %d", r);
	OBSERVE("running %d busy %u", cancel_work(&b.work), work_busy(&b.work));
	queue_work(wq, &b.work);
	r = cancel_work(&b.work);
	OBSERVE("running and pending %d busy %u", r, work_busy(&b.work));
	complete(&b.release);
	flush_workqueue(wq);
	OBSERVE("runs %d entered %d", runs, b.entered);
	queue_work(wq, &canceller);
	flush_work(&canceller);
	OBSERVE("from a handler %d runs %d", from_handler, runs);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
