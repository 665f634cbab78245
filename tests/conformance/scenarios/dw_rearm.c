/* class: contract. A delayed item that arms itself anew: never early, never
 * beside itself; a delay of years can be moved to now. */
#include <linux/workqueue.h>
#include <linux/jiffies.h>
#include <linux/completion.h>
#include <linux/atomic.h>
#include "observe.h"

static int ticks, early, said_false;
static atomic_t inside = ATOMIC_INIT(0);
static int overlap;
static unsigned long due;
static DECLARE_COMPLETION(done);

static void fn(struct work_struct *w)
{
	struct delayed_work *d = to_delayed_work(w);

	if (atomic_inc_return(&inside) != 1)
		overlap = 1;
	if (time_before(jiffies, due))
		early++;
	if (++ticks < 8) {
		due = jiffies + (ticks % 3);
		said_false += !queue_delayed_work(system_wq, d, ticks % 3);
	} else {
		complete(&done);
	}
	atomic_dec(&inside);
}
static DECLARE_DELAYED_WORK(dw, fn);

static void scenario(void)
{
	due = jiffies + 2;
	schedule_delayed_work(&dw, 2);
	wait_for_completion(&done);
	flush_delayed_work(&dw);
	OBSERVE("ticks %d early %d refused %d overlap %d", ticks, early, said_false, overlap);

	ticks = 7;
	OBSERVE("for ever: %d", schedule_delayed_work(&dw, MAX_JIFFY_OFFSET));
	OBSERVE("pending %d timer %d", delayed_work_pending(&dw), timer_pending(&dw.timer));
	due = jiffies + 1;
	OBSERVE("now: %d", mod_delayed_work(system_wq, &dw, 1));
	wait_for_completion(&done);
	flush_delayed_work(&dw);
	OBSERVE("ticks %d early %d pending %d", ticks, early, delayed_work_pending(&dw));
}
SCENARIO(scenario)
