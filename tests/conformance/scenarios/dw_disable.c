/* class: contract. needs: 6.12. Delayed items disabled in each state. */
#include <linux/workqueue.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "blocker.h"

static int runs;
static DECLARE_COMPLETION(ran);
static void fn(struct work_struct *w)
{
	runs++;
	complete(&ran);
}
static DECLARE_DELAYED_WORK(dw, fn);

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("dwdis", 0);
	static struct blocker b;
	int r;

	OBSERVE("idle: disable %d", disable_delayed_work(&dw));
	OBSERVE("queue %d", queue_delayed_work(wq, &dw, 5));
	OBSERVE("with delay 0 %d", queue_delayed_work(wq, &dw, 0));
	OBSERVE("mod %d", mod_delayed_work(wq, &dw, 5));
	OBSERVE("pending %d timer %d", delayed_work_pending(&dw), timer_pending(&dw.timer));
	OBSERVE("flush %d", flush_delayed_work(&dw));
	OBSERVE("enable %d", enable_delayed_work(&dw));
	queue_delayed_work(wq, &dw, 1000 * HZ);
	r = disable_delayed_work_sync(&dw);
	OBSERVE("on its timer: disable_sync %d, pending %d timer %d", r, delayed_work_pending(&dw),
		timer_pending(&dw.timer));
	OBSERVE("cancel %d", cancel_delayed_work_sync(&dw));
	OBSERVE("its plain work: disable %d", disable_work(&dw.work));
	OBSERVE("enable %d", enable_delayed_work(&dw));
	OBSERVE("enable %d", enable_work(&dw.work));

	blocker_init(&b);
	blocker_start(wq, &b);
	queue_delayed_work(wq, &dw, 0);
	r = disable_delayed_work(&dw);
	OBSERVE("on its queue: disable %d, pending %d", r, delayed_work_pending(&dw));
	complete(&b.release);
	flush_workqueue(wq);
	OBSERVE("runs %d, enable %d", runs, enable_delayed_work(&dw));
	OBSERVE("queue %d", queue_delayed_work(wq, &dw, 1));
	wait_for_completion(&ran);
	flush_delayed_work(&dw);
	OBSERVE("runs %d", runs);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
