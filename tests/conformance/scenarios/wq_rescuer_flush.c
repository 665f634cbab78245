/* class: contract. Flush and cancel while no worker can be had: of what the
 * rescuer runs, and of what waits for a worker. */
#include <linux/workqueue.h>
#include <linux/smp.h>
#include "observe.h"
#include "shortage.h"

static struct shortage s;
static struct rescued a, b, poor;
static struct late l;

static void scenario(void)
{
	struct workqueue_struct *plain = alloc_workqueue("plain", 0, 0);
	struct workqueue_struct *reclaim = alloc_workqueue("reclaim", WQ_MEM_RECLAIM, 0);
	int said;

	rescued_init(&a, 0);
	rescued_init(&b, 1);
	rescued_init(&poor, 2);
	shortage_prepare();
	shortage_new(&s, 0);
	threads_to_be_had(0);
	shortage_begin(&s, 0);

	a.wait = 1;
	queue_work_on(0, reclaim, &a.work);
	wait_for_completion(&a.begun);
	OBSERVE("rescued: busy %u pending %d", work_busy(&a.work), work_pending(&a.work));
	late_complete(&l, &a.go, 150);
	said = flush_work(&a.work);
	OBSERVE("flush_work waits: said %d, done %d", said, completion_done(&a.done));
	late_end(&l);
	wait_for_completion(&a.done);

	queue_work_on(0, reclaim, &a.work);
	wait_for_completion(&a.begun);
	queue_work_on(0, reclaim, &b.work);
	late_complete(&l, &a.go, 150);
	said = flush_work(&b.work);
	OBSERVE("flush_work of the one behind: said %d, done %d %d", said, completion_done(&a.done),
		completion_done(&b.done));
	late_end(&l);
	wait_for_completion(&a.done);
	wait_for_completion(&b.done);

	queue_work_on(0, reclaim, &a.work);
	wait_for_completion(&a.begun);
	queue_work_on(0, reclaim, &b.work);
	late_complete(&l, &a.go, 150);
	flush_workqueue(reclaim);
	OBSERVE("flush_workqueue: done %d %d", completion_done(&a.done), completion_done(&b.done));
	late_end(&l);
	wait_for_completion(&a.done);
	wait_for_completion(&b.done);

	queue_work_on(0, reclaim, &a.work);
	wait_for_completion(&a.begun);
	queue_work_on(0, reclaim, &b.work);
	said = cancel_work_sync(&b.work);
	OBSERVE("cancel_work_sync of the one behind: said %d, runs %d", said, b.runs);
	late_complete(&l, &a.go, 150);
	said = cancel_work_sync(&a.work);
	OBSERVE("cancel_work_sync of the one that runs: said %d, done %d", said, completion_done(&a.done));
	late_end(&l);
	wait_for_completion(&a.done);

	queue_work_on(0, reclaim, &a.work);
	wait_for_completion(&a.begun);
	said = queue_work_on(0, reclaim, &a.work);
	OBSERVE("queued while it runs: said %d, busy %u", said, work_busy(&a.work));
	late_complete(&l, &a.go, 150);
	said = cancel_work_sync(&a.work);
	OBSERVE("cancel_work_sync: said %d, runs %d", said, a.runs);
	late_end(&l);

	queue_work_on(0, plain, &poor.work);
	said = cancel_work_sync(&poor.work);
	OBSERVE("no worker for it: cancel_work_sync %d", said);
	queue_work_on(0, plain, &poor.work);
	said = queue_work_on(0, reclaim, &poor.work);
	OBSERVE("pending there: queue it here %d", said);
	OBSERVE("it runs %d", seen_within(&poor.begun, 150));
	said = cancel_work(&poor.work);
	OBSERVE("cancel_work %d", said);
	said = queue_work_on(0, reclaim, &poor.work);
	OBSERVE("queue it here %d, it runs %d", said, seen_within(&poor.begun, 10000));
	flush_work(&poor.work);
	OBSERVE("flush_workqueue of the one where nothing waits");
	flush_workqueue(plain);
	OBSERVE("by the rescuer: %d of %d, %d of %d, %d of %d", a.by_rescuer, a.runs, b.by_rescuer, b.runs,
		poor.by_rescuer, poor.runs);

	threads_to_be_had(1);
	shortage_release(&s);
	shortage_delete(&s);
	destroy_workqueue(reclaim);
	destroy_workqueue(plain);
}
SCENARIO(scenario)
