/* class: contract. Who computes when on one CPU: three items that compute,
 * sleep, and compute again, with room for three, for two and for one.  After
 * the example in the documentation of work queues, but they sleep until they
 * are told, and are told when nothing moves any more. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"
#include "burn.h"

struct actor {
	struct work_struct work;
	struct completion wake;
	const char *name;
};
static struct actor a[3];
static const char *said[16], *who[16];
static int n;
static DECLARE_COMPLETION(moved);

static void say(struct actor *me, const char *what)
{
	who[n] = me->name;
	said[n++] = what;
	complete(&moved);
}

static void fn(struct work_struct *w)
{
	struct actor *me = container_of(w, struct actor, work);

	say(me, "starts");
	burn(5);
	say(me, "sleeps");
	wait_for_completion(&me->wake);
	say(me, "wakes");
	burn(5);
	say(me, "ends");
}

static void settle(void)
{
	while (seen_within(&moved, 250))
		;
}

static void try_one(const char *what, struct workqueue_struct *wq)
{
	static const char *const name[3] = {"w0", "w1", "w2"};
	int i;

	n = 0;
	for (i = 0; i < 3; i++) {
		INIT_WORK(&a[i].work, fn);
		init_completion(&a[i].wake);
		a[i].name = name[i];
		queue_work_on(0, wq, &a[i].work);
	}
	settle();
	for (i = 0; i < 3; i++) {
		complete(&a[i].wake);
		settle();
	}
	flush_workqueue(wq);
	for (i = 0; i < n; i++)
		OBSERVE("%s: %s %s", what, who[i], said[i]);
	destroy_workqueue(wq);
}

static void scenario(void)
{
	try_one("room for three", alloc_workqueue("tl3", 0, 3));
	try_one("room for two", alloc_workqueue("tl2", 0, 2));
	try_one("room for one", alloc_workqueue("tl1", 0, 1));
}
SCENARIO(scenario)
