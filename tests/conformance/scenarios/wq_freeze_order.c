/* class: contract. A frozen ordered queue keeps the order; a queue that is
 * made while everything is frozen begins frozen. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"
#include "unexported.h"

#define N 5
static struct { struct work_struct work; int id; } item[N];
static int order[N], n_run;
static void fn(struct work_struct *w)
{
	int i;

	for (i = 0; i < N; i++)
		if (&item[i].work == w)
			order[n_run++] = i;
}

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("coldorder", WQ_FREEZABLE);
	struct workqueue_struct *born;
	static struct blocker b;
	int i;

	blocker_init(&b);
	for (i = 0; i < N; i++)
		INIT_WORK(&item[i].work, fn);
	freeze_workqueues_begin();
	for (i = 0; i < N; i++)
		queue_work(wq, &item[(i * 3) % N].work);
	born = alloc_workqueue("coldborn", WQ_FREEZABLE | WQ_UNBOUND, 0);
	queue_work(born, &b.work);
	OBSERVE("made while frozen: started %d", seen_within(&b.started, 100));
	OBSERVE("the ordered one: ran %d", n_run);
	thaw_workqueues();
	OBSERVE("thawed: started %d", seen_within(&b.started, 2000));
	complete(&b.release);
	flush_workqueue(wq);
	OBSERVE("order %d %d %d %d %d", order[0], order[1], order[2], order[3], order[4]);
	destroy_workqueue(wq);
	destroy_workqueue(born);
	OBSERVE("done %d", b.left);
}
SCENARIO(scenario)
