/* class: contract. needs: 6.12. disable_work() and enable_work(): they count,
 * a disabled item is not queued, and what was refused is lost. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static void fn(struct work_struct *w) { runs++; }
static DECLARE_WORK(item, fn);

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("dis", 0);
	static struct blocker b;
	static struct late l;
	int r;

	OBSERVE("idle: disable %d", disable_work(&item));
	OBSERVE("queue %d pending %d busy %u", queue_work(wq, &item), work_pending(&item), work_busy(&item));
	OBSERVE("twice: disable %d", disable_work_sync(&item));
	OBSERVE("enable %d", enable_work(&item));
	OBSERVE("queue %d", queue_work(wq, &item));
	OBSERVE("enable %d", enable_work(&item));
	flush_workqueue(wq);
	OBSERVE("what was refused is lost: runs %d", runs);
	r = queue_work(wq, &item);
	flush_work(&item);
	OBSERVE("queue %d, runs %d", r, runs);

	blocker_init(&b);
	blocker_start(wq, &b);
	queue_work(wq, &item);
	r = disable_work(&item);
	OBSERVE("pending: disable %d, pending %d", r, work_pending(&item));
	OBSERVE("once more %d", disable_work(&item));
	OBSERVE("cancel %d", cancel_work_sync(&item));
	OBSERVE("flush %d", flush_work(&item));
	OBSERVE("enable %d", enable_work(&item));
	OBSERVE("enable_and_queue %d", enable_and_queue_work(wq, &item));
	OBSERVE("pending %d", work_pending(&item));
	complete(&b.release);
	flush_workqueue(wq);
	OBSERVE("runs %d", runs);

	blocker_start(wq, &b);
	OBSERVE("running: disable %d busy %u", disable_work(&b.work), work_busy(&b.work));
	OBSERVE("queue %d", queue_work(wq, &b.work));
	late_complete(&l, &b.release, 150);
	r = disable_work_sync(&b.work);
	OBSERVE("disable_sync waits: %d, left %d", r, b.left);
	late_end(&l);
	OBSERVE("enable %d", enable_work(&b.work));
	OBSERVE("enable %d", enable_work(&b.work));

	blocker_start(wq, &b);
	queue_work(wq, &b.work);
	late_complete(&l, &b.release, 150);
	r = disable_work_sync(&b.work);
	OBSERVE("running and pending: disable_sync %d, entered %d left %d", r, b.entered, b.left);
	late_end(&l);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
