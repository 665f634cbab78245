/* class: contract. needs: 6.12. WQ_BH queues: in order of queueing, those with
 * WQ_HIGHPRI first, each with the tasklets of its vector; delayed ones, too. */
#include <linux/workqueue.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/smp.h>
#include "observe.h"
#include "burn.h"

struct mine {
	struct work_struct work;
	int id;
};
static struct mine m[5];
static int order[8], n, cpu_seen;
static void fn(struct work_struct *w)
{
	struct mine *me = container_of(w, struct mine, work);

	order[n++ % 8] = me->id;
	cpu_seen = smp_processor_id();
}

static struct delayed_work dwork;
static int serving, dwork_runs;
static void dwork_fn(struct work_struct *w)
{
	serving = !!in_serving_softirq();
	dwork_runs++;
}

static int from_irq, struck;
static void strike(struct irq_work *w)
{
	from_irq = queue_work(system_bh_wq, &m[0].work);
	WRITE_ONCE(struck, 1);
}

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_workqueue("bh", WQ_BH, 0);
	static struct irq_work iw;
	int i, cpu, a, b;

	for (i = 0; i < 5; i++) {
		INIT_WORK(&m[i].work, fn);
		m[i].id = i;
	}
	local_bh_disable();
	cpu = smp_processor_id();
	queue_work(system_bh_wq, &m[0].work);
	queue_work(wq, &m[1].work);
	queue_work(system_bh_highpri_wq, &m[2].work);
	queue_work(system_bh_wq, &m[3].work);
	queue_work(system_bh_highpri_wq, &m[4].work);
	local_bh_enable();
	for (i = 0; i < 5; i++)
		flush_work(&m[i].work);
	OBSERVE("normal 0 1 3, high 2 4: ran %d %d %d %d %d, on the CPU that queued them %d", order[0], order[1],
		order[2], order[3], order[4], cpu_seen == cpu);

	INIT_DELAYED_WORK(&dwork, dwork_fn);
	a = queue_delayed_work(wq, &dwork, 2);
	flush_delayed_work(&dwork);
	OBSERVE("delayed: queue %d runs %d serving a softirq %d", a, dwork_runs, serving);
	a = queue_delayed_work(wq, &dwork, 1000 * HZ);
	b = cancel_delayed_work_sync(&dwork);
	OBSERVE("delayed: queue %d cancel %d runs %d", a, b, dwork_runs);

	n = 0;
	init_irq_work(&iw, strike);
	local_bh_disable();
	irq_work_queue(&iw);
	spin_until(&struck, 5000);
	a = n;
	local_bh_enable();
	flush_work(&m[0].work);
	irq_work_sync(&iw);
	OBSERVE("from a hard interrupt: queue %d, runs %d, softirqs on again %d", from_irq, a, n);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
