/* class: contract. work_on_cpu() from a worker, also one of the same CPU, and
 * work_on_cpu_safe(). */
#include <linux/workqueue.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include "observe.h"

static long inner(void *arg)
{
	return 100 + raw_smp_processor_id() + *(int *)arg;
}

static long outer(void *arg)
{
	int cpu = *(int *)arg, zero = 0;

	return work_on_cpu(cpu, inner, &zero);
}

static struct { struct work_struct work; long said; } from_item;
static void item_fn(struct work_struct *w)
{
	int five = 5;

	from_item.said = work_on_cpu(0, inner, &five);
}

static void scenario(void)
{
	int cpu, same = 0, other = 0, zero = 0;

	for_each_online_cpu(cpu) {
		same += work_on_cpu(cpu, outer, &cpu) == 100 + cpu;
		other += work_on_cpu(0, outer, &cpu) == 100 + cpu;
	}
	OBSERVE("inside the same CPU %d, inside another %d", same == (int)num_online_cpus(),
		other == (int)num_online_cpus());
	INIT_WORK(&from_item.work, item_fn);
	queue_work_on(0, system_wq, &from_item.work);
	flush_work(&from_item.work);
	OBSERVE("from an item %ld", from_item.said);
	OBSERVE("safe: %ld", work_on_cpu_safe(0, inner, &zero));
}
SCENARIO(scenario)
