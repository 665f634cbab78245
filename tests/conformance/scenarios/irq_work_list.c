/* class: quirk. Several irq_works of one CPU: the order in which they are
 * called, and one that is queued again meanwhile. */
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/interrupt.h>
#include "observe.h"

struct mine {
	struct irq_work iw;
	int id, again;
};
static struct mine m[4];
static int order[16], n, said;
static void fn(struct irq_work *w)
{
	struct mine *me = container_of(w, struct mine, iw);

	order[n % 16] = me->id;
	WRITE_ONCE(n, n + 1);
	if (me->again-- > 0)
		said += irq_work_queue(w);
}
static int tasklet_after = -1;
static void tasklet_fn(struct tasklet_struct *t) { tasklet_after = n; }
static DECLARE_TASKLET(t, tasklet_fn);

static void scenario(void)
{
	unsigned long flags;
	int i;

	for (i = 0; i < 4; i++) {
		init_irq_work(&m[i].iw, fn);
		m[i].id = i;
	}
	local_irq_save(flags);
	tasklet_schedule(&t);
	for (i = 0; i < 4; i++)
		irq_work_queue(&m[i].iw);
	local_irq_restore(flags);
	for (i = 0; i < 4; i++)
		irq_work_sync(&m[i].iw);
	tasklet_kill(&t);
	OBSERVE("queued 0 1 2 3: called %d: %d %d %d %d", n, order[0], order[1], order[2], order[3]);

	n = 0;
	m[1].again = 1;
	local_irq_save(flags);
	for (i = 0; i < 3; i++)
		irq_work_queue(&m[i].iw);
	local_irq_restore(flags);
	do
		for (i = 0; i < 3; i++)
			irq_work_sync(&m[i].iw);
	while (READ_ONCE(n) < 4);
	OBSERVE("the middle one again: said %d, called %d: %d %d %d %d", said, n, order[0], order[1], order[2], order[3]);
}
SCENARIO(scenario)
