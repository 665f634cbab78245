/* class: contract. How many items may be under way at once: by default, at
 * most, and when more is asked for. */
#include <linux/workqueue.h>
#include <linux/cpumask.h>
#include "observe.h"

static void scenario(void)
{
	struct workqueue_struct *wq;

	OBSERVE("by default %d, at most %d, unbound %d", WQ_DFL_ACTIVE, WQ_MAX_ACTIVE, WQ_UNBOUND_MAX_ACTIVE >= WQ_MAX_ACTIVE);
	wq = alloc_workqueue("bh_much", WQ_UNBOUND, WQ_MAX_ACTIVE + 100);
	OBSERVE("too many asked for: %d", wq != NULL);
	workqueue_set_max_active(wq, 7);
	destroy_workqueue(wq);
	wq = alloc_workqueue("bh_default", 0, 0);
	OBSERVE("none asked for: %d", wq != NULL);
	destroy_workqueue(wq);
	wq = alloc_workqueue("bh_%s_%d", WQ_MEM_RECLAIM | WQ_UNBOUND, 1, "named", 5);
	OBSERVE("named: %d", wq != NULL);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
