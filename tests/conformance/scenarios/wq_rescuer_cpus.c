/* class: contract. needs: 2 cpus. One rescuer for a queue's items on all CPUs:
 * it goes from one to the other, and runs each on its own. */
#include <linux/workqueue.h>
#include <linux/smp.h>
#include "observe.h"
#include "shortage.h"

static struct shortage s[2];
static struct rescued r[4];	/* 0 and 2 on CPU 0, 1 and 3 on CPU 1 */

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_workqueue("reclaim", WQ_MEM_RECLAIM, 0);
	int i, right = 0;

	for (i = 0; i < 4; i++)
		rescued_init(&r[i], i);
	shortage_prepare();
	shortage_new(&s[0], 0);
	shortage_new(&s[1], 0);
	threads_to_be_had(0);
	shortage_begin(&s[0], 0);
	shortage_begin(&s[1], 1);

	r[0].wait = 1;
	queue_work_on(0, wq, &r[0].work);
	OBSERVE("on CPU 0: begun %d", seen_within(&r[0].begun, 10000));
	queue_work_on(1, wq, &r[1].work);
	OBSERVE("it waits; on CPU 1: begins %d", seen_within(&r[1].begun, 400));
	complete(&r[0].go);
	OBSERVE("on CPU 1: run %d", seen_within(&r[1].done, 10000));

	queue_work_on(0, wq, &r[2].work);
	queue_work_on(1, wq, &r[3].work);
	OBSERVE("both: run %d %d", seen_within(&r[2].done, 10000), seen_within(&r[3].done, 10000));
	flush_workqueue(wq);
	for (i = 0; i < 4; i++)
		right += r[i].cpu == i % 2;
	OBSERVE("by the rescuer %d %d %d %d, each on its CPU %d, at a time %d", r[0].by_rescuer, r[1].by_rescuer,
		r[2].by_rescuer, r[3].by_rescuer, right == 4, rescued_most);

	threads_to_be_had(1);
	for (i = 0; i < 2; i++) {
		shortage_release(&s[i]);
		shortage_delete(&s[i]);
	}
	destroy_workqueue(wq);
}
SCENARIO(scenario)
