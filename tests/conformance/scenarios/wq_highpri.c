/* class: contract. WQ_HIGHPRI items have workers of their own: they do not
 * wait for an ordinary one that computes, nor the other way round. */
#include <linux/workqueue.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "observe.h"
#include "burn.h"

static struct workqueue_struct *high, *plain;
static int other_ran, saw = -1;
static char name[16];
static struct workqueue_struct *target;

static void other_fn(struct work_struct *w)
{
	strscpy(name, current->comm, sizeof(name));
	WRITE_ONCE(other_ran, 1);
}
static DECLARE_WORK(other, other_fn);

static void first_fn(struct work_struct *w)
{
	queue_work_on(0, target, &other);
	saw = burn_until(&other_ran, 3000);
}
static DECLARE_WORK(first, first_fn);

static void try_one(const char *what, struct workqueue_struct *from, struct workqueue_struct *to)
{
	other_ran = 0;
	target = to;
	queue_work_on(0, from, &first);
	flush_work(&first);
	flush_work(&other);
	OBSERVE("%s: ran meanwhile %d, in kworker/0: %d, name ends in H %d", what, saw,
		!strncmp(name, "kworker/0:", 10), name[strlen(name) - 1] == 'H');
}

static void scenario(void)
{
	high = alloc_workqueue("high", WQ_HIGHPRI, 0);
	plain = alloc_workqueue("plain", 0, 0);
	try_one("high while plain computes", plain, high);
	try_one("plain while high computes", high, plain);
	try_one("the system's high one", plain, system_highpri_wq);
	destroy_workqueue(high);
	destroy_workqueue(plain);
}
SCENARIO(scenario)
