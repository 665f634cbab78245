/* class: contract. disable_irq() counts.  What came meanwhile: an edge comes
 * once, when the last enable_irq() lets it in; a level is asked for again. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/delay.h>
#include <linux/workqueue.h>
#include "observe.h"
#include "simirq.h"

static int calls, dev, off_in_handler;
static irqreturn_t fn(int irq, void *d)
{
	WRITE_ONCE(calls, calls + 1);
	if (off_in_handler)
		disable_irq_nosync(irq);
	return IRQ_HANDLED;
}

/* What must come is waited for; what must not come, for a little while. */
static int calls_in_time(int want)
{
	int i;

	for (i = 0; i < 5000 && READ_ONCE(calls) < want; i++)
		msleep(1);
	msleep(20);
	return READ_ONCE(calls);
}

static void try_one(const char *what, enum simirq_flow flow, int replays)
{
	int irq = simirq_new(flow), r;

	calls = 0;
	r = request_irq(irq, fn, 0, "depth", &dev);
	OBSERVE("%s: request %d", what, r);
	disable_irq(irq);
	disable_irq_nosync(irq);
	r = disable_hardirq(irq);
	OBSERVE("%s: disable_hardirq %d, disabled %d", what, r, !!irqd_irq_disabled(irq_get_irq_data(irq)));
	simirq_raise(irq);
	simirq_raise(irq);
	OBSERVE("%s: raised twice: calls %d", what, calls);
	enable_irq(irq);
	enable_irq(irq);
	OBSERVE("%s: enabled twice of three: calls %d disabled %d", what, calls_in_time(0),
		!!irqd_irq_disabled(irq_get_irq_data(irq)));
	enable_irq(irq);
	OBSERVE("%s: the third: calls %d disabled %d", what, calls_in_time(replays), !!irqd_irq_disabled(irq_get_irq_data(irq)));
	simirq_raise(irq);
	OBSERVE("%s: raised: calls %d", what, calls);

	off_in_handler = 1;
	calls = 0;
	simirq_raise(irq);
	off_in_handler = 0;
	simirq_raise(irq);
	OBSERVE("%s: the handler turned it off, raised twice: calls %d", what, calls);
	enable_irq(irq);
	OBSERVE("%s: on again: calls %d", what, calls_in_time(1 + replays));
	enable_irq(irq);
	OBSERVE("%s: that was one too many", what);
	simirq_raise(irq);
	OBSERVE("%s: raised: calls %d", what, calls);
	free_irq(irq, &dev);
	simirq_delete(irq);
}

static void scenario(void)
{
	try_one("simple", SIMIRQ_SIMPLE, 1);
	try_one("edge", SIMIRQ_EDGE, 1);
	try_one("level", SIMIRQ_LEVEL, 0);
}
SCENARIO(scenario)
