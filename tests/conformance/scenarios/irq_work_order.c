/* class: contract. irq_work on each CPU: it runs where it was queued, may
 * queue itself, and irq_work_sync() waits. */
#include <linux/irq_work.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include <linux/workqueue.h>
#include "observe.h"

static int cpu_seen = -1, runs;
static void fn(struct irq_work *w)
{
	cpu_seen = smp_processor_id();
	runs++;
}
static int self_runs;
static void self_fn(struct irq_work *w)
{
	WRITE_ONCE(self_runs, self_runs + 1);
	if (self_runs < 3)
		irq_work_queue(w);
}

static struct irq_work iw, self;
static long here(void *arg)
{
	long queued = irq_work_queue(&iw);

	irq_work_sync(&iw);
	return queued;
}

static void scenario(void)
{
	int cpu, right = 0, queued = 0;

	init_irq_work(&iw, fn);
	init_irq_work(&self, self_fn);
	for_each_online_cpu(cpu) {
		queued += (int)work_on_cpu(cpu, here, NULL);
		right += cpu_seen == cpu;
	}
	OBSERVE("queued %d, each on its CPU %d, runs %d", queued == (int)num_online_cpus(),
		right == (int)num_online_cpus(), runs == (int)num_online_cpus());
	OBSERVE("queues itself: %d", irq_work_queue(&self));
	while (READ_ONCE(self_runs) < 3)
		irq_work_sync(&self);
	irq_work_sync(&self);
	OBSERVE("runs %d busy %d", self_runs, !!irq_work_is_busy(&self));
}
SCENARIO(scenario)
