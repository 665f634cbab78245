// SPDX-License-Identifier: MIT
/*
 * A meter that counts pulses, each of which is an interrupt.  Whoever waits for one is woken by a work item.
 *
 * There are five mistakes in it; ../README.md finds one after the other.  `fixed` says how many have been corrected.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "meter.h"

struct meter {
	spinlock_t lock;
	unsigned int interrupts;
	unsigned int pulses;		/* that were not counted yet */
	unsigned int sum, total;	/* ever; since the last reset */
	unsigned int *history;		/* the last eight counts */
	unsigned int counts;
	int counted, waits;		/* there was a pulse; somebody sleeps */
	struct completion news;
	struct work_struct work;
};

int fixed;
static struct meter *the_meter;

static irqreturn_t meter_irq(int irq, void *dev_id)
{
	struct meter *m = (struct meter *)dev_id;

	spin_lock(&m->lock);
	m->interrupts++;
	WRITE_ONCE(m->pulses, m->pulses + 1);
	spin_unlock(&m->lock);
	schedule_work(&m->work);
	return IRQ_HANDLED;
}

static void meter_work(struct work_struct *work)
{
	struct meter *m = container_of(work, struct meter, work);
	unsigned long flags = 0;
	unsigned int n;

	if (fixed >= 2)
		spin_lock_irqsave(&m->lock, flags);
	n = READ_ONCE(m->pulses);
	WRITE_ONCE(m->pulses, 0);
	if (fixed >= 5)
		m->total += n;
	if (fixed >= 2)
		spin_unlock_irqrestore(&m->lock, flags);
	if (fixed < 5)
		m->total += n;
	m->sum += n;
	m->history[m->counts++ % 8] = n;

	WRITE_ONCE(m->counted, 1);
	if (fixed >= 3)
		smp_mb();		/* pairs with the one in meter_wait() */
	if (READ_ONCE(m->waits))
		complete(&m->news);
}

int meter_probe(void)
{
	struct meter *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int err;

	if (!m)
		return -ENOMEM;
	m->history = kcalloc(8, sizeof(*m->history), GFP_KERNEL);
	if (!m->history) {
		if (fixed >= 4)
			kfree(m);
		return -ENOMEM;
	}
	spin_lock_init(&m->lock);
	init_completion(&m->news);
	INIT_WORK(&m->work, meter_work);
	err = request_irq(METER_IRQ, meter_irq, 0, "meter", m);
	if (err) {
		kfree(m->history);
		kfree(m);
		return err;
	}
	the_meter = m;
	return 0;
}

void meter_wait(void)
{
	struct meter *m = the_meter;

	WRITE_ONCE(m->waits, 1);
	if (fixed >= 3)
		smp_mb();		/* pairs with the one in meter_work() */
	if (!READ_ONCE(m->counted))
		wait_for_completion(&m->news);
}

void meter_reset(void)
{
	struct meter *m = the_meter;
	unsigned long flags = 0;

	if (fixed >= 5)
		spin_lock_irqsave(&m->lock, flags);
	m->total = 0;
	if (fixed >= 5)
		spin_unlock_irqrestore(&m->lock, flags);
}

void meter_remove(void)
{
	struct meter *m = the_meter;

	if (fixed >= 1)
		free_irq(METER_IRQ, m);
	cancel_work_sync(&m->work);
	if (fixed < 1)
		free_irq(METER_IRQ, m);
	WARN_ON(m->interrupts != m->sum + m->pulses);
	kfree(m->history);
	kfree(m);
}
