/* class: contract. Parking a kthread. */
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include "observe.h"
#include "blocker.h"

static int loops, parked, saw_park;
static DECLARE_COMPLETION(looped);

static int fn(void *data)
{
	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			saw_park++;
			WRITE_ONCE(parked, parked + 1);
			kthread_parkme();
			WRITE_ONCE(parked, parked - 1);
			continue;
		}
		WRITE_ONCE(loops, loops + 1);
		complete(&looped);
		msleep(1);
	}
	return 5;
}

static void scenario(void)
{
	struct task_struct *t = kthread_run(fn, NULL, "bh-park");
	int before;

	wait_for_completion(&looped);
	OBSERVE("park %d", kthread_park(t));
	OBSERVE("parked %d, saw it %d", READ_ONCE(parked), saw_park);
	before = READ_ONCE(loops);
	msleep(50);
	OBSERVE("it stands still %d", READ_ONCE(loops) == before);
	reinit_completion(&looped);
	kthread_unpark(t);
	OBSERVE("unparked: goes on %d", seen_within(&looped, 3000));
	OBSERVE("park again %d", kthread_park(t));
	OBSERVE("a parked one: stop %d", kthread_stop(t));
	OBSERVE("parked %d", parked);
}
SCENARIO(scenario)
