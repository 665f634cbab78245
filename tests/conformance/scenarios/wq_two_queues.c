/* class: quirk. One item, running for one queue, queued on another.  On the
 * workers of one CPU it still never runs beside itself; with an unbound queue
 * it does. */
#include <linux/workqueue.h>
#include <linux/atomic.h>
#include "observe.h"
#include "blocker.h"

static atomic_t inside = ATOMIC_INIT(0);
static int overlap, runs;
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);

static void fn(struct work_struct *w)
{
	if (atomic_inc_return(&inside) > 1)
		overlap = 1;
	runs++;
	complete(&started);
	wait_for_completion(&release);
	atomic_dec(&inside);
}
static DECLARE_WORK(work, fn);

static void try_one(const char *what, struct workqueue_struct *one, struct workqueue_struct *two, int wait)
{
	int q, s;

	runs = overlap = 0;
	queue_work_on(0, one, &work);
	wait_for_completion(&started);
	q = queue_work_on(0, two, &work);
	s = seen_within(&started, wait);
	OBSERVE("%s: queue %d, started meanwhile %d", what, q, s);
	complete(&release);
	if (!s)
		wait_for_completion(&started);
	complete(&release);
	flush_workqueue(one);
	flush_workqueue(two);
	OBSERVE("%s: runs %d overlap %d", what, runs, overlap);
}

static void scenario(void)
{
	struct workqueue_struct *a = alloc_workqueue("a", 0, 0);
	struct workqueue_struct *b = alloc_workqueue("b", 0, 0);
	struct workqueue_struct *u = alloc_workqueue("u", WQ_UNBOUND, 0);

	try_one("the same queue", a, a, 150);
	try_one("two queues of one CPU", a, b, 150);
	try_one("from a CPU to unbound", a, u, 3000);
	try_one("from unbound to a CPU", u, a, 3000);
	destroy_workqueue(a);
	destroy_workqueue(b);
	destroy_workqueue(u);
}
SCENARIO(scenario)
