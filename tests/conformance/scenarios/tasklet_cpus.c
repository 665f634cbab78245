/* class: contract. needs: 2 cpus. A tasklet runs on the CPU that scheduled it
 * first, and not on two at a time. */
#include <linux/interrupt.h>
#include <linux/workqueue.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include "observe.h"
#include "burn.h"

static int runs, cpu_seen, inside, most;
static int held, other_did, begun, go, hold;

static void fn(struct tasklet_struct *t)
{
	WRITE_ONCE(inside, READ_ONCE(inside) + 1);
	if (READ_ONCE(inside) > most)
		most = inside;
	cpu_seen = smp_processor_id();
	runs++;
	WRITE_ONCE(begun, READ_ONCE(begun) + 1);
	if (hold)
		spin_until(&go, 5000);
	WRITE_ONCE(inside, READ_ONCE(inside) - 1);
}
static DECLARE_TASKLET(t, fn);

static long here(void *p)
{
	tasklet_schedule(&t);
	return 0;
}

/* CPU 0 has softirqs off, and schedules; CPU 1 schedules, too. */
static void first_fn(struct work_struct *w)
{
	local_bh_disable();
	tasklet_schedule(&t);
	WRITE_ONCE(held, 1);
	spin_until(&other_did, 5000);
	local_bh_enable();
}
static void second_fn(struct work_struct *w)
{
	burn_until(&held, 5000);
	tasklet_schedule(&t);
	WRITE_ONCE(other_did, 1);
}
static DECLARE_WORK(first, first_fn);
static DECLARE_WORK(second, second_fn);

/* CPU 0 runs it; CPU 1 schedules it meanwhile. */
static void third_fn(struct work_struct *w)
{
	burn_until(&begun, 5000);
	tasklet_schedule(&t);
	WRITE_ONCE(go, 1);
}
static DECLARE_WORK(third, third_fn);

static void scenario(void)
{
	int cpu, right = 0;

	for_each_online_cpu(cpu) {
		work_on_cpu(cpu, here, NULL);
		tasklet_kill(&t);
		right += cpu_seen == cpu;
	}
	OBSERVE("each on its CPU %d, runs %d", right == (int)num_online_cpus(), runs == (int)num_online_cpus());

	runs = 0;
	schedule_work_on(0, &first);
	schedule_work_on(1, &second);
	flush_work(&first);
	flush_work(&second);
	tasklet_kill(&t);
	OBSERVE("scheduled on 0, then on 1: runs %d, on %d", runs, cpu_seen);

	runs = begun = 0;
	hold = 1;
	schedule_work_on(1, &third);
	work_on_cpu(0, here, NULL);
	flush_work(&third);
	tasklet_kill(&t);
	OBSERVE("running on 0, scheduled on 1: runs %d, on %d, at a time %d", runs, cpu_seen, most);
}
SCENARIO(scenario)
