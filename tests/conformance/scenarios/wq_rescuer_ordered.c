/* class: contract. The rescuers of ordered queues: the unbound pool has no
 * worker left. */
#include <linux/workqueue.h>
#include "observe.h"
#include "shortage.h"

static struct shortage s;
static struct rescued r[3];

static void try_one(const char *what, struct workqueue_struct *wq)
{
	int i;

	rescued_n = rescued_most = 0;
	for (i = 0; i < 3; i++)
		rescued_init(&r[i], i);
	r[0].wait = 1;
	for (i = 0; i < 3; i++)
		queue_work(wq, &r[i].work);
	OBSERVE("%s: the first has begun %d", what, seen_within(&r[0].begun, 10000));
	OBSERVE("%s: the second begins %d", what, seen_within(&r[1].begun, 150));
	complete(&r[0].go);
	flush_workqueue(wq);
	OBSERVE("%s: order %d %d %d at a time %d by the rescuer %d %d %d", what, rescued_order[0], rescued_order[1],
		rescued_order[2], rescued_most, r[0].by_rescuer, r[1].by_rescuer, r[2].by_rescuer);
}

static void scenario(void)
{
	struct workqueue_struct *reclaim = alloc_ordered_workqueue("reclaim", WQ_MEM_RECLAIM);
	struct workqueue_struct *single = create_singlethread_workqueue("single");
	struct workqueue_struct *plain = alloc_ordered_workqueue("plain", 0);
	static struct rescued poor;

	rescued_init(&poor, 9);
	shortage_prepare();
	shortage_new(&s, 1);
	threads_to_be_had(0);
	shortage_begin(&s, WORK_CPU_UNBOUND);
	queue_work(plain, &poor.work);
	try_one("ordered", reclaim);
	try_one("singlethread", single);
	OBSERVE("without a rescuer: ran %d", READ_ONCE(poor.runs));
	threads_to_be_had(1);
	OBSERVE("threads again: ran %d", seen_within(&poor.done, 10000));
	shortage_release(&s);
	shortage_delete(&s);
	OBSERVE("by the rescuer %d", poor.by_rescuer);
	destroy_workqueue(plain);
	destroy_workqueue(single);
	destroy_workqueue(reclaim);
}
SCENARIO(scenario)
