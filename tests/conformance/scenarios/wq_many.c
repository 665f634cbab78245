/* class: contract. Some hundred items on every kind of queue, queued from
 * handlers of all CPUs: each runs once for each true. */
#include <linux/workqueue.h>
#include <linux/cpumask.h>
#include <linux/atomic.h>
#include "observe.h"

#define N 64
static struct work_struct item[N];
static atomic_t runs = ATOMIC_INIT(0), queued = ATOMIC_INIT(0);
static struct workqueue_struct *wq;

static void fn(struct work_struct *w) { atomic_inc(&runs); }
static void feed_fn(struct work_struct *w)
{
	int i, round;

	for (round = 0; round < 10; round++)
		for (i = 0; i < N; i++)
			if (queue_work(wq, &item[i]))
				atomic_inc(&queued);
}
#define FEEDERS 4
static struct work_struct feeder[FEEDERS];

static void try_one(const char *what, struct workqueue_struct *q)
{
	int i;

	wq = q;
	atomic_set(&runs, 0);
	atomic_set(&queued, 0);
	for (i = 0; i < N; i++)
		INIT_WORK(&item[i], fn);
	for (i = 0; i < FEEDERS; i++) {
		INIT_WORK(&feeder[i], feed_fn);
		queue_work_on(i % num_online_cpus(), system_wq, &feeder[i]);
	}
	for (i = 0; i < FEEDERS; i++)
		flush_work(&feeder[i]);
	destroy_workqueue(wq);
	OBSERVE("%s: as often as queued %d, at least once each %d", what,
		atomic_read(&runs) == atomic_read(&queued), atomic_read(&queued) >= N);
}

static void scenario(void)
{
	try_one("per CPU", alloc_workqueue("m", 0, 0));
	try_one("one at a time", alloc_workqueue("m1", 0, 1));
	try_one("unbound", alloc_workqueue("mu", WQ_UNBOUND, 0));
	try_one("unbound, two", alloc_workqueue("mu2", WQ_UNBOUND, 2));
	try_one("ordered", alloc_ordered_workqueue("mo", 0));
	try_one("high", alloc_workqueue("mh", WQ_HIGHPRI, 0));
	try_one("intensive", alloc_workqueue("mi", WQ_CPU_INTENSIVE, 0));
}
SCENARIO(scenario)
