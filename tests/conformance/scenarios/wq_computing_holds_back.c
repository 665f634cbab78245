/* class: contract. While a handler of a CPU computes, the next one of that CPU
 * waits; when it sleeps, the next one starts. */
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"
#include "burn.h"

static struct workqueue_struct *one, *two;
static int second_ran, seen_while_computing = -1, seen_while_sleeping = -1;
static DECLARE_COMPLETION(second_here);

static void second_fn(struct work_struct *w)
{
	WRITE_ONCE(second_ran, 1);
	complete(&second_here);
}
static DECLARE_WORK(second, second_fn);

static struct workqueue_struct *target;
static void first_fn(struct work_struct *w)
{
	queue_work_on(0, target, &second);
	burn(4);
	seen_while_computing = READ_ONCE(second_ran);
	seen_while_sleeping = seen_within(&second_here, 2000);
}
static DECLARE_WORK(first, first_fn);

static void try_one(const char *what, struct workqueue_struct *to)
{
	second_ran = 0;
	target = to;
	queue_work_on(0, one, &first);
	flush_work(&first);
	flush_work(&second);
	OBSERVE("%s: ran while the first computed %d, while it slept %d", what, seen_while_computing,
		seen_while_sleeping);
}

static void scenario(void)
{
	one = alloc_workqueue("one", 0, 0);
	two = alloc_workqueue("two", 0, 0);
	try_one("the same queue", one);
	try_one("another queue", two);
	try_one("the system's queue", system_wq);
	try_one("a queue of items that compute", system_long_wq);
	destroy_workqueue(one);
	destroy_workqueue(two);
}
SCENARIO(scenario)
