/* class: contract. flush_delayed_work() by the state of the item: one that
 * waits for its time runs at once. */
#include <linux/workqueue.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static void fn(struct work_struct *w) { runs++; }
static DECLARE_DELAYED_WORK(dw, fn);

static int entered, left;
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static void slow_fn(struct work_struct *w)
{
	entered++;
	complete(&started);
	wait_for_completion(&release);
	left++;
}
static DECLARE_DELAYED_WORK(slow, slow_fn);

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("dwfl", 0);
	static struct blocker b;
	static struct late l;
	int r;

	OBSERVE("never queued: %d", flush_delayed_work(&dw));
	blocker_init(&b);
	blocker_start(wq, &b);
	queue_delayed_work(wq, &dw, 1000 * HZ);
	OBSERVE("flush_work of one on its timer: %d, runs %d", flush_work(&dw.work), runs);
	late_complete(&l, &b.release, 100);
	r = flush_delayed_work(&dw);
	OBSERVE("on its timer: %d, runs %d, pending %d timer %d", r, runs, delayed_work_pending(&dw),
		timer_pending(&dw.timer));
	late_end(&l);
	OBSERVE("idle: %d", flush_delayed_work(&dw));

	blocker_start(wq, &b);
	queue_delayed_work(wq, &dw, 0);
	late_complete(&l, &b.release, 100);
	r = flush_delayed_work(&dw);
	OBSERVE("queued: %d, runs %d", r, runs);
	late_end(&l);

	queue_delayed_work(wq, &slow, 0);
	wait_for_completion(&started);
	late_complete(&l, &release, 100);
	r = flush_delayed_work(&slow);
	OBSERVE("running: %d, left %d", r, left);
	late_end(&l);

	queue_delayed_work(wq, &slow, 0);
	wait_for_completion(&started);
	queue_delayed_work(wq, &slow, 1000 * HZ);
	complete(&release);
	late_complete(&l, &release, 100);
	r = flush_delayed_work(&slow);
	OBSERVE("running and on its timer: %d, left %d, pending %d", r, left, delayed_work_pending(&slow));
	late_end(&l);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
