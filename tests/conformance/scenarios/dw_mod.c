/* class: contract. mod_delayed_work() by the state of the item. */
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

static struct { struct delayed_work d; int entered; } slow;
static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static void slow_fn(struct work_struct *w)
{
	slow.entered++;
	complete(&started);
	wait_for_completion(&release);
}

static void show(const char *what, int r)
{
	OBSERVE("%s: %d, pending %d timer %d", what, r, delayed_work_pending(&dw), timer_pending(&dw.timer));
}

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("dwmod", 0);
	static struct blocker b;
	int r;

	show("idle", mod_delayed_work(wq, &dw, 1000 * HZ));
	show("on its timer, later", mod_delayed_work(wq, &dw, 2000 * HZ));
	r = mod_delayed_work(wq, &dw, 2);
	wait_for_completion(&ran);
	flush_delayed_work(&dw);
	OBSERVE("on its timer, sooner: %d, runs %d", r, runs);
	r = mod_delayed_work(wq, &dw, 0);
	wait_for_completion(&ran);
	flush_delayed_work(&dw);
	OBSERVE("idle, delay 0: %d, runs %d", r, runs);

	blocker_init(&b);
	blocker_start(wq, &b);
	show("idle, delay 0, behind another", mod_delayed_work(wq, &dw, 0));
	show("queued, delay 0", mod_delayed_work(wq, &dw, 0));
	show("queued, later", mod_delayed_work(wq, &dw, 1000 * HZ));
	show("on its timer, delay 0", mod_delayed_work(wq, &dw, 0));
	complete(&b.release);
	wait_for_completion(&ran);
	flush_delayed_work(&dw);
	OBSERVE("runs %d", runs);

	INIT_DELAYED_WORK(&slow.d, slow_fn);
	mod_delayed_work(wq, &slow.d, 0);
	wait_for_completion(&started);
	r = mod_delayed_work(wq, &slow.d, 1000 * HZ);
	OBSERVE("running: %d, pending %d", r, delayed_work_pending(&slow.d));
	r = mod_delayed_work(wq, &slow.d, 0);
	OBSERVE("running and on its timer: %d, pending %d timer %d", r, delayed_work_pending(&slow.d),
		timer_pending(&slow.d.timer));
	r = mod_delayed_work(wq, &slow.d, 0);
	OBSERVE("running and queued: %d", r);
	complete(&release);
	complete(&release);
	flush_delayed_work(&slow.d);
	OBSERVE("entered %d", slow.entered);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
