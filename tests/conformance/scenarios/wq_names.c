/* class: contract. How the threads are called that run the items. */
#include <linux/workqueue.h>
#include <linux/sched.h>
#include <linux/cpumask.h>
#include <linux/string.h>
#include <linux/kernel.h>
#include "observe.h"

static char name[32];
static void fn(struct work_struct *w) { strscpy(name, current->comm, sizeof(name)); }
static DECLARE_WORK(item, fn);

static int starts(const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static void run_on(int cpu, struct workqueue_struct *wq)
{
	queue_work_on(cpu, wq, &item);
	flush_work(&item);
}

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_workqueue("my-own", 0, 0);
	struct workqueue_struct *unbound = alloc_workqueue("my-unbound", WQ_UNBOUND, 0);
	struct workqueue_struct *ordered = alloc_ordered_workqueue("my-ordered", 0);
	char wanted[32];
	int cpu, right = 0, high = 0;

	for_each_online_cpu(cpu) {
		snprintf(wanted, sizeof(wanted), "kworker/%d:", cpu);
		run_on(cpu, wq);
		right += starts(wanted);
		run_on(cpu, system_highpri_wq);
		high += starts(wanted) && name[strlen(name) - 1] == 'H';
	}
	OBSERVE("kworker/CPU: %d, of high priority with an H %d", right == (int)num_online_cpus(),
		high == (int)num_online_cpus());
	run_on(0, unbound);
	OBSERVE("unbound: kworker/u %d", starts("kworker/u"));
	run_on(0, ordered);
	OBSERVE("ordered: kworker/u %d", starts("kworker/u"));
	run_on(0, system_unbound_wq);
	OBSERVE("the system's unbound one: kworker/u %d", starts("kworker/u"));
	destroy_workqueue(wq);
	destroy_workqueue(unbound);
	destroy_workqueue(ordered);
}
SCENARIO(scenario)
