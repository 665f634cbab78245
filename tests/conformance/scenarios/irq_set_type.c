/* class: contract. How a line is triggered: what its chip is asked, what its
 * answers mean, and what is known of the line afterwards. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include "observe.h"
#include "simirq.h"

static int asked, answer, dev, masked_when_asked;
static unsigned int last;

static irqreturn_t fn(int irq, void *d) { return IRQ_HANDLED; }
static int set_type(struct irq_data *d, unsigned int type)
{
	asked++;
	last = type;
	masked_when_asked = !!irqd_irq_masked(d);
	if (answer == IRQ_SET_MASK_OK_NOCOPY)
		irqd_set_trigger_type(d, IRQ_TYPE_EDGE_FALLING);
	return answer;
}
static struct irq_chip chip = {
	.name = "typed",
	.irq_ack = simirq_ack,
	.irq_mask = simirq_mask,
	.irq_unmask = simirq_unmask,
	.irq_set_type = set_type,
};
static struct irq_chip careful = {
	.name = "careful",
	.irq_ack = simirq_ack,
	.irq_mask = simirq_mask,
	.irq_unmask = simirq_unmask,
	.irq_set_type = set_type,
	.flags = IRQCHIP_SET_TYPE_MASKED,
};

static void try_type(int irq, const char *what, unsigned int type, int says)
{
	struct irq_data *d = irq_get_irq_data(irq);
	int r;

	asked = 0;
	last = 0;
	answer = says;
	simirq_masked = simirq_unmasked = 0;
	r = irq_set_irq_type(irq, type);
	OBSERVE("%s, the chip says %d: %d; asked %d for %u, masked then %d; type %u level %d; masks %d unmasks %d", what,
		says, r, asked, last, masked_when_asked, irqd_get_trigger_type(d), !!irqd_is_level_type(d), simirq_masked,
		simirq_unmasked);
}

static void all_types(int irq)
{
	try_type(irq, "high", IRQ_TYPE_LEVEL_HIGH, IRQ_SET_MASK_OK);
	try_type(irq, "both edges", IRQ_TYPE_EDGE_BOTH, IRQ_SET_MASK_OK);
	try_type(irq, "low", IRQ_TYPE_LEVEL_LOW, IRQ_SET_MASK_OK_DONE);
	try_type(irq, "rising", IRQ_TYPE_EDGE_RISING, IRQ_SET_MASK_OK_NOCOPY);
	try_type(irq, "high", IRQ_TYPE_LEVEL_HIGH, -ENXIO);
	try_type(irq, "high, and more bits", IRQ_TYPE_LEVEL_HIGH | 0x100, IRQ_SET_MASK_OK);
	try_type(irq, "none", IRQ_TYPE_NONE, IRQ_SET_MASK_OK);
	try_type(irq, "none", IRQ_TYPE_NONE, -EINVAL);
}

static int line_of(struct irq_chip *c)
{
	int irq = irq_alloc_desc(0);

	irq_set_chip_and_handler(irq, c, handle_edge_irq);
	irq_clear_status_flags(irq, IRQ_NOREQUEST | IRQ_NOPROBE);
	return irq;
}

static void scenario(void)
{
	int irq = simirq_new(SIMIRQ_EDGE), r;

	try_type(irq, "a chip that cannot, high", IRQ_TYPE_LEVEL_HIGH, IRQ_SET_MASK_OK);
	r = request_irq(irq, fn, IRQF_TRIGGER_HIGH, "type", &dev);
	OBSERVE("asked for with a type: %d, type %u", r, irq_get_trigger_type(irq));
	free_irq(irq, &dev);
	simirq_delete(irq);
	r = irq_set_irq_type(5000, IRQ_TYPE_LEVEL_HIGH);
	OBSERVE("no such line: %d", r == -EINVAL);

	irq = line_of(&chip);
	all_types(irq);
	irq_set_status_flags(irq, IRQ_TYPE_LEVEL_LOW);
	OBSERVE("low by status flag: type %u level %d", irq_get_trigger_type(irq), !!irqd_is_level_type(irq_get_irq_data(irq)));
	irq_clear_status_flags(irq, IRQ_TYPE_LEVEL_LOW);
	OBSERVE("which is cleared: type %u level %d", irq_get_trigger_type(irq), !!irqd_is_level_type(irq_get_irq_data(irq)));
	irq_set_status_flags(irq, IRQ_LEVEL);
	OBSERVE("level by status flag: type %u level %d", irq_get_trigger_type(irq), !!irqd_is_level_type(irq_get_irq_data(irq)));
	answer = IRQ_SET_MASK_OK;
	asked = 0;
	r = request_irq(irq, fn, 0, "type", &dev);
	OBSERVE("asked for without a type: %d, the chip was asked %d", r, asked);
	free_irq(irq, &dev);
	asked = 0;
	r = request_irq(irq, fn, IRQF_TRIGGER_RISING, "type", &dev);
	OBSERVE("with one: %d, asked %d for %u, type %u", r, asked, last, irq_get_trigger_type(irq));
	free_irq(irq, &dev);
	answer = -EINVAL;
	asked = 0;
	r = request_irq(irq, fn, IRQF_TRIGGER_LOW, "type", &dev);
	OBSERVE("refused: %d, asked %d for %u, type %u", r, asked, last, irq_get_trigger_type(irq));
	simirq_delete(irq);

	irq = line_of(&careful);
	answer = IRQ_SET_MASK_OK;
	OBSERVE("masked meanwhile; nobody has asked for it:");
	all_types(irq);
	answer = IRQ_SET_MASK_OK;
	r = request_irq(irq, fn, IRQF_TRIGGER_RISING, "type", &dev);
	OBSERVE("in use: %d", r);
	all_types(irq);
	disable_irq(irq);
	OBSERVE("disabled:");
	all_types(irq);
	enable_irq(irq);
	OBSERVE("enabled: masked %d", !!irqd_irq_masked(irq_get_irq_data(irq)));
	free_irq(irq, &dev);
	simirq_delete(irq);
}
SCENARIO(scenario)
