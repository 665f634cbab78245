/* class: contract. Several handlers queue on one ordered queue at a time: each
 * one's items run in the order in which it queued them, one at a time. */
#include <linux/workqueue.h>
#include <linux/cpumask.h>
#include <linux/atomic.h>
#include "observe.h"

#define N 4
#define EACH 20
struct one { struct work_struct work; int from, nr; };
static struct one item[N][EACH];
static struct { struct work_struct work; int id; } queuer[N];
static int last[N], out_of_order, runs, overlap;
static atomic_t inside = ATOMIC_INIT(0), refused = ATOMIC_INIT(0);
static struct workqueue_struct *wq;

static void fn(struct work_struct *w)
{
	struct one *me = container_of(w, struct one, work);

	if (atomic_inc_return(&inside) != 1)
		overlap = 1;
	if (me->nr != last[me->from])
		out_of_order++;
	last[me->from] = me->nr + 1;
	runs++;
	atomic_dec(&inside);
}

static void queuer_fn(struct work_struct *w)
{
	int i, q = 0;

	for (i = 0; i < N; i++)
		if (&queuer[i].work == w)
			q = i;
	for (i = 0; i < EACH; i++)
		if (!queue_work(wq, &item[q][i].work))
			atomic_inc(&refused);
}

static void scenario(void)
{
	int i, k;

	wq = alloc_ordered_workqueue("queuers", 0);
	for (i = 0; i < N; i++) {
		INIT_WORK(&queuer[i].work, queuer_fn);
		for (k = 0; k < EACH; k++) {
			INIT_WORK(&item[i][k].work, fn);
			item[i][k].from = i;
			item[i][k].nr = k;
		}
	}
	for (i = 0; i < N; i++)
		queue_work_on(i % num_online_cpus(), system_wq, &queuer[i].work);
	for (i = 0; i < N; i++)
		flush_work(&queuer[i].work);
	destroy_workqueue(wq);
	OBSERVE("runs %d refused %d out of order %d overlap %d", runs, atomic_read(&refused), out_of_order,
		overlap);
}
SCENARIO(scenario)
