/* class: contract. An edge line without IRQF_ONESHOT: interrupts that come
 * while the thread runs make it run once more. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/completion.h>
#include "observe.h"
#include "simirq.h"

static int dev, tops, threads;
static irqreturn_t say = IRQ_WAKE_THREAD;
static DECLARE_COMPLETION(begun);
static DECLARE_COMPLETION(go);
static irqreturn_t top(int irq, void *d)
{
	tops++;
	return say;
}
static irqreturn_t thread(int irq, void *d)
{
	threads++;
	complete(&begun);
	wait_for_completion(&go);
	return IRQ_HANDLED;
}

static void scenario(void)
{
	int irq = simirq_new(SIMIRQ_EDGE), i;

	OBSERVE("request %d", request_threaded_irq(irq, top, thread, 0, "edge", &dev));
	simirq_raise(irq);
	wait_for_completion(&begun);
	for (i = 0; i < 3; i++)
		simirq_raise(irq);
	OBSERVE("three while it runs: tops %d threads %d", tops, threads);
	complete(&go);
	wait_for_completion(&begun);
	complete(&go);
	synchronize_irq(irq);
	OBSERVE("done: threads %d", threads);
	say = IRQ_HANDLED;
	simirq_raise(irq);
	synchronize_irq(irq);
	OBSERVE("handled in the top half: tops %d threads %d", tops, threads);
	irq_wake_thread(irq, &dev);
	wait_for_completion(&begun);
	complete(&go);
	synchronize_irq(irq);
	OBSERVE("irq_wake_thread: tops %d threads %d", tops, threads);
	free_irq(irq, &dev);
	simirq_delete(irq);
}
SCENARIO(scenario)
