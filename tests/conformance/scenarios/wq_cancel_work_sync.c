/* class: contract. cancel_work_sync(): return values, waiting, and that the
 * item cannot be queued while it is being cancelled. */
#include <linux/workqueue.h>
#include <linux/delay.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static void fn(struct work_struct *w) { runs++; }

static int self_runs;
static void self_fn(struct work_struct *w)
{
	WRITE_ONCE(self_runs, self_runs + 1);
	schedule_work(w);
}
static DECLARE_WORK(self, self_fn);

static int tried = -1, tries_over;
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static void stubborn_fn(struct work_struct *w)
{
	complete(&started);
	wait_for_completion(&release);
	tried = schedule_work(w);
	tries_over++;
}
static DECLARE_WORK(stubborn, stubborn_fn);

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("cancelsync", 0);
	static struct blocker b;
	static struct late l;
	static struct work_struct w;
	int before, r;

	blocker_init(&b);
	INIT_WORK(&w, fn);
	OBSERVE("idle %d", cancel_work_sync(&w));

	blocker_start(wq, &b);
	queue_work(wq, &w);
	OBSERVE("pending %d", cancel_work_sync(&w));
	OBSERVE("once more %d", cancel_work_sync(&w));

	late_complete(&l, &b.release, 250);
	r = cancel_work_sync(&b.work);
	OBSERVE("running %d, handler left %d", r, b.left);
	late_end(&l);

	blocker_start(wq, &b);
	queue_work(wq, &b.work);
	late_complete(&l, &b.release, 250);
	r = cancel_work_sync(&b.work);
	OBSERVE("running and pending %d, left %d, entered %d", r, b.left, b.entered);
	late_end(&l);

	OBSERVE("queue after cancel %d", queue_work(wq, &w));
	flush_workqueue(wq);
	OBSERVE("runs %d", runs);

	schedule_work(&stubborn);
	wait_for_completion(&started);
	late_complete(&l, &release, 250);
	OBSERVE("handler that requeues itself: cancel %d", cancel_work_sync(&stubborn));
	late_end(&l);
	OBSERVE("its schedule_work said %d, runs over %d, pending %d",
		tried, tries_over, work_pending(&stubborn));

	schedule_work(&self);
	while (READ_ONCE(self_runs) < 3)
		msleep(1);
	cancel_work_sync(&self);
	before = self_runs;
	msleep(50);
	OBSERVE("endless requeue: ran %d, stopped %d, pending %d",
		before > 0, self_runs == before, work_pending(&self));
	destroy_workqueue(wq);
}
SCENARIO(scenario)
