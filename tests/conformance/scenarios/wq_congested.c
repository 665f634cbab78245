/* class: contract. workqueue_congested(): are items of that CPU waiting for
 * max_active? */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static void fn(struct work_struct *w) { runs++; }
static DECLARE_WORK(one, fn);
static DECLARE_WORK(two, fn);

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_workqueue("cong", 0, 2);
	static struct blocker a, b;

	blocker_init(&a);
	blocker_init(&b);
	OBSERVE("empty %d", !!workqueue_congested(0, wq));
	queue_work_on(0, wq, &a.work);
	wait_for_completion(&a.started);
	OBSERVE("one of two runs %d", !!workqueue_congested(0, wq));
	queue_work_on(0, wq, &b.work);
	wait_for_completion(&b.started);
	OBSERVE("two of two run %d", !!workqueue_congested(0, wq));
	queue_work_on(0, wq, &one);
	OBSERVE("a third waits %d", !!workqueue_congested(0, wq));
	queue_work_on(0, wq, &two);
	cancel_work(&one);
	OBSERVE("it was cancelled, a fourth waits %d", !!workqueue_congested(0, wq));
	cancel_work(&two);
	OBSERVE("none waits %d", !!workqueue_congested(0, wq));
	complete(&a.release);
	complete(&b.release);
	flush_workqueue(wq);
	OBSERVE("empty %d, runs %d", !!workqueue_congested(0, wq), runs);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
