/* class: contract. drain_workqueue() with chains: a handler queues another
 * item, which queues the next, also past max_active; delayed items on their
 * timers are not waited for. */
#include <linux/workqueue.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "blocker.h"

static struct workqueue_struct *wq;
static int depth, refused;
#define N 6
static struct work_struct link_[N];

static void fn(struct work_struct *w)
{
	int i;

	depth++;
	for (i = 0; i < N - 1; i++)
		if (&link_[i] == w) {
			if (!queue_work(wq, &link_[i + 1]))	/* the next may run already */
				refused++;
		}
}

static int late_runs;
static void late_run(struct work_struct *w) { late_runs++; }
static DECLARE_DELAYED_WORK(dw, late_run);

static void try_one(const char *what, struct workqueue_struct *q)
{
	static struct blocker b;
	static struct late l;
	int i;

	wq = q;
	depth = refused = 0;
	blocker_init(&b);
	for (i = 0; i < N; i++)
		INIT_WORK(&link_[i], fn);
	blocker_start(wq, &b);
	queue_work(wq, &link_[0]);
	late_complete(&l, &b.release, 100);
	drain_workqueue(wq);
	OBSERVE("%s: depth %d refused %d, blocker left %d", what, depth, refused, b.left);
	late_end(&l);
	OBSERVE("%s: queue afterwards %d", what, queue_work(wq, &link_[N - 1]));
	destroy_workqueue(wq);
	OBSERVE("%s: depth %d", what, depth);
}

static void scenario(void)
{
	try_one("per CPU", alloc_workqueue("dc", 0, 0));
	try_one("one at a time", alloc_workqueue("dc1", 0, 1));
	try_one("ordered", alloc_ordered_workqueue("dco", 0));
	try_one("unbound", alloc_workqueue("dcu", WQ_UNBOUND, 0));

	wq = alloc_workqueue("dcd", 0, 0);
	queue_delayed_work(wq, &dw, 1000 * HZ);
	drain_workqueue(wq);
	OBSERVE("a delayed one: runs %d pending %d", late_runs, delayed_work_pending(&dw));
	OBSERVE("cancel %d", cancel_delayed_work_sync(&dw));
	destroy_workqueue(wq);
}
SCENARIO(scenario)
