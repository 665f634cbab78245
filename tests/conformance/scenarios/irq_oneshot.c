/* class: contract. Threaded handlers on a level line: IRQF_ONESHOT keeps it
 * masked until the thread is done; who waits for the thread. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "observe.h"
#include "blocker.h"
#include "simirq.h"

static int dev, tops, threads, done, ctx_task, ctx_off, ctx_int, masked_in_top;
static char name[64];
static DECLARE_COMPLETION(begun);
static DECLARE_COMPLETION(go);
static struct late l;

static int masked(int irq) { return !!irqd_irq_masked(irq_get_irq_data(irq)); }

static irqreturn_t top(int irq, void *d)
{
	tops++;
	masked_in_top = masked(irq);
	return IRQ_WAKE_THREAD;
}
static irqreturn_t thread(int irq, void *d)
{
	const char *dash = strrchr(current->comm, '-');

	ctx_task = !!in_task();
	ctx_int = !!in_interrupt();
	ctx_off = !!irqs_disabled();
	strscpy(name, dash ? dash + 1 : "?", sizeof(name));
	threads++;
	complete(&begun);
	wait_for_completion(&go);
	WRITE_ONCE(done, done + 1);
	return IRQ_HANDLED;
}

static int unmasked_in_time(int irq)
{
	int i;

	for (i = 0; i < 2000 && masked(irq); i++)
		msleep(1);
	return !masked(irq);
}

static void try_one(const char *what, irq_handler_t handler, unsigned long flags)
{
	int irq = simirq_new(SIMIRQ_LEVEL), seen;

	tops = threads = done = masked_in_top = 0;
	OBSERVE("%s: request %d", what, request_threaded_irq(irq, handler, thread, flags, "level", &dev));
	simirq_raise(irq);
	wait_for_completion(&begun);
	OBSERVE("%s: tops %d threads %d, masked in the top half %d, in the thread %d", what, tops, threads,
		masked_in_top, masked(irq));
	OBSERVE("%s: the thread: in_task %d in_interrupt %d irqs_disabled %d, name %s", what, ctx_task, ctx_int,
		ctx_off, name);
	complete(&go);
	OBSERVE("%s: done, unmasked %d", what, unmasked_in_time(irq));
	synchronize_irq(irq);

	simirq_raise(irq);
	wait_for_completion(&begun);
	late_complete(&l, &go, 100);
	disable_irq(irq);
	seen = READ_ONCE(done);
	OBSERVE("%s: disable_irq waits: done %d", what, seen);
	late_end(&l);
	enable_irq(irq);
	OBSERVE("%s: enabled, masked %d", what, masked(irq));

	simirq_raise(irq);
	wait_for_completion(&begun);
	late_complete(&l, &go, 100);
	synchronize_irq(irq);
	seen = READ_ONCE(done);
	OBSERVE("%s: synchronize_irq waits: done %d", what, seen);
	late_end(&l);

	simirq_raise(irq);
	wait_for_completion(&begun);
	late_complete(&l, &go, 100);
	free_irq(irq, &dev);
	seen = READ_ONCE(done);
	OBSERVE("%s: free_irq waits: done %d", what, seen);
	late_end(&l);
	simirq_delete(irq);
}

static void scenario(void)
{
	try_one("oneshot", top, IRQF_ONESHOT);
	try_one("thread only", NULL, IRQF_ONESHOT);
	try_one("not oneshot", top, 0);
}
SCENARIO(scenario)
