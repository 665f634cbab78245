/* Not a scenario: what is wrong with it shows under some schedules only, and the
 * test that runs it passes if that is found. Two items on two CPUs, and nothing
 * that orders them. */
#include <linux/workqueue.h>
#include <linux/mutex.h>
#include "observe.h"

static DEFINE_MUTEX(lock);
static int order[2], n;

static void first_fn(struct work_struct *w)
{
	mutex_lock(&lock);
	order[n++] = 1;
	mutex_unlock(&lock);
}
static void second_fn(struct work_struct *w)
{
	mutex_lock(&lock);
	order[n++] = 2;
	mutex_unlock(&lock);
}
static DECLARE_WORK(first, first_fn);
static DECLARE_WORK(second, second_fn);

static void scenario(void)
{
	n = 0;
	schedule_work_on(0, &first);
	schedule_work_on(1, &second);
	flush_work(&first);
	flush_work(&second);
	OBSERVE("order %d %d", order[0], order[1]);
}
SCENARIO(scenario)
