/* shortage.h: no worker is free, and no thread can be had for another one.
 * Written in the common subset of kernel C and C++20. */
#ifndef SHORTAGE_H
#define SHORTAGE_H
#include <linux/workqueue.h>
#include "blocker.h"
#include "unexported.h"

#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/fs.h>
#include <linux/string.h>

/* Below the number that there are, the kernel starts none: not even its own. */
static inline void threads_to_be_had(int any)
{
	static char before[24];
	const char *want = any ? before : "20";
	struct file *f = filp_open("/proc/sys/kernel/threads-max", O_RDWR, 0);
	loff_t at = 0;

	if (IS_ERR(f)) {
		OBSERVE("no threads-max");
		return;
	}
	if (!any && kernel_read(f, before, sizeof(before) - 1, &at) <= 0)
		OBSERVE("threads-max: not read");
	at = 0;
	if (kernel_write(f, want, strlen(want), &at) <= 0)
		OBSERVE("threads-max: not written");
	filp_close(f, NULL);
}

/* Looked up beforehand: the look-up is not for a kernel in need. */
static bool (*shortage_is_rescuer)(void);
static inline void shortage_prepare(void)
{
	shortage_is_rescuer = (bool (*)(void))unexported("current_is_workqueue_rescuer");
}
#else
static inline void threads_to_be_had(int any)
{
	bottomhalf::linux6::engine::spawn_budget(any ? -1 : 0);
}
static inline bool shortage_is_rescuer(void) { return current_is_workqueue_rescuer(); }
static inline void shortage_prepare(void) { }
#endif

/* Takes up the workers of one pool. */
#define SHORTAGE_MOST 48
struct shortage {
	struct workqueue_struct *wq[SHORTAGE_MOST];
	struct blocker b[SHORTAGE_MOST];
	int n;
};

static inline struct workqueue_struct *shortage_wq(struct shortage *s, int i)
{
	return s->wq[i] ? s->wq[i] : s->wq[0];
}

/* Before threads_to_be_had(0): the queues.  Ordered ones share the pool of all
 * that are unbound, and each lets one item in. */
static inline void shortage_new(struct shortage *s, int ordered)
{
	int i;

	s->n = 0;
	s->wq[0] = ordered ? alloc_ordered_workqueue("short", 0) : alloc_workqueue("short", 0, SHORTAGE_MOST);
	for (i = 1; i < SHORTAGE_MOST; i++)
		s->wq[i] = ordered ? alloc_ordered_workqueue("short", 0) : NULL;
}

/* After it: one item after the other that blocks, until one does not begin. */
static inline void shortage_begin(struct shortage *s, int cpu)
{
	while (s->n < SHORTAGE_MOST) {
		int i = s->n++;

		blocker_init(&s->b[i]);
		queue_work_on(cpu, shortage_wq(s, i), &s->b[i].work);
		if (!seen_within(&s->b[i].started, 400))
			return;
	}
	OBSERVE("no shortage");
}

/* They come to their end.  Threads may be had again, or not yet. */
static inline void shortage_release(struct shortage *s)
{
	int i;

	for (i = 0; i < s->n; i++)
		complete(&s->b[i].release);
}
static inline void shortage_delete(struct shortage *s)
{
	int i;

	for (i = 0; i < SHORTAGE_MOST; i++)
		if (s->wq[i])
			destroy_workqueue(s->wq[i]);
}

/* An item that says who ran it, and may wait inside. */
struct rescued {
	struct work_struct work;
	struct completion begun, go, done;
	int id, wait, again, runs, by_rescuer, cpu;
	struct workqueue_struct *wq;	/* of which it queues itself once more */
};
static int rescued_order[32], rescued_n, rescued_inside, rescued_most;

static inline void rescued_fn(struct work_struct *w)
{
	struct rescued *r = container_of(w, struct rescued, work);

	WRITE_ONCE(rescued_inside, READ_ONCE(rescued_inside) + 1);
	if (READ_ONCE(rescued_inside) > rescued_most)
		rescued_most = rescued_inside;
	rescued_order[rescued_n++ % 32] = r->id;
	WRITE_ONCE(r->runs, r->runs + 1);
	r->by_rescuer += shortage_is_rescuer();
	r->cpu = raw_smp_processor_id();
	complete(&r->begun);
	if (r->wait)
		wait_for_completion(&r->go);
	WRITE_ONCE(rescued_inside, READ_ONCE(rescued_inside) - 1);
	if (r->again-- > 0)
		queue_work(r->wq, w);
	complete(&r->done);
}

static inline void rescued_init(struct rescued *r, int id)
{
	INIT_WORK(&r->work, rescued_fn);
	init_completion(&r->begun);
	init_completion(&r->go);
	init_completion(&r->done);
	r->id = id;
	r->wait = r->again = r->runs = r->by_rescuer = 0;
	r->cpu = -1;
	r->wq = NULL;
}
#endif
