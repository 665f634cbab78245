/* class: contract. Handlers of a WQ_CPU_INTENSIVE queue do not hold the others
 * of their CPU back, however long they compute. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"
#include "burn.h"

static struct workqueue_struct *hog, *plain;
static int second_ran, third_ran, saw_second = -1, saw_third = -1;

static void second_fn(struct work_struct *w) { WRITE_ONCE(second_ran, 1); }
static DECLARE_WORK(second, second_fn);
static void third_fn(struct work_struct *w) { WRITE_ONCE(third_ran, 1); }
static DECLARE_WORK(third, third_fn);

static void first_fn(struct work_struct *w)
{
	queue_work_on(0, plain, &second);
	saw_second = burn_until(&second_ran, 3000);
	queue_work_on(0, hog, &third);
	saw_third = burn_until(&third_ran, 3000);
}
static DECLARE_WORK(first, first_fn);

static void scenario(void)
{
	static struct blocker a, b;

	hog = alloc_workqueue("hog", WQ_CPU_INTENSIVE, 0);
	plain = alloc_workqueue("plain", 0, 0);
	queue_work_on(0, hog, &first);
	flush_work(&first);
	flush_work(&second);
	flush_work(&third);
	OBSERVE("while it computed: one of a plain queue ran %d", saw_second);
	OBSERVE("while it computed: another of its own queue ran %d", saw_third);
	destroy_workqueue(hog);

	hog = alloc_workqueue("hog1", WQ_CPU_INTENSIVE, 1);
	blocker_init(&a);
	blocker_init(&b);
	queue_work_on(0, hog, &a.work);
	queue_work_on(0, hog, &b.work);
	OBSERVE("max_active counts all the same: first %d", seen_within(&a.started, 3000));
	OBSERVE("second %d", seen_within(&b.started, 100));
	complete(&a.release);
	OBSERVE("when the first ended: second %d", seen_within(&b.started, 3000));
	complete(&b.release);
	destroy_workqueue(hog);
	destroy_workqueue(plain);
}
SCENARIO(scenario)
