/* class: contract. A handler may free its own item; it may also hand it to
 * another function first. */
#include <linux/workqueue.h>
#include <linux/slab.h>
#include <linux/atomic.h>
#include "observe.h"

struct mine {
	struct work_struct work;
	struct delayed_work later;
	int id;
};
static atomic_t freed = ATOMIC_INIT(0);
static int second_id, delayed_id, allocated;

static void free_fn(struct work_struct *w)
{
	kfree(container_of(w, struct mine, work));
	atomic_inc(&freed);
}

static void second_fn(struct work_struct *w)
{
	struct mine *m = container_of(w, struct mine, work);

	second_id = m->id;
	kfree(m);
	atomic_inc(&freed);
}
static struct workqueue_struct *wq;
static void first_fn(struct work_struct *w)
{
	INIT_WORK(w, second_fn);
	queue_work(wq, w);
}

static void later_fn(struct work_struct *w)
{
	struct mine *m = container_of(to_delayed_work(w), struct mine, later);

	delayed_id = m->id;
	kfree(m);
	atomic_inc(&freed);
}

static struct mine *make(int id, work_func_t fn)
{
	struct mine *m = (struct mine *)kzalloc(sizeof(*m), GFP_KERNEL);

	allocated++;
	INIT_WORK(&m->work, fn);
	INIT_DELAYED_WORK(&m->later, later_fn);
	m->id = id;
	return m;
}

static void scenario(void)
{
	int i;

	wq = alloc_workqueue("free", 0, 0);
	for (i = 0; i < 50; i++)
		queue_work(wq, &make(i, free_fn)->work);
	flush_workqueue(wq);
	OBSERVE("freed %d", atomic_read(&freed));
	queue_work(wq, &make(7, first_fn)->work);
	drain_workqueue(wq);
	OBSERVE("function changed by the first: id %d freed %d", second_id, atomic_read(&freed));
	queue_delayed_work(wq, &make(9, free_fn)->later, 0);
	drain_workqueue(wq);
	OBSERVE("delayed: id %d freed %d of %d", delayed_id, atomic_read(&freed), allocated);
	destroy_workqueue(wq);
}
SCENARIO(scenario)
