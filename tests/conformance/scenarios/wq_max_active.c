/* class: contract. max_active is how many items of a queue may be under way on
 * one CPU; a sleeping handler counts. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static struct blocker b[4];

/* n items, of which `room` may start at once. */
static void try_one(const char *what, struct workqueue_struct *wq, int n, int room)
{
	int i, started = 0;

	for (i = 0; i < n; i++) {
		blocker_init(&b[i]);
		queue_work_on(0, wq, &b[i].work);
	}
	for (i = 0; i < n; i++) {
		started = seen_within(&b[i].started, i < room ? 5000 : 300);
		OBSERVE("%s: item %d started %d", what, i, started);
	}
	complete(&b[0].release);
	flush_work(&b[0].work);
	OBSERVE("%s: after the first ended, last one started %d", what,
		started || seen_within(&b[n - 1].started, 5000));
	for (i = 1; i < n; i++)
		complete(&b[i].release);
	flush_workqueue(wq);
	OBSERVE("%s: all done %d", what, b[n - 1].left);
	destroy_workqueue(wq);
}

static void scenario(void)
{
	try_one("max 1", alloc_workqueue("ma1", 0, 1), 2, 1);
	try_one("max 2", alloc_workqueue("ma2", 0, 2), 3, 2);
	try_one("max default", alloc_workqueue("ma0", 0, 0), 4, 4);
	try_one("ordered", alloc_ordered_workqueue("mao", 0), 2, 1);
	try_one("unbound max 1", alloc_workqueue("mau1", WQ_UNBOUND, 1), 2, 1);
	try_one("highpri max 1", alloc_workqueue("mah1", WQ_HIGHPRI, 1), 2, 1);
}
SCENARIO(scenario)
