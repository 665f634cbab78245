/* class: contract. No worker can be had: a WQ_MEM_RECLAIM queue has a rescuer,
 * which runs its items, on their CPU, and nobody else's; the others wait. */
#include <linux/workqueue.h>
#include <linux/smp.h>
#include "observe.h"
#include "shortage.h"

static struct shortage s;
static struct rescued plain_item, item, other_item;

static void show(const char *what, struct rescued *r)
{
	int ran = seen_within(&r->done, 10000);

	flush_work(&r->work);
	OBSERVE("%s: ran %d, runs %d, by the rescuer %d, on its CPU %d", what, ran, r->runs, r->by_rescuer, r->cpu == 0);
}

static void scenario(void)
{
	struct workqueue_struct *plain = alloc_workqueue("plain", 0, 0);
	struct workqueue_struct *reclaim = alloc_workqueue("reclaim", WQ_MEM_RECLAIM, 0);
	struct workqueue_struct *other = alloc_workqueue("other", WQ_MEM_RECLAIM, 0);
	int ran;

	rescued_init(&plain_item, 0);
	rescued_init(&item, 1);
	rescued_init(&other_item, 2);
	shortage_prepare();
	shortage_new(&s, 0);
	queue_work_on(0, reclaim, &item.work);
	show("before, reclaim", &item);

	threads_to_be_had(0);
	shortage_begin(&s, 0);
	OBSERVE("the last one waits: pending %d", work_pending(&s.b[s.n - 1].work));
	queue_work_on(0, plain, &plain_item.work);
	queue_work_on(0, reclaim, &item.work);
	show("reclaim", &item);
	ran = seen_within(&plain_item.done, 100);
	OBSERVE("plain: ran %d pending %d", ran, work_pending(&plain_item.work));
	queue_work_on(0, reclaim, &item.work);
	show("reclaim, again", &item);
	queue_work_on(0, other, &other_item.work);
	show("another queue", &other_item);
	ran = seen_within(&plain_item.done, 100);
	OBSERVE("plain: ran %d pending %d", ran, work_pending(&plain_item.work));

	threads_to_be_had(1);
	show("threads again, plain", &plain_item);
	shortage_release(&s);
	shortage_delete(&s);
	queue_work_on(0, reclaim, &item.work);
	show("after, reclaim", &item);
	destroy_workqueue(other);
	destroy_workqueue(reclaim);
	destroy_workqueue(plain);
}
SCENARIO(scenario)
