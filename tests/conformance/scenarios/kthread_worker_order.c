/* class: contract. A kthread_worker runs its items one by one in order, in one
 * thread of its name; an item may queue itself. */
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/err.h>
#include "observe.h"

static struct kthread_worker *worker;
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static char order[16];
static int n, self_runs, self_said;

static void block_fn(struct kthread_work *w)
{
	complete(&started);
	wait_for_completion(&release);
}
static void a_fn(struct kthread_work *w) { order[n++] = 'a'; }
static void b_fn(struct kthread_work *w) { order[n++] = 'b'; }
static void c_fn(struct kthread_work *w) { order[n++] = 'c'; }
static void self_fn(struct kthread_work *w)
{
	WRITE_ONCE(self_runs, self_runs + 1);
	if (self_runs < 4)
		self_said += kthread_queue_work(worker, w);
}
static void name_fn(struct kthread_work *w)
{
	OBSERVE("name %s, a kthread %d, in a work queue's worker %d", current->comm,
		!!(current->flags & PF_KTHREAD), !!(current->flags & PF_WQ_WORKER));
}
static DEFINE_KTHREAD_WORK(block, block_fn);
static DEFINE_KTHREAD_WORK(a, a_fn);
static DEFINE_KTHREAD_WORK(b, b_fn);
static DEFINE_KTHREAD_WORK(c, c_fn);
static DEFINE_KTHREAD_WORK(self, self_fn);
static DEFINE_KTHREAD_WORK(name, name_fn);

static void scenario(void)
{
	worker = kthread_create_worker(0, "bh-worker/%d", 1);
	OBSERVE("an error %d", IS_ERR(worker));
	kthread_queue_work(worker, &name);
	kthread_flush_work(&name);

	OBSERVE("queue %d", kthread_queue_work(worker, &block));
	wait_for_completion(&started);
	OBSERVE("c %d", kthread_queue_work(worker, &c));
	OBSERVE("a %d", kthread_queue_work(worker, &a));
	OBSERVE("c again %d", kthread_queue_work(worker, &c));
	OBSERVE("b %d", kthread_queue_work(worker, &b));
	OBSERVE("the running one %d", kthread_queue_work(worker, &block));
	OBSERVE("and again %d", kthread_queue_work(worker, &block));
	OBSERVE("ran meanwhile %d", n);
	complete(&release);
	complete(&release);
	kthread_flush_worker(worker);
	OBSERVE("order %s, blocked once more %d", order, try_wait_for_completion(&started));

	kthread_queue_work(worker, &self);
	while (READ_ONCE(self_runs) < 4)
		kthread_flush_worker(worker);
	kthread_flush_work(&self);	/* the end of the last run */
	OBSERVE("queued itself %d, runs %d", self_said, self_runs);
	kthread_destroy_worker(worker);
}
SCENARIO(scenario)
