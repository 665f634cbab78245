/* class: contract. Delayed items: not before the delay is over; false while
 * pending; delay 0 goes straight to the queue. */
#include <linux/workqueue.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static unsigned long ran_at;
static DECLARE_COMPLETION(ran);

static void fn(struct work_struct *w)
{
	struct delayed_work *d = to_delayed_work(w);

	ran_at = jiffies;
	runs++;
	OBSERVE("in the handler: delayed_work_pending %d timer %d", delayed_work_pending(d),
		timer_pending(&d->timer));
	complete(&ran);
}
static DECLARE_DELAYED_WORK(dw, fn);

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("dwbasic", 0);
	static struct blocker b;
	unsigned long from;
	int said;

	OBSERVE("idle: delayed_work_pending %d", delayed_work_pending(&dw));
	from = jiffies;
	OBSERVE("schedule, 20 jiffies %d", schedule_delayed_work(&dw, 20));
	OBSERVE("delayed_work_pending %d timer %d", delayed_work_pending(&dw), timer_pending(&dw.timer));
	OBSERVE("again, shorter %d", schedule_delayed_work(&dw, 1));
	OBSERVE("again, 0 %d", schedule_delayed_work(&dw, 0));
	OBSERVE("its plain work %d", schedule_work(&dw.work));
	OBSERVE("on another queue %d", queue_delayed_work(wq, &dw, 1));
	wait_for_completion(&ran);
	OBSERVE("runs %d, not before its time %d", runs, time_after_eq(ran_at, from + 20));
	flush_delayed_work(&dw);

	said = queue_delayed_work(wq, &dw, 0);
	wait_for_completion(&ran);
	flush_delayed_work(&dw);
	OBSERVE("delay 0: %d", said);

	blocker_init(&b);
	blocker_start(wq, &b);
	OBSERVE("delay 0 behind another item: %d", queue_delayed_work(wq, &dw, 0));
	OBSERVE("delayed_work_pending %d timer %d", delayed_work_pending(&dw), timer_pending(&dw.timer));
	OBSERVE("again with a delay: %d", queue_delayed_work(wq, &dw, 10));
	complete(&b.release);
	wait_for_completion(&ran);
	flush_workqueue(wq);
	OBSERVE("runs %d pending %d", runs, delayed_work_pending(&dw));
	destroy_workqueue(wq);
}
SCENARIO(scenario)
