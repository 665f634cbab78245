/* class: contract. A WQ_MEM_RECLAIM queue: an ordinary worker runs its items
 * as long as there is one; the questions about the rescuer. */
#include <linux/workqueue.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "observe.h"
#include "blocker.h"
#include "unexported.h"

static int rescued = -1, is_kworker;
static void fn(struct work_struct *w)
{
	rescued = !!current_is_workqueue_rescuer();
	is_kworker = !strncmp(current->comm, "kworker/", 8);
}
static DECLARE_WORK(item, fn);

static void try_one(const char *what, struct workqueue_struct *wq)
{
	static struct blocker b;
	int r;

	blocker_init(&b);
	r = queue_work(wq, &item);
	flush_work(&item);
	OBSERVE("%s: queue %d by the rescuer %d a kworker %d", what, r, rescued, is_kworker);
	blocker_start(wq, &b);
	queue_work(wq, &item);
	complete(&b.release);
	destroy_workqueue(wq);
	OBSERVE("%s: destroyed, left %d pending %d", what, b.left, work_pending(&item));
}

static void scenario(void)
{
	OBSERVE("outside: the rescuer %d", !!current_is_workqueue_rescuer());
	try_one("reclaim", alloc_workqueue("reclaim", WQ_MEM_RECLAIM, 0));
	try_one("reclaim unbound", alloc_workqueue("reclaimu", WQ_MEM_RECLAIM | WQ_UNBOUND, 0));
	try_one("create_workqueue", create_workqueue("legacy"));
	try_one("create_singlethread_workqueue", create_singlethread_workqueue("single"));
	try_one("create_freezable_workqueue", create_freezable_workqueue("freezable"));
}
SCENARIO(scenario)
