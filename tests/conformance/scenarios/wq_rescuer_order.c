/* class: contract. The rescuer is one thread: what it runs of its queue comes
 * in order, one after the other, whatever max_active is. */
#include <linux/workqueue.h>
#include <linux/smp.h>
#include "observe.h"
#include "shortage.h"

static struct shortage s;
static struct rescued r[4];

static void try_one(const char *what, struct workqueue_struct *wq)
{
	int i;

	rescued_n = rescued_most = 0;
	for (i = 0; i < 4; i++)
		rescued_init(&r[i], i);
	r[0].wait = 1;
	queue_work_on(0, wq, &r[0].work);
	OBSERVE("%s: the first has begun %d", what, seen_within(&r[0].begun, 10000));
	for (i = 1; i < 4; i++)
		queue_work_on(0, wq, &r[i].work);
	OBSERVE("%s: it waits, the second one begins %d", what, seen_within(&r[1].begun, 300));
	OBSERVE("%s: busy %u %u", what, work_busy(&r[0].work), work_busy(&r[1].work));
	complete(&r[0].go);
	OBSERVE("%s: the last has run %d", what, seen_within(&r[3].done, 10000));
	flush_workqueue(wq);
	OBSERVE("%s: order %d %d %d %d, at a time %d, by the rescuer %d %d %d %d", what, rescued_order[0],
		rescued_order[1], rescued_order[2], rescued_order[3], rescued_most, r[0].by_rescuer, r[1].by_rescuer,
		r[2].by_rescuer, r[3].by_rescuer);
}

static void scenario(void)
{
	struct workqueue_struct *many = alloc_workqueue("many", WQ_MEM_RECLAIM, 0);
	struct workqueue_struct *one = alloc_workqueue("one", WQ_MEM_RECLAIM, 1);
	struct workqueue_struct *legacy = create_workqueue("legacy");
	int i;

	shortage_prepare();
	shortage_new(&s, 0);
	threads_to_be_had(0);
	shortage_begin(&s, 0);
	try_one("max_active 0", many);
	try_one("max_active 1", one);
	try_one("create_workqueue", legacy);

	rescued_init(&r[0], 0);
	r[0].again = 3;
	r[0].wq = many;
	queue_work_on(0, many, &r[0].work);
	for (i = 0; i < 4; i++)
		wait_for_completion(&r[0].done);
	flush_work(&r[0].work);
	OBSERVE("queues itself: runs %d", r[0].runs);
	threads_to_be_had(1);
	shortage_release(&s);
	shortage_delete(&s);
	destroy_workqueue(legacy);
	destroy_workqueue(one);
	destroy_workqueue(many);
}
SCENARIO(scenario)
