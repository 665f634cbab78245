/* class: contract. Two kthreads that take turns by completions. */
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/sched.h>
#include "observe.h"

static DECLARE_COMPLETION(ping);
static DECLARE_COMPLETION(pong);
static DECLARE_COMPLETION(both);
static char text[16];
static int n;

static int ping_fn(void *data)
{
	int i;

	for (i = 0; i < 5; i++) {
		wait_for_completion(&ping);
		text[n++] = 'i';
		complete(&pong);
	}
	complete(&both);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return i;
}

static int pong_fn(void *data)
{
	int i;

	for (i = 0; i < 5; i++) {
		wait_for_completion(&pong);
		text[n++] = 'o';
		complete(&ping);
	}
	complete(&both);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 10 * i;
}

static void scenario(void)
{
	struct task_struct *a = kthread_run(ping_fn, NULL, "bh-ping");
	struct task_struct *b = kthread_run(pong_fn, NULL, "bh-pong");

	complete(&ping);
	wait_for_completion(&both);
	wait_for_completion(&both);
	OBSERVE("%s", text);
	OBSERVE("stop %d", kthread_stop(a));
	OBSERVE("stop %d", kthread_stop(b));
}
SCENARIO(scenario)
