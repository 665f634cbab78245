/* class: contract. On an ordered queue a delayed item takes its place when its
 * time has come, not when it was queued. */
#include <linux/workqueue.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "blocker.h"

static char order[8];
static int n;
static void a_fn(struct work_struct *w) { order[n++] = 'a'; }
static void b_fn(struct work_struct *w) { order[n++] = 'b'; }
static void c_fn(struct work_struct *w) { order[n++] = 'c'; }
static DECLARE_DELAYED_WORK(a, a_fn);
static DECLARE_WORK(b, b_fn);
static DECLARE_DELAYED_WORK(c, c_fn);

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("od", 0);
	static struct blocker bl;

	blocker_init(&bl);
	blocker_start(wq, &bl);
	queue_delayed_work(wq, &a, 2);
	queue_work(wq, &b);
	queue_delayed_work(wq, &c, 0);
	while (timer_pending(&a.timer))
		msleep(1);
	msleep(20);
	complete(&bl.release);
	flush_workqueue(wq);
	OBSERVE("order %s", order);

	n = 0;
	blocker_start(wq, &bl);
	queue_work(wq, &b);
	queue_delayed_work(wq, &c, 0);
	queue_delayed_work(wq, &a, 0);
	mod_delayed_work(wq, &c, 0);
	complete(&bl.release);
	flush_workqueue(wq);
	OBSERVE("mod with delay 0 goes to the end: %s", order);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
