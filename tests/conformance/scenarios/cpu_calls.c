/* class: contract. needs: 2 cpus. Calls on other CPUs that nobody waits for,
 * and what belongs to one CPU. */
#include <linux/smp.h>
#include <asm/barrier.h>
#include <linux/cpumask.h>
#include <linux/local_lock.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/interrupt.h>
#include <linux/errno.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include "observe.h"

struct mine {
	local_lock_t lock;
	int n;
};
static DEFINE_PER_CPU(struct mine, mine) = { .lock = INIT_LOCAL_LOCK(lock) };
static int calls, where, hard, off, again, inside = 1;
static call_single_data_t csd;
static void fn(void *info)
{
	int me = smp_processor_id(), more = again-- > 0;

	where = me;
	hard = !!in_hardirq();
	off = !!irqs_disabled();
	*(int *)info += 1;
	smp_store_release(&calls, calls + 1); /* with what was noted down */
	if (more) /* from here on the other one may run beside us */
		WRITE_ONCE(inside, smp_call_function_single_async(1 - me, &csd));
}
static void wait_calls(int n)
{
	int i;

	for (i = 0; i < 5000 && (smp_load_acquire(&calls) < n || (n > 1 && READ_ONCE(inside) > 0)); i++)
		msleep(1);
}
static struct cpumask mask;
static char text[64];

static void scenario(void)
{
	unsigned long flags;
	int told = 0, r, me;

	INIT_CSD(&csd, fn, &told);
	me = get_cpu();
	r = smp_call_function_single_async(me, &csd);
	OBSERVE("here: %d, called %d, same CPU %d, interrupts off %d", r, calls, where == me, off);
	calls = 0;
	r = smp_call_function_single_async(!me, &csd);
	put_cpu();
	wait_calls(1);
	OBSERVE("there: %d, called %d, another CPU %d, hardirq %d, interrupts off %d", r, calls, where != me, hard, off);
	calls = 0;
	again = 1;
	r = smp_call_function_single_async(0, &csd);
	wait_calls(2);
	OBSERVE("and back: %d, from inside %d, called %d", r, inside, calls);
	r = smp_call_function_single_async(5000, &csd);
	OBSERVE("no such CPU: %d, told %d", r == -ENXIO, told);

	local_lock(&mine.lock);
	this_cpu_inc(mine.n);
	OBSERVE("in it: atomic %d, irqs off %d, n %d", !!in_atomic() || !IS_ENABLED(CONFIG_PREEMPT_COUNT), !!irqs_disabled(), this_cpu_read(mine.n));
	local_unlock(&mine.lock);
	local_lock_irq(&mine.lock);
	OBSERVE("with interrupts off %d", !!irqs_disabled());
	local_unlock_irq(&mine.lock);
	local_lock_irqsave(&mine.lock, flags);
	OBSERVE("with interrupts off %d", !!irqs_disabled());
	local_unlock_irqrestore(&mine.lock, flags);
	OBSERVE("out of it: irqs off %d", !!irqs_disabled());

	cpumask_set_cpu(0, &mask);
	cpumask_set_cpu(1, &mask);
	scnprintf(text, sizeof(text), "%*pbl", cpumask_pr_args(&mask));
	OBSERVE("mask %s", text);
}
SCENARIO(scenario)
