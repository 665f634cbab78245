/* class: contract. An rcu_work: queued while it waits for its grace period,
 * while it runs, flushed, destroyed with its queue. */
#include <linux/workqueue.h>
#include <linux/rcupdate.h>
#include "observe.h"
#include "blocker.h"

static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(release);
static int entered;
static void fn(struct work_struct *w)
{
	entered++;
	complete(&started);
	wait_for_completion(&release);
}
static struct rcu_work rw;

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_workqueue("rcuwork", 0, 0);
	static struct late l;
	int a, b, p;

	INIT_RCU_WORK(&rw, fn);
	OBSERVE("idle: pending %d", work_pending(&rw.work));
	rcu_read_lock();
	a = queue_rcu_work(wq, &rw);
	b = queue_rcu_work(wq, &rw);
	p = work_pending(&rw.work);
	rcu_read_unlock();
	OBSERVE("queue %d, again %d, pending %d", a, b, p);
	wait_for_completion(&started);
	OBSERVE("running: pending %d", work_pending(&rw.work));
	OBSERVE("queue while running %d", queue_rcu_work(wq, &rw));
	OBSERVE("again %d", queue_rcu_work(wq, &rw));
	complete(&release);
	late_complete(&l, &release, 50);
	a = flush_rcu_work(&rw);
	OBSERVE("flush %d, entered %d", a, entered);
	late_end(&l);
	OBSERVE("idle: flush %d", flush_rcu_work(&rw));
	OBSERVE("its plain work: queue %d", queue_work(wq, &rw.work));
	complete(&release);
	flush_work(&rw.work);
	OBSERVE("entered %d", entered);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
