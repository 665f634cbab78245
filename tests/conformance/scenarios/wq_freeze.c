/* class: contract. Freezing holds the items of WQ_FREEZABLE queues back, and
 * nobody else's; what runs already is only waited for. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"
#include "unexported.h"

static DECLARE_COMPLETION(ran);
static int runs;
static void fn(struct work_struct *w)
{
	runs++;
	complete(&ran);
}
static DECLARE_WORK(item, fn);
static DECLARE_WORK(other, fn);
static DECLARE_DELAYED_WORK(dw, fn);

static void scenario(void)
{
	struct workqueue_struct *cold = alloc_workqueue("cold", WQ_FREEZABLE, 0);
	struct workqueue_struct *warm = alloc_workqueue("warm", 0, 0);
	static struct blocker b;
	int r;

	blocker_init(&b);
	blocker_start(cold, &b);
	freeze_workqueues_begin();
	OBSERVE("one runs: busy %d", !!freeze_workqueues_busy());
	complete(&b.release);
	flush_work(&b.work);
	OBSERVE("it ended: busy %d", !!freeze_workqueues_busy());

	r = queue_work(cold, &item);
	OBSERVE("frozen: queue %d, again %d", r, queue_work(cold, &item));
	r = seen_within(&ran, 100);
	OBSERVE("ran %d pending %d busy %u", r, work_pending(&item), work_busy(&item));
	r = queue_work(warm, &other);
	OBSERVE("another queue: %d ran %d", r, seen_within(&ran, 2000));
	OBSERVE("delayed: queue %d", queue_delayed_work(cold, &dw, 1));
	r = seen_within(&ran, 100);
	OBSERVE("ran %d timer %d pending %d", r, timer_pending(&dw.timer), delayed_work_pending(&dw));
	OBSERVE("cancel a frozen one %d", cancel_delayed_work_sync(&dw));
	OBSERVE("still nobody runs: busy %d", !!freeze_workqueues_busy());
	thaw_workqueues();
	OBSERVE("thawed: ran %d", seen_within(&ran, 2000));
	flush_workqueue(cold);
	OBSERVE("runs %d pending %d", runs, work_pending(&item));
	destroy_workqueue(cold);
	destroy_workqueue(warm);
}
SCENARIO(scenario)
