/* class: contract. A hard interrupt strikes a softirq, and a section with
 * softirqs off; the softirqs that it asks for nest in neither. */
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>
#include <linux/completion.h>
#include "observe.h"
#include "burn.h"

static struct irq_work iw;
static struct tasklet_struct outer, inner;
static DECLARE_COMPLETION(done);
static int struck, hardirq, inner_runs, inner_then, came;

static void strike(struct irq_work *w)
{
	WRITE_ONCE(hardirq, !!in_hardirq());
	tasklet_hi_schedule(&inner);
	WRITE_ONCE(struck, 1);
}
static void inner_fn(struct tasklet_struct *t)
{
	inner_runs++;
	complete(&done);
}
static void outer_fn(struct tasklet_struct *t)
{
	irq_work_queue(&iw);
	came = spin_until(&struck, 5000);
	inner_then = inner_runs;
}

static void scenario(void)
{
	int then;

	init_irq_work(&iw, strike);
	tasklet_setup(&outer, outer_fn);
	tasklet_setup(&inner, inner_fn);
	tasklet_schedule(&outer);
	wait_for_completion(&done);
	tasklet_kill(&outer);
	irq_work_sync(&iw);
	OBSERVE("in a tasklet: came %d, in_hardirq %d", came, READ_ONCE(hardirq));
	OBSERVE("the tasklet it asked for: runs before its end %d, after %d", inner_then, inner_runs);

	struck = 0;
	local_bh_disable();
	irq_work_queue(&iw);
	came = spin_until(&struck, 5000);
	then = inner_runs;
	OBSERVE("softirqs off: came %d, in_hardirq %d", came, READ_ONCE(hardirq));
	local_bh_enable();
	wait_for_completion(&done);
	tasklet_kill(&inner);
	OBSERVE("the tasklet it asked for: runs before %d, after %d", then, inner_runs);
	irq_work_sync(&iw);
}
SCENARIO(scenario)
