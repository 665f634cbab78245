/* class: contract. An hrtimer of a SOFT mode is called in a softirq, one of a
 * HARD mode in hard interrupt context (which may have interrupted a softirq). */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/completion.h>
#include "observe.h"

static DECLARE_COMPLETION(fired);
static int ctx[4];

static enum hrtimer_restart fn(struct hrtimer *h)
{
	ctx[0] = !!in_task();
	ctx[1] = !!in_interrupt();
	ctx[2] = !!in_hardirq();
	ctx[3] = !!irqs_disabled();
	complete(&fired);
	return HRTIMER_NORESTART;
}

static void try_one(const char *what, enum hrtimer_mode mode)
{
	static struct hrtimer t;

	hrtimer_init(&t, CLOCK_MONOTONIC, mode);
	t.function = fn;
	hrtimer_start(&t, ms_to_ktime(1), mode);
	wait_for_completion(&fired);
	hrtimer_cancel(&t);
	OBSERVE("%s: task %d interrupt %d hardirq %d irqs off %d", what, ctx[0], ctx[1], ctx[2], ctx[3]);
}

static void scenario(void)
{
	try_one("default", HRTIMER_MODE_REL);
	try_one("soft", HRTIMER_MODE_REL_SOFT);
	try_one("hard", HRTIMER_MODE_REL_HARD);
	try_one("pinned", HRTIMER_MODE_REL_PINNED);
}
SCENARIO(scenario)
