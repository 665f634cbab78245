/* class: contract. queue_work() without a CPU means the CPU of the caller, for
 * a queue of per-CPU workers, also from a handler. */
#include <linux/workqueue.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include "observe.h"

static int cpu_of_child = -1, cpu_of_named = -1;
static void child_fn(struct work_struct *w) { cpu_of_child = raw_smp_processor_id(); }
static DECLARE_WORK(child, child_fn);
static void named_fn(struct work_struct *w) { cpu_of_named = raw_smp_processor_id(); }
static DECLARE_WORK(named, named_fn);

static struct workqueue_struct *wq;
static int said;
static void parent_fn(struct work_struct *w)
{
	said = queue_work(wq, &child);
	said += queue_work_on(WORK_CPU_UNBOUND, wq, &named);
}
static DECLARE_WORK(parent, parent_fn);

static void scenario(void)
{
	int cpu, right = 0, queued = 0, on_cpu = 0;

	wq = alloc_workqueue("local", 0, 0);
	for_each_online_cpu(cpu) {
		on_cpu += queue_work_on(cpu, wq, &parent);
		flush_work(&parent);
		flush_work(&child);
		flush_work(&named);
		queued += said;
		right += cpu_of_child == cpu && cpu_of_named == cpu;
	}
	OBSERVE("queued on each CPU %d, by the handlers %d", on_cpu == (int)num_online_cpus(),
		queued == 2 * (int)num_online_cpus());
	OBSERVE("each where its parent ran %d", right == (int)num_online_cpus());
	destroy_workqueue(wq);
}
SCENARIO(scenario)
