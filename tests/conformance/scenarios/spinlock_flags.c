/* class: contract. Spin locks: what they switch off, what their trylock forms
 * give back, and rwlocks. */
#include <linux/spinlock.h>
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/cpumask.h>
#include "observe.h"

static DEFINE_SPINLOCK(a);
static spinlock_t b;
static DEFINE_RWLOCK(rw);
static DEFINE_RAW_SPINLOCK(raw);

static void show(const char *what)
{
	OBSERVE("%s: in_atomic %d irqs_disabled %d in_softirq %d in_interrupt %d", what, !!in_atomic(),
		!!irqs_disabled(), !!in_softirq(), !!in_interrupt());
}

static void scenario(void)
{
	unsigned long flags, outer;

	spin_lock_init(&b);
	show("free");
	spin_lock(&a);
	show("spin_lock");
	OBSERVE("trylock of a held one %d, of another %d", spin_trylock(&a), spin_trylock(&b));
	spin_unlock(&b);
	spin_unlock(&a);
	spin_lock_irq(&a);
	show("spin_lock_irq");
	spin_unlock_irq(&a);
	spin_lock_bh(&a);
	show("spin_lock_bh");
	spin_unlock_bh(&a);
	spin_lock_irqsave(&a, flags);
	show("spin_lock_irqsave");
	spin_lock_irqsave(&b, outer);
	spin_unlock_irqrestore(&b, outer);
	show("after an inner one");
	spin_unlock_irqrestore(&a, flags);
	show("free");
	local_irq_save(outer);
	spin_lock_irqsave(&a, flags);
	spin_unlock_irqrestore(&a, flags);
	show("interrupts were off before");
	local_irq_restore(outer);
	OBSERVE("trylock_irqsave %d", spin_trylock_irqsave(&a, flags));
	show("trylock_irqsave");
	spin_unlock_irqrestore(&a, flags);
	OBSERVE("trylock_bh %d", spin_trylock_bh(&a));
	spin_unlock_bh(&a);
	OBSERVE("trylock_irq %d", spin_trylock_irq(&a));
	spin_unlock_irq(&a);

	raw_spin_lock(&raw);
	show("raw");
	raw_spin_unlock(&raw);
	read_lock(&rw);
	show("read_lock");
	OBSERVE("beside a reader: a writer %d", write_trylock(&rw));
	OBSERVE("another reader %d", read_trylock(&rw));
	read_unlock(&rw);
	read_unlock(&rw);
	write_lock_irqsave(&rw, flags);
	show("write_lock_irqsave");
	OBSERVE("beside a writer: a reader %d, a writer %d", read_trylock(&rw), write_trylock(&rw));
	write_unlock_irqrestore(&rw, flags);
	show("free");
}
SCENARIO(scenario)
