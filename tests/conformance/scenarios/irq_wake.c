/* class: contract. Lines that wake: counted; what the chip says. Requests
 * that name a context, hints, chip states. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include "observe.h"
#include "simirq.h"

static int asked, on, says, dev;
static int set_wake(struct irq_data *d, unsigned int value)
{
	asked++;
	on = value;
	return says;
}
static struct irq_chip chip = {
	.name = "wakes",
	.irq_ack = simirq_ack,
	.irq_mask = simirq_mask,
	.irq_unmask = simirq_unmask,
	.irq_set_wake = set_wake,
};
static irqreturn_t fn(int irq, void *d) { return IRQ_HANDLED; }

static void wake(int irq, int want)
{
	int r = irq_set_irq_wake(irq, want);

	OBSERVE("wake %d: %d, asked %d for %d, is %d", want, r, asked, on, !!irqd_is_wakeup_set(irq_get_irq_data(irq)));
}

static void scenario(void)
{
	int irq = simirq_new(SIMIRQ_EDGE), r;

	r = irq_set_irq_wake(irq, 1);
	OBSERVE("a chip that cannot: %d", r == -ENXIO);
	simirq_delete(irq);
	irq = irq_alloc_desc(0);
	irq_set_chip_and_handler(irq, &chip, handle_edge_irq);
	irq_clear_status_flags(irq, IRQ_NOREQUEST | IRQ_NOPROBE);
	r = request_irq(irq, fn, 0, "wakes", &dev);
	OBSERVE("request %d", r);
	wake(irq, 1);
	wake(irq, 1);
	wake(irq, 0);
	wake(irq, 0);
	says = -EIO;
	wake(irq, 1);
	says = 0;
	wake(irq, 1);
	says = -EIO;
	wake(irq, 0);
	says = 0;
	wake(irq, 0);
	wake(irq, 0);
	free_irq(irq, &dev);
	simirq_delete(irq);
	OBSERVE("no line: %d %d", irq_set_irq_wake(5000, 1) == -EINVAL, request_irq(5000, fn, 0, "no", &dev) == -EINVAL);

	irq = simirq_new(SIMIRQ_LEVEL);
	r = request_any_context_irq(irq, fn, 0, "any", &dev);
	OBSERVE("any context: is hardirq %d", r == IRQC_IS_HARDIRQ);
	OBSERVE("free_irq gives the name %s", (const char *)free_irq(irq, &dev));
	r = request_irq(irq, NULL, 0, "none", &dev);
	OBSERVE("without a handler: %d", r == -EINVAL);
	r = request_irq(irq, fn, IRQF_SHARED, "no id", NULL);
	OBSERVE("shared, without an id: %d", r == -EINVAL);
	r = request_irq(irq, fn, IRQF_SHARED | IRQF_NO_AUTOEN, "both", &dev);
	OBSERVE("shared, not enabled: %d", r == -EINVAL);
	r = request_threaded_irq(irq, NULL, fn, 0, "thread", &dev);
	OBSERVE("threaded only, not oneshot: %d", r == -EINVAL);
	r = request_irq(irq, fn, 0, "one", &dev);
	OBSERVE("one %d", r);
	r = request_irq(irq, fn, IRQF_SHARED, "two", &irq);
	OBSERVE("two: %d", r == -EBUSY);
	OBSERVE("has action %d", irq_has_action(irq));
	free_irq(irq, &dev);
	OBSERVE("has action %d", irq_has_action(irq));
	OBSERVE("trigger types %d %d", irq_get_trigger_type(irq), irqd_is_level_type(irq_get_irq_data(irq)));
	disable_irq(irq);
	OBSERVE("disabled by nobody's request: %d", !!irqd_irq_disabled(irq_get_irq_data(irq)));
	enable_irq(irq);
	simirq_delete(irq);
}
SCENARIO(scenario)
