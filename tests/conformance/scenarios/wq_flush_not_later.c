/* class: contract. flush_workqueue() waits for what was queued before, not for
 * what comes later; several may wait at a time. */
#include <linux/workqueue.h>
#include <linux/delay.h>
#include "observe.h"
#include "blocker.h"

static struct workqueue_struct *wq;
static struct blocker before, after;
static DECLARE_COMPLETION(flushing);
static DECLARE_COMPLETION(flushed);

static void flush_fn(struct work_struct *w)
{
	complete(&flushing);
	flush_workqueue(wq);
	complete(&flushed);
}
#define N 4
static struct work_struct flusher[N];

static void scenario(void)
{
	int i, back;

	wq = alloc_workqueue("flushlater", 0, 0);
	blocker_init(&before);
	blocker_init(&after);
	blocker_start(wq, &before);
	for (i = 0; i < N; i++) {
		INIT_WORK(&flusher[i], flush_fn);
		queue_work(system_unbound_wq, &flusher[i]);
	}
	for (i = 0; i < N; i++)
		wait_for_completion(&flushing);
	msleep(100);
	blocker_start(wq, &after);
	OBSERVE("one back before its time %d", seen_within(&flushed, 50));
	complete(&before.release);
	for (back = i = 0; i < N; i++)
		back += seen_within(&flushed, 3000);
	OBSERVE("back %d, the later one left %d", back, after.left);
	complete(&after.release);
	for (i = 0; i < N; i++)
		flush_work(&flusher[i]);
	destroy_workqueue(wq);
	OBSERVE("left %d", after.left);
}
SCENARIO(scenario)
