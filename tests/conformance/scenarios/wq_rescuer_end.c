/* class: contract. A WQ_MEM_RECLAIM queue ends while no worker can be had; its
 * delayed work comes; and a worker that is free again takes over. */
#include <linux/workqueue.h>
#include <linux/smp.h>
#include "observe.h"
#include "shortage.h"

static struct shortage s;
static struct rescued a, b, poor;

static struct delayed_work dwork;
static DECLARE_COMPLETION(fired);
static int by_rescuer = -1;
static void dwork_fn(struct work_struct *w)
{
	by_rescuer = shortage_is_rescuer();
	complete(&fired);
}

static void scenario(void)
{
	struct workqueue_struct *drained = alloc_workqueue("drained", WQ_MEM_RECLAIM, 0);
	struct workqueue_struct *doomed = alloc_workqueue("doomed", WQ_MEM_RECLAIM, 1);
	struct workqueue_struct *plain = alloc_workqueue("plain", 0, 0);
	int ran;

	rescued_init(&a, 0);
	rescued_init(&b, 1);
	rescued_init(&poor, 2);
	INIT_DELAYED_WORK(&dwork, dwork_fn);
	shortage_prepare();
	shortage_new(&s, 0);
	threads_to_be_had(0);
	shortage_begin(&s, 0);

	queue_delayed_work_on(0, drained, &dwork, 2);
	OBSERVE("delayed work: ran %d", seen_within(&fired, 10000));
	flush_delayed_work(&dwork);
	OBSERVE("by the rescuer %d", by_rescuer);

	a.again = 2;
	a.wq = drained;
	queue_work_on(0, drained, &a.work);
	drain_workqueue(drained);
	OBSERVE("drain_workqueue: runs %d, pending %d", a.runs, work_pending(&a.work));

	rescued_init(&a, 0);
	queue_work_on(0, doomed, &a.work);
	queue_work_on(0, doomed, &b.work);
	destroy_workqueue(doomed);
	OBSERVE("destroy_workqueue: runs %d %d by the rescuer %d %d", a.runs, b.runs, a.by_rescuer, b.by_rescuer);

	/* A worker is free again: it takes what waits, threads or no threads. */
	queue_work_on(0, plain, &poor.work);
	OBSERVE("the poor one: ran %d", seen_within(&poor.done, 150));
	shortage_release(&s);
	ran = seen_within(&poor.done, 10000);
	OBSERVE("a worker is free: ran %d by the rescuer %d", ran, poor.by_rescuer);
	threads_to_be_had(1);
	shortage_delete(&s);
	destroy_workqueue(plain);
	destroy_workqueue(drained);
}
SCENARIO(scenario)
