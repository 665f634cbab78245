/* class: contract. Two threaded handlers share a level line with IRQF_ONESHOT:
 * it stays masked until both threads are done. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include "observe.h"
#include "simirq.h"

struct dev {
	struct completion begun, go;
	irqreturn_t say;
	int tops, threads;
};
static struct dev d[2];

static int masked(int irq) { return !!irqd_irq_masked(irq_get_irq_data(irq)); }

static irqreturn_t top(int irq, void *p)
{
	struct dev *me = (struct dev *)p;

	me->tops++;
	return me->say;
}
static irqreturn_t thread(int irq, void *p)
{
	struct dev *me = (struct dev *)p;

	me->threads++;
	complete(&me->begun);
	wait_for_completion(&me->go);
	return IRQ_HANDLED;
}

static int unmasked_in_time(int irq, int times)
{
	int i;

	for (i = 0; i < times && masked(irq); i++)
		msleep(1);
	return !masked(irq);
}

static void scenario(void)
{
	int irq = simirq_new(SIMIRQ_LEVEL), i;

	for (i = 0; i < 2; i++) {
		init_completion(&d[i].begun);
		init_completion(&d[i].go);
		d[i].say = IRQ_WAKE_THREAD;
		OBSERVE("request %d", request_threaded_irq(irq, top, thread, IRQF_SHARED | IRQF_ONESHOT, "two", &d[i]));
	}
	simirq_raise(irq);
	wait_for_completion(&d[0].begun);
	wait_for_completion(&d[1].begun);
	OBSERVE("both begun: masked %d", masked(irq));
	complete(&d[1].go);
	OBSERVE("one done: unmasked %d", unmasked_in_time(irq, 50));
	complete(&d[0].go);
	OBSERVE("both done: unmasked %d", unmasked_in_time(irq, 5000));

	d[0].say = IRQ_NONE;
	simirq_raise(irq);
	wait_for_completion(&d[1].begun);
	OBSERVE("only one wakes its thread: masked %d", masked(irq));
	complete(&d[1].go);
	OBSERVE("done: unmasked %d", unmasked_in_time(irq, 5000));
	d[1].say = IRQ_HANDLED;
	simirq_raise(irq);
	OBSERVE("none does: masked %d", masked(irq));
	free_irq(irq, &d[0]);
	free_irq(irq, &d[1]);
	OBSERVE("tops %d %d threads %d %d", d[0].tops, d[1].tops, d[0].threads, d[1].threads);
	simirq_delete(irq);
}
SCENARIO(scenario)
