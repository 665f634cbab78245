/* class: contract. Items of an unbound queue start at once: none waits until
 * another sleeps, on any number of CPUs. */
#include <linux/workqueue.h>
#include <linux/atomic.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "observe.h"
#include "burn.h"

#define N 4
static struct work_struct item[N];
static atomic_t here = ATOMIC_INIT(0), met = ATOMIC_INIT(0), named = ATOMIC_INIT(0);
static int all_here;

static void fn(struct work_struct *w)
{
	if (!strncmp(current->comm, "kworker/u", 9))
		atomic_inc(&named);
	if (atomic_inc_return(&here) == N)
		WRITE_ONCE(all_here, 1);
	if (burn_until(&all_here, 5000))
		atomic_inc(&met);
}

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_workqueue("unb", WQ_UNBOUND, 0);
	int i;

	for (i = 0; i < N; i++) {
		INIT_WORK(&item[i], fn);
		queue_work(wq, &item[i]);
	}
	flush_workqueue(wq);
	OBSERVE("all %d computed at the same time: %d, in workers without a CPU %d", N, atomic_read(&met),
		atomic_read(&named));
	atomic_set(&here, 0);
	atomic_set(&met, 0);
	all_here = 0;
	for (i = 0; i < N; i++)
		queue_work_on(0, wq, &item[i]);
	flush_workqueue(wq);
	OBSERVE("queued on CPU 0: %d", atomic_read(&met));
	destroy_workqueue(wq);
}
SCENARIO(scenario)
