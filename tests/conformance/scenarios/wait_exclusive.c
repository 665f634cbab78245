/* class: contract. Whom wake_up() wakes: all that wait, but of the exclusive
 * ones the first only; wake_up_nr() so many; wake_up_all() all. */
#include <linux/wait.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include "observe.h"
#include "blocker.h"

#define N 5
static DECLARE_WAIT_QUEUE_HEAD(wqh);
static DECLARE_COMPLETION(woke);
static struct task_struct *t[N];
static int is_woken[N], ready;

struct who { int id, exclusive; };
static struct who who[N];

static int fn(void *data)
{
	struct who *me = (struct who *)data;
	DEFINE_WAIT(wait);

	if (me->exclusive)
		prepare_to_wait_exclusive(&wqh, &wait, TASK_UNINTERRUPTIBLE);
	else
		prepare_to_wait(&wqh, &wait, TASK_UNINTERRUPTIBLE);
	WRITE_ONCE(ready, 1);
	schedule();
	finish_wait(&wqh, &wait);
	WRITE_ONCE(is_woken[me->id], 1);
	complete(&woke);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static void start(const char *kinds)
{
	int i;

	for (i = 0; i < N; i++) {
		who[i].id = i;
		who[i].exclusive = kinds[i] == 'x';
		WRITE_ONCE(is_woken[i], 0);
		WRITE_ONCE(ready, 0);
		t[i] = kthread_run(fn, &who[i], "bh-x%d", i);
		while (!READ_ONCE(ready))
			msleep(1);
	}
}

static void show(const char *what, int n)
{
	int i, more;

	for (i = 0; i < n; i++)
		wait_for_completion(&woke);
	more = seen_within(&woke, 50);
	OBSERVE("%s: %d %d %d %d %d, more %d", what, is_woken[0], is_woken[1], is_woken[2], is_woken[3],
		is_woken[4], more);
}

static void end(void)
{
	int i;

	for (i = 0; i < N; i++)
		kthread_stop(t[i]);
	OBSERVE("waiters left %d", waitqueue_active(&wqh));
}

static void scenario(void)
{
	start("xxxxx");
	OBSERVE("waiters %d", waitqueue_active(&wqh));
	wake_up(&wqh);
	show("exclusive, wake_up", 1);
	wake_up_nr(&wqh, 2);
	show("wake_up_nr 2", 2);
	wake_up_all(&wqh);
	show("wake_up_all", 2);
	end();

	start("xnxnx");
	wake_up(&wqh);
	show("mixed, wake_up", 3);
	wake_up(&wqh);
	show("wake_up", 1);
	wake_up_interruptible(&wqh);
	show("wake_up_interruptible", 0);
	wake_up_nr(&wqh, 1);
	show("wake_up_nr 1", 1);
	end();
}
SCENARIO(scenario)
