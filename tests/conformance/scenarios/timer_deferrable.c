/* class: contract. A deferrable timer: the calls are those of any timer; it is
 * never early, and comes with the next one that is not deferrable. */
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/workqueue.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include "observe.h"
#include "burn.h"
#include "blocker.h"

static int fired, early;
static DECLARE_COMPLETION(ran);
static void fn(struct timer_list *t)
{
	early += time_before(jiffies, t->expires);
	WRITE_ONCE(fired, fired + 1);
	complete(&ran);
}
static DECLARE_COMPLETION(worked);
static void work_fn(struct work_struct *w)
{
	complete(&worked);
}
static DECLARE_DEFERRABLE_WORK(dw, work_fn);

static void scenario(void)
{
	static struct timer_list t;
	int r;

	timer_setup(&t, fn, TIMER_DEFERRABLE);
	OBSERVE("mod %d", mod_timer(&t, jiffies + 1000 * HZ));
	r = mod_timer(&t, jiffies + 2000 * HZ);
	OBSERVE("mod %d pending %d", r, timer_pending(&t));
	OBSERVE("delete %d", timer_delete_sync(&t));
	mod_timer(&t, jiffies + 2);
	OBSERVE("somebody computes: fired %d", burn_until(&fired, 5000));
	wait_for_completion(&ran);
	OBSERVE("early %d", early);
	r = schedule_delayed_work(&dw, 1000 * HZ);
	OBSERVE("work: %d, again %d", r, schedule_delayed_work(&dw, 0));
	OBSERVE("mod %d", mod_delayed_work(system_wq, &dw, 0));
	OBSERVE("ran %d", seen_within(&worked, 3000));
	flush_delayed_work(&dw);
	schedule_delayed_work(&dw, 1000 * HZ);
	flush_delayed_work(&dw);	/* says whether it had to wait: a race */
	OBSERVE("flushed: ran %d", try_wait_for_completion(&worked));
	timer_delete_sync(&t);
}
SCENARIO(scenario)
