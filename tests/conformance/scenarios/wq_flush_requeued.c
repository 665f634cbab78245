/* class: contract. flush_work() of an item that runs and is pending again
 * waits for the pending run; a handler may flush another item, also of its own
 * queue. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static struct workqueue_struct *wq;
static int runs, flush_said = -1, child_runs = -1, queue_said = -1;
static void child_fn(struct work_struct *w) { runs++; }
static DECLARE_WORK(child, child_fn);
static void parent_fn(struct work_struct *w)
{
	queue_said = queue_work(wq, &child);
	flush_said = flush_work(&child);
	child_runs = runs;
}
static DECLARE_WORK(parent, parent_fn);

static void scenario(void)
{
	static struct blocker b;
	static struct late l;
	int r;

	wq = alloc_workqueue("flushre", 0, 0);
	blocker_init(&b);
	blocker_start(wq, &b);
	queue_work(wq, &b.work);
	complete(&b.release);
	late_complete(&l, &b.release, 150);
	r = flush_work(&b.work);
	OBSERVE("running and pending: flush %d, entered %d left %d", r, b.entered, b.left);
	late_end(&l);
	OBSERVE("afterwards %d", flush_work(&b.work));

	queue_work(wq, &parent);
	flush_work(&parent);
	OBSERVE("from a handler: queue %d, child ran %d", queue_said, child_runs);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
