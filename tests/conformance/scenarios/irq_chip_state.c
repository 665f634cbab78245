/* class: contract. What a chip knows of its lines. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/errno.h>
#include "observe.h"
#include "simirq.h"

static int which_asked, set_to, says;
static bool level = true;
static int get(struct irq_data *d, enum irqchip_irq_state which, bool *state)
{
	which_asked = which;
	*state = level;
	return says;
}
static int set(struct irq_data *d, enum irqchip_irq_state which, bool state)
{
	which_asked = which;
	set_to = state;
	return says;
}
static struct irq_chip chip = {
	.name = "knows",
	.irq_ack = simirq_ack,
	.irq_mask = simirq_mask,
	.irq_unmask = simirq_unmask,
	.irq_get_irqchip_state = get,
	.irq_set_irqchip_state = set,
};

static void scenario(void)
{
	int irq = simirq_new(SIMIRQ_EDGE), r;
	bool state = false;

	r = irq_get_irqchip_state(irq, IRQCHIP_STATE_PENDING, &state);
	OBSERVE("a chip that cannot tell: %d", r == -EINVAL);
	r = irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
	OBSERVE("nor be told: %d", r == -EINVAL);
	simirq_delete(irq);
	irq = irq_alloc_desc(0);
	irq_set_chip_and_handler(irq, &chip, handle_edge_irq);
	r = irq_get_irqchip_state(irq, IRQCHIP_STATE_LINE_LEVEL, &state);
	OBSERVE("level: %d, asked %d, is %d", r, which_asked, state);
	r = irq_set_irqchip_state(irq, IRQCHIP_STATE_MASKED, true);
	OBSERVE("masked: %d, told %d to %d", r, which_asked, set_to);
	says = -EIO;
	r = irq_get_irqchip_state(irq, IRQCHIP_STATE_ACTIVE, &state);
	OBSERVE("an error: %d, asked %d", r, which_asked);
	r = irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, false);
	OBSERVE("an error: %d, told %d to %d", r, which_asked, set_to);
	simirq_delete(irq);
	r = irq_get_irqchip_state(5000, IRQCHIP_STATE_PENDING, &state);
	OBSERVE("no such line: %d", r == -EINVAL);
}
SCENARIO(scenario)
