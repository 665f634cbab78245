/* class: contract. complete() wakes the one that waited first, complete_all()
 * wakes all. */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/atomic.h>
#include "observe.h"
#include "blocker.h"

#define N 4
static DECLARE_COMPLETION(c);
static DECLARE_COMPLETION(woke);
static DECLARE_COMPLETION(about_to);
static atomic_t woken = ATOMIC_INIT(0);
static int order[N];
static struct task_struct *t[N];

static int fn(void *data)
{
	complete(&about_to);
	wait_for_completion(&c);
	order[atomic_inc_return(&woken) - 1] = (int)(long)data;
	complete(&woke);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static void start(int i)
{
	t[i] = kthread_run(fn, (void *)(long)i, "bh-w%d", i);
	wait_for_completion(&about_to);
	msleep(50);	/* nobody outside can see that it waits */
}

static void scenario(void)
{
	int i;

	for (i = 0; i < N; i++)
		start(i);
	OBSERVE("waiting: woken %d", atomic_read(&woken));
	for (i = 0; i < 2; i++) {
		complete(&c);
		wait_for_completion(&woke);
		OBSERVE("complete: woken %d, number %d", atomic_read(&woken), order[i]);
	}
	OBSERVE("nobody else %d", seen_within(&woke, 50));
	complete_all(&c);
	for (i = 2; i < N; i++)
		wait_for_completion(&woke);
	OBSERVE("complete_all: woken %d", atomic_read(&woken));
	for (i = 0; i < N; i++)
		kthread_stop(t[i]);
}
SCENARIO(scenario)
