/* class: contract. A platform device and its driver: who is called when, what
 * probe() may answer, and in which order what is managed goes. */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/err.h>
#include "observe.h"
#include "simirq.h"

static int answer, probes, line;
static char first[] = "first", second[] = "second", third[] = "third";
static struct device *seen;

static void action(void *what) { OBSERVE("  action %s", (char *)what); }
static irqreturn_t fn(int irq, void *d) { return IRQ_HANDLED; }

static int probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	int *priv, r;
	char *s;

	probes++;
	seen = dev;
	OBSERVE("  probe %s id %d, data before %d", dev_name(dev), pdev->id, platform_get_drvdata(pdev) != NULL);
	priv = devm_kzalloc(dev, sizeof(*priv), GFP_KERNEL);
	platform_set_drvdata(pdev, priv);
	r = devm_add_action(dev, action, first);
	OBSERVE("  add %d", r);
	s = devm_kasprintf(dev, GFP_KERNEL, "%s-%d", "name", 5);
	OBSERVE("  devm_kasprintf %s, zeroed %d", s, *priv == 0);
	r = devm_request_irq(dev, line, fn, 0, NULL, priv);
	OBSERVE("  irq %d", r);
	r = devm_add_action_or_reset(dev, action, second);
	r = devm_add_action(dev, action, third);
	devm_remove_action(dev, action, second);
	OBSERVE("  removed");
	if (answer)
		OBSERVE("  probe says %d", answer);
	return answer;
}
static void gone(struct platform_device *pdev)
{
	OBSERVE("  remove, data %d", platform_get_drvdata(pdev) != NULL);
}
#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/version.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define remove remove_new
#endif
#endif
static struct platform_driver drv = {
	.probe = probe,
	.remove = gone,
	.driver = {
		.name = "bh-conf",
	},
};
static const struct resource res[] = {
	{ .start = 0x100, .end = 0x10f, .name = "regs", .flags = IORESOURCE_MEM },
	{ .start = 33, .end = 33, .name = "event", .flags = IORESOURCE_IRQ },
	{ .start = 0x200, .end = 0x20f, .name = "fifo", .flags = IORESOURCE_MEM },
};

static void scenario(void)
{
	struct platform_device *a, *b;
	struct resource *r;
	int err;

	line = simirq_new(SIMIRQ_SIMPLE);
	a = platform_device_register_simple("bh-conf", 3, res, 3);
	OBSERVE("device %s, probed %d", dev_name(&a->dev), probes);
	err = platform_driver_register(&drv);
	OBSERVE("driver %d, probed %d, data %d", err, probes, platform_get_drvdata(a) != NULL);
	r = platform_get_resource(a, IORESOURCE_MEM, 1);
	OBSERVE("second mem %s %llx size %llu", r->name, (unsigned long long)r->start, (unsigned long long)resource_size(r));
	OBSERVE("third: %d, by name %d %d", platform_get_resource(a, IORESOURCE_MEM, 2) == NULL,
		platform_get_resource_byname(a, IORESOURCE_MEM, "fifo") == r,
		platform_get_resource_byname(a, IORESOURCE_IRQ, "fifo") == NULL);
	OBSERVE("irq %d", platform_get_irq_optional(a, 0));
	err = platform_get_irq_optional(a, 1);
	OBSERVE("no second irq: is -ENXIO %d", err == -ENXIO);
	platform_device_unregister(a);
	OBSERVE("unregistered; the line is free %d", request_irq(line, fn, 0, "free", &drv));
	free_irq(line, &drv);

	answer = -EINVAL;
	b = platform_device_register_simple("bh-conf", PLATFORM_DEVID_NONE, NULL, 0);
	OBSERVE("not taken: device %s, data %d", dev_name(&b->dev), platform_get_drvdata(b) != NULL);
	platform_device_unregister(b);
	answer = -ENODEV;
	b = platform_device_register_simple("bh-conf", PLATFORM_DEVID_NONE, NULL, 0);
	OBSERVE("not there: device %d", IS_ERR(b));
	platform_device_unregister(b);
	answer = 0;
	b = platform_device_register_simple("bh-other", 1, NULL, 0);
	OBSERVE("another name: data %d", platform_get_drvdata(b) != NULL);
	platform_device_unregister(b);
	b = platform_device_register_simple("bh-conf", 7, NULL, 0);
	OBSERVE("taken");
	platform_driver_unregister(&drv);
	OBSERVE("driver gone, data %d", platform_get_drvdata(b) != NULL);
	platform_device_unregister(b);
	simirq_delete(line);
	OBSERVE("probes %d", probes);
}
SCENARIO(scenario)
