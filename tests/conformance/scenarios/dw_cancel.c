/* class: contract. cancel_delayed_work() by the state of the item; it does not
 * wait. */
#include <linux/workqueue.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static void fn(struct work_struct *w) { runs++; }
static DECLARE_DELAYED_WORK(dw, fn);

static int entered;
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static void slow_fn(struct work_struct *w)
{
	entered++;
	complete(&started);
	wait_for_completion(&release);
}
static DECLARE_DELAYED_WORK(slow, slow_fn);

static void show(const char *what, int r)
{
	OBSERVE("%s: %d, pending %d timer %d", what, r, delayed_work_pending(&dw), timer_pending(&dw.timer));
}

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("dwcan", 0);
	static struct blocker b;
	int r;

	show("idle", cancel_delayed_work(&dw));
	queue_delayed_work(wq, &dw, 1000 * HZ);
	show("on its timer", cancel_delayed_work(&dw));
	blocker_init(&b);
	blocker_start(wq, &b);
	queue_delayed_work(wq, &dw, 0);
	show("queued", cancel_delayed_work(&dw));
	show("once more", cancel_delayed_work(&dw));
	queue_delayed_work(wq, &dw, 0);
	show("queued, its plain work", cancel_work(&dw.work));
	complete(&b.release);
	flush_workqueue(wq);
	OBSERVE("runs %d", runs);

	queue_delayed_work(wq, &slow, 0);
	wait_for_completion(&started);
	OBSERVE("running: %d busy %u", cancel_delayed_work(&slow), work_busy(&slow.work));
	queue_delayed_work(wq, &slow, 1000 * HZ);
	r = cancel_delayed_work(&slow);
	OBSERVE("running and on its timer: %d busy %u", r, work_busy(&slow.work));
	queue_delayed_work(wq, &slow, 0);
	r = cancel_delayed_work(&slow);
	OBSERVE("running and queued: %d busy %u", r, work_busy(&slow.work));
	complete(&release);
	flush_workqueue(wq);
	OBSERVE("entered %d busy %u", entered, work_busy(&slow.work));
	destroy_workqueue(wq);
}
SCENARIO(scenario)
