/* class: contract. needs: 2 cpus. irq_work_queue_on(): called on that CPU, in
 * hard interrupt context, once. */
#include <linux/irq_work.h>
#include <linux/workqueue.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include "observe.h"
#include "unexported.h"

static int cpu_seen = -1, hard, runs;
static void fn(struct irq_work *w)
{
	cpu_seen = smp_processor_id();
	hard += !!in_hardirq();
	runs++;
}
static struct irq_work iw;

static long from_zero(void *arg)
{
	int cpu, right = 0, queued = 0, all = (int)num_online_cpus();

	for_each_online_cpu(cpu) {
		cpu_seen = -1;
		queued += irq_work_queue_on(&iw, cpu);
		irq_work_sync(&iw);
		right += cpu_seen == cpu;
	}
	OBSERVE("queued %d, each on its CPU %d, in_hardirq %d, runs %d", queued == all, right == all, hard == all,
		runs == all);
	return 0;
}

static void scenario(void)
{
	init_irq_work(&iw, fn);
	work_on_cpu(0, from_zero, NULL);
}
SCENARIO(scenario)
