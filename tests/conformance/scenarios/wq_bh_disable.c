/* class: contract. needs: 6.12. disable_work(), enable_work() and the cancels
 * on a WQ_BH queue: what a tasklet's disable, enable and kill were for. */
#include <linux/workqueue.h>
#include <linux/interrupt.h>
#include "observe.h"

static int runs, again;
static void fn(struct work_struct *w)
{
	runs++;
	if (again-- > 0)
		queue_work(system_bh_wq, w);
}
static DECLARE_WORK(item, fn);

static void scenario(void)
{
	int a, b, c, d;

	local_bh_disable();
	a = queue_work(system_bh_wq, &item);
	b = cancel_work(&item);
	c = cancel_work(&item);
	local_bh_enable();
	flush_work(&item);
	OBSERVE("queue %d cancel %d %d: runs %d", a, b, c, runs);

	local_bh_disable();
	a = queue_work(system_bh_wq, &item);
	b = cancel_work_sync(&item);
	local_bh_enable();
	flush_work(&item);
	OBSERVE("queue %d, cancel_work_sync with softirqs off %d: runs %d", a, b, runs);

	local_bh_disable();
	a = queue_work(system_bh_wq, &item);
	b = disable_work(&item);
	c = work_pending(&item);
	local_bh_enable();
	d = runs;
	OBSERVE("queue %d disable %d pending %d: runs %d", a, b, c, d);
	a = queue_work(system_bh_wq, &item);
	b = disable_work_sync(&item);
	c = enable_work(&item);
	d = queue_work(system_bh_wq, &item);
	OBSERVE("queue %d disable %d enable %d queue %d", a, b, c, d);
	a = enable_and_queue_work(system_bh_wq, &item);
	flush_work(&item);
	OBSERVE("enable_and_queue %d: runs %d", a, runs);

	again = 3;
	a = queue_work(system_bh_wq, &item);
	flush_workqueue(system_bh_wq);
	while (flush_work(&item))
		;
	b = cancel_work_sync(&item);
	OBSERVE("queues itself: queue %d, runs %d, cancel_work_sync %d", a, runs, b);
}
SCENARIO(scenario)
