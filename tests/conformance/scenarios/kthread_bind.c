/* class: contract. A kthread bound to a CPU runs there and nowhere else. */
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include "observe.h"

static DECLARE_COMPLETION(looked);

static int fn(void *data)
{
	int cpu = (int)(long)data, i, elsewhere = 0;

	for (i = 0; i < 5; i++) {
		elsewhere += raw_smp_processor_id() != cpu;
		msleep(1);
	}
	complete(&looked);
	while (!kthread_should_stop())
		msleep(1);
	return elsewhere;
}

static void scenario(void)
{
	struct task_struct *t;
	int cpu, bad = 0;

	for_each_online_cpu(cpu) {
		t = kthread_create(fn, (void *)(long)cpu, "bh-bound/%d", cpu);
		kthread_bind(t, cpu);
		wake_up_process(t);
		wait_for_completion(&looked);
		bad += kthread_stop(t);
	}
	OBSERVE("kthread_bind: elsewhere %d", bad);
	for_each_online_cpu(cpu) {
		t = kthread_run_on_cpu(fn, (void *)(long)cpu, cpu, "bh-on/%u");
		if (IS_ERR(t))
			bad += 100;
		wait_for_completion(&looked);
		bad += kthread_stop(t);
	}
	OBSERVE("kthread_run_on_cpu: elsewhere %d", bad);
}
SCENARIO(scenario)
