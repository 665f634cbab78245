/* class: contract. What the calls of mutexes give back; a work item waits for
 * one that is held. */
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/atomic.h>
#include "observe.h"
#include "blocker.h"

static DEFINE_MUTEX(a);
static struct mutex b;
static int worker_try = -1, in_critical, bad;
static DECLARE_COMPLETION(trying);
static void try_fn(struct work_struct *w) { worker_try = mutex_trylock(&a); }
static DECLARE_WORK(try_work, try_fn);
static DECLARE_COMPLETION(got);
static void lock_fn(struct work_struct *w)
{
	complete(&trying);
	mutex_lock(&a);
	if (in_critical)
		bad++;
	mutex_unlock(&a);
	complete(&got);
}
static DECLARE_WORK(lock_work, lock_fn);

static void scenario(void)
{
	atomic_t count = ATOMIC_INIT(2);
	int r;

	mutex_init(&b);
	OBSERVE("new: locked %d %d", !!mutex_is_locked(&a), !!mutex_is_locked(&b));
	OBSERVE("trylock %d", mutex_trylock(&a));
	OBSERVE("locked %d", !!mutex_is_locked(&a));
	queue_work(system_wq, &try_work);
	flush_work(&try_work);
	OBSERVE("trylock by another %d", worker_try);
	in_critical = 1;
	queue_work(system_wq, &lock_work);
	wait_for_completion(&trying);
	OBSERVE("another waits: got it %d", seen_within(&got, 50));
	in_critical = 0;
	mutex_unlock(&a);
	r = seen_within(&got, 3000);
	OBSERVE("unlocked: got it %d, too early %d", r, bad);
	flush_work(&lock_work);
	OBSERVE("locked %d", !!mutex_is_locked(&a));
	r = mutex_lock_interruptible(&a);
	OBSERVE("interruptible %d", r);
	mutex_unlock(&a);
	r = mutex_lock_killable(&a);
	OBSERVE("killable %d", r);
	mutex_unlock(&a);
	r = atomic_dec_and_mutex_lock(&count, &b);
	OBSERVE("not the last: %d locked %d", r, !!mutex_is_locked(&b));
	r = atomic_dec_and_mutex_lock(&count, &b);
	OBSERVE("the last: %d locked %d count %d", r, !!mutex_is_locked(&b), atomic_read(&count));
	mutex_unlock(&b);
	mutex_destroy(&b);
}
SCENARIO(scenario)
