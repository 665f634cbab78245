/* class: contract. Delayed items of a kthread_worker. */
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/timer.h>
#include <linux/err.h>
#include "observe.h"

static struct kthread_worker *worker;
static DECLARE_COMPLETION(ran);
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static int runs;
static unsigned long ran_at;

static void fn(struct kthread_work *w)
{
	ran_at = jiffies;
	runs++;
	complete(&ran);
}
static void block_fn(struct kthread_work *w)
{
	complete(&started);
	wait_for_completion(&release);
}
static DEFINE_KTHREAD_DELAYED_WORK(dw, fn);
static DEFINE_KTHREAD_WORK(block, block_fn);

static void show(const char *what, int r)
{
	OBSERVE("%s %d, timer %d", what, r, timer_pending(&dw.timer));
}

static void scenario(void)
{
	unsigned long from;
	int r;

	worker = kthread_create_worker(0, "bh-delayed");
	show("idle: cancel", kthread_cancel_delayed_work_sync(&dw));
	from = jiffies;
	r = kthread_queue_delayed_work(worker, &dw, 5);
	show("again, sooner", kthread_queue_delayed_work(worker, &dw, 0));
	wait_for_completion(&ran);
	kthread_flush_work(&dw.work);
	OBSERVE("queue %d, runs %d, not before its time %d", r, runs, time_after_eq(ran_at, from + 5));

	r = kthread_queue_delayed_work(worker, &dw, 0);
	wait_for_completion(&ran);
	kthread_flush_work(&dw.work);
	OBSERVE("delay 0: %d", r);

	kthread_queue_work(worker, &block);
	wait_for_completion(&started);
	show("queue", kthread_queue_delayed_work(worker, &dw, 1000 * HZ));
	show("on its timer: mod", kthread_mod_delayed_work(worker, &dw, 2000 * HZ));
	show("mod to 0", kthread_mod_delayed_work(worker, &dw, 0));
	show("queued: mod", kthread_mod_delayed_work(worker, &dw, 1000 * HZ));
	show("on its timer: cancel", kthread_cancel_delayed_work_sync(&dw));
	show("idle: mod", kthread_mod_delayed_work(worker, &dw, 1000 * HZ));
	show("mod to 0", kthread_mod_delayed_work(worker, &dw, 0));
	show("queued: cancel", kthread_cancel_delayed_work_sync(&dw));
	complete(&release);
	kthread_flush_worker(worker);
	OBSERVE("runs %d", runs);
	kthread_destroy_worker(worker);
}
SCENARIO(scenario)
