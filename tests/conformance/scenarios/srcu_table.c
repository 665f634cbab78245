/* class: contract. SRCU, and semaphores for many readers. */
#include <linux/srcu.h>
#include <linux/percpu-rwsem.h>
#include <linux/workqueue.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include "observe.h"
#include "blocker.h"

DEFINE_STATIC_SRCU(ss);
DEFINE_STATIC_PERCPU_RWSEM(rw);
static int phase, seen;
static struct srcu_struct dyn;
struct thing {
	int v;
	struct rcu_head rcu;
};
static int freed;
static void free_it(struct rcu_head *r)
{
	kfree(container_of(r, struct thing, rcu));
	WRITE_ONCE(freed, freed + 1);
}
static void waiter(struct work_struct *w)
{
	synchronize_srcu(&ss);
	seen = READ_ONCE(phase);
}
static DECLARE_WORK(work, waiter);
static void reader(struct work_struct *w)
{
	percpu_down_read(&rw);
	seen = READ_ONCE(phase);
	percpu_up_read(&rw);
}
static DECLARE_WORK(reading, reader);

static void scenario(void)
{
	struct thing *t;
	int a, b, r;

	a = srcu_read_lock(&ss);
	b = srcu_read_lock(&ss);
	OBSERVE("held %d", !!srcu_read_lock_held(&ss));
	queue_work(system_unbound_wq, &work);
	msleep(30);
	OBSERVE("it waits: busy %d", !!work_busy(&work));
	srcu_read_unlock(&ss, b);
	WRITE_ONCE(phase, 1);
	srcu_read_unlock(&ss, a);
	flush_work(&work);
	OBSERVE("it saw phase %d", seen);
	r = init_srcu_struct(&dyn);
	OBSERVE("init %d", r);
	t = (struct thing *)kzalloc(sizeof(*t), GFP_KERNEL);
	call_srcu(&dyn, &t->rcu, free_it);
	srcu_barrier(&dyn);
	OBSERVE("after the barrier: freed %d", READ_ONCE(freed));
	synchronize_srcu_expedited(&dyn);
	cleanup_srcu_struct(&dyn);

	percpu_down_read(&rw);
	r = percpu_down_read_trylock(&rw);
	OBSERVE("a second reader %d", r);
	percpu_up_read(&rw);
	percpu_up_read(&rw);
	percpu_down_write(&rw);
	OBSERVE("trylock against a writer %d", percpu_down_read_trylock(&rw));
	WRITE_ONCE(phase, 2);
	queue_work(system_unbound_wq, &reading);
	msleep(30);
	OBSERVE("a reader waits: busy %d", !!work_busy(&reading));
	WRITE_ONCE(phase, 3);
	percpu_up_write(&rw);
	flush_work(&reading);
	OBSERVE("it saw phase %d", seen);
}
SCENARIO(scenario)
