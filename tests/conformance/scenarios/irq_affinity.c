/* class: contract. irq_set_affinity(): what it refuses, and when the chip is
 * asked. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include "observe.h"
#include "simirq.h"

static int asked, first = -1, say, dev, calls;
static int set_affinity(struct irq_data *d, const struct cpumask *dest, bool force)
{
	asked++;
	first = (int)cpumask_first(dest);
	return say;
}
static irqreturn_t fn(int irq, void *d)
{
	calls++;
	return IRQ_HANDLED;
}
static struct irq_chip able = {
	.name = "able",
	.irq_ack = simirq_ack,
	.irq_mask = simirq_mask,
	.irq_unmask = simirq_unmask,
	.irq_set_affinity = set_affinity,
};

static void scenario(void)
{
	int plain = simirq_new(SIMIRQ_EDGE), irq = simirq_new(SIMIRQ_EDGE), last = (int)num_online_cpus() - 1, r;
	static struct cpumask none;

	irq_set_chip_and_handler(irq, &able, handle_edge_irq);
	irq_set_status_flags(irq, IRQ_MOVE_PCNTXT);	/* at once, not in its next interrupt */
	OBSERVE("no such line %d", irq_set_affinity(0x7ffffff0, cpumask_of(0)));
	OBSERVE("the chip cannot %d", irq_set_affinity(plain, cpumask_of(0)));
	r = request_irq(irq, fn, 0, "affine", &dev);
	OBSERVE("request %d", r);
	asked = 0;
	r = irq_set_affinity(irq, cpumask_of(0));
	OBSERVE("CPU 0: %d, asked %d, first %d", r, asked, first);
	r = irq_set_affinity(irq, cpumask_of(last));
	OBSERVE("the last CPU: %d, asked %d, right %d", r, asked, first == last);
	r = irq_set_affinity(irq, cpu_online_mask);
	OBSERVE("all of them: %d, asked %d, first %d", r, asked, first);
	r = irq_set_affinity(irq, &none);
	OBSERVE("none: %d, asked %d", r, asked);
	say = -ENOSPC;
	r = irq_set_affinity(irq, cpumask_of(0));
	OBSERVE("the chip refuses: %d, asked %d", r, asked);
	r = irq_set_affinity_and_hint(irq, cpumask_of(0));
	OBSERVE("with a hint, the chip refuses: %d, asked %d", r, asked);
	say = 0;
	r = irq_set_affinity_and_hint(irq, cpumask_of(0));
	OBSERVE("with a hint: %d, asked %d", r, asked);
	r = irq_update_affinity_hint(irq, NULL);
	OBSERVE("no hint: %d, asked %d", r, asked);
	r = irq_set_affinity_and_hint(plain, cpumask_of(0));
	OBSERVE("with a hint, the chip cannot: %d", r);
	irq_update_affinity_hint(plain, NULL);
	r = irq_update_affinity_hint(0x7ffffff0, NULL);
	OBSERVE("no such line: %d", r);
	simirq_raise(irq);
	OBSERVE("calls %d", calls);
	free_irq(irq, &dev);
	simirq_delete(irq);
	simirq_delete(plain);
}
SCENARIO(scenario)
