/* class: contract. kthread_cancel_work_sync() and kthread_flush_work() by the
 * state of the item. */
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/err.h>
#include "observe.h"
#include "blocker.h"

static struct kthread_worker *worker;
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static int entered, left, requeue, said = -1, runs;

static void block_fn(struct kthread_work *w)
{
	entered++;
	complete(&started);
	wait_for_completion(&release);
	if (requeue)
		said = kthread_queue_work(worker, w);
	left++;
}
static void fn(struct kthread_work *w) { runs++; }
static DEFINE_KTHREAD_WORK(block, block_fn);
static DEFINE_KTHREAD_WORK(item, fn);

static void scenario(void)
{
	static struct late l;
	int r;

	worker = kthread_create_worker(0, "bh-cancel");
	OBSERVE("never queued %d", kthread_cancel_work_sync(&item));
	kthread_flush_work(&item);
	kthread_queue_work(worker, &block);
	wait_for_completion(&started);
	kthread_queue_work(worker, &item);
	OBSERVE("pending %d", kthread_cancel_work_sync(&item));
	OBSERVE("once more %d", kthread_cancel_work_sync(&item));
	kthread_queue_work(worker, &item);
	late_complete(&l, &release, 100);
	kthread_flush_work(&item);
	OBSERVE("flush of a pending one: runs %d left %d", runs, left);
	late_end(&l);
	OBSERVE("completed %d", kthread_cancel_work_sync(&item));

	kthread_queue_work(worker, &block);
	wait_for_completion(&started);
	late_complete(&l, &release, 100);
	r = kthread_cancel_work_sync(&block);
	OBSERVE("running %d, left %d", r, left);
	late_end(&l);

	kthread_queue_work(worker, &block);
	wait_for_completion(&started);
	kthread_queue_work(worker, &block);
	late_complete(&l, &release, 100);
	r = kthread_cancel_work_sync(&block);
	OBSERVE("running and pending %d, entered %d left %d", r, entered, left);
	late_end(&l);

	requeue = 1;
	kthread_queue_work(worker, &block);
	wait_for_completion(&started);
	late_complete(&l, &release, 100);
	r = kthread_cancel_work_sync(&block);
	OBSERVE("running, queues itself: %d, it was told %d, entered %d", r, said, entered);
	late_end(&l);
	requeue = 0;
	OBSERVE("afterwards it can be queued %d", kthread_queue_work(worker, &item));
	kthread_destroy_worker(worker);
	OBSERVE("destroy runs what is pending: %d", runs);
}
SCENARIO(scenario)
