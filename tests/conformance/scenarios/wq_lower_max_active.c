/* class: contract. Lowering max_active stops nobody that runs; the next one
 * waits until fewer are left.  Raising it starts those that wait, in order. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static struct blocker b[5];

static void try_one(const char *what, struct workqueue_struct *wq)
{
	int i;

	for (i = 0; i < 5; i++)
		blocker_init(&b[i]);
	for (i = 0; i < 3; i++) {
		queue_work_on(0, wq, &b[i].work);
		wait_for_completion(&b[i].started);
	}
	workqueue_set_max_active(wq, 2);
	queue_work_on(0, wq, &b[3].work);
	queue_work_on(0, wq, &b[4].work);
	OBSERVE("%s: lowered below three that run: fourth %d", what, seen_within(&b[3].started, 100));
	complete(&b[0].release);
	flush_work(&b[0].work);
	OBSERVE("%s: one ended: fourth %d", what, seen_within(&b[3].started, 100));
	complete(&b[1].release);
	flush_work(&b[1].work);
	OBSERVE("%s: two ended: fourth %d", what, seen_within(&b[3].started, 3000));
	OBSERVE("%s: fifth %d", what, seen_within(&b[4].started, 100));
	workqueue_set_max_active(wq, 3);
	OBSERVE("%s: raised: fifth %d", what, seen_within(&b[4].started, 3000));
	for (i = 2; i < 5; i++)
		complete(&b[i].release);
	destroy_workqueue(wq);
}

static void scenario(void)
{
	try_one("per CPU", alloc_workqueue("low", 0, 3));
	try_one("unbound", alloc_workqueue("lowu", WQ_UNBOUND, 3));
}
SCENARIO(scenario)
