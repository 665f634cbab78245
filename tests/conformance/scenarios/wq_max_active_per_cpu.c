/* class: contract. needs: 2 cpus. max_active of a queue of per-CPU workers
 * counts on each CPU; of an unbound one, in the whole system. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static struct blocker b[3];

static void try_one(const char *what, struct workqueue_struct *wq, int second_may)
{
	int i, s[3];

	for (i = 0; i < 3; i++)
		blocker_init(&b[i]);
	queue_work_on(0, wq, &b[0].work);
	queue_work_on(1, wq, &b[1].work);
	queue_work_on(0, wq, &b[2].work);
	s[0] = seen_within(&b[0].started, 3000);
	s[1] = seen_within(&b[1].started, second_may ? 3000 : 150);
	s[2] = seen_within(&b[2].started, 150);
	OBSERVE("%s: on 0 %d, on 1 %d, one more on 0 %d", what, s[0], s[1], s[2]);
	for (i = 0; i < 3; i++)
		complete(&b[i].release);
	destroy_workqueue(wq);
	OBSERVE("%s: left %d", what, b[0].left + b[1].left + b[2].left);
}

static void scenario(void)
{
	try_one("per CPU, 1", alloc_workqueue("pc1", 0, 1), 1);
	try_one("create_workqueue", create_workqueue("legacy"), 1);
	try_one("unbound, 1", alloc_workqueue("ub1", WQ_UNBOUND, 1), 0);
	try_one("ordered", alloc_ordered_workqueue("ord", 0), 0);
	try_one("unbound, 2", alloc_workqueue("ub2", WQ_UNBOUND, 2), 1);
}
SCENARIO(scenario)
