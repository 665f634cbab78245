/* class: contract. What is due when softirqs come on again is called in the
 * order of the vectors: high tasklets, timers, tasklets. */
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/interrupt.h>
#include <linux/delay.h>
#include "observe.h"

static int order[8], n;
static void say(int id) { order[n++ % 8] = id; }
static void hi_fn(struct tasklet_struct *t) { say(1); }
static void timer_fn(struct timer_list *t) { say(2); }
static void low_fn(struct tasklet_struct *t) { say(3); }

static void scenario(void)
{
	static struct tasklet_struct hi, low;
	static struct timer_list timer;
	int i, seen;

	tasklet_setup(&hi, hi_fn);
	tasklet_setup(&low, low_fn);
	timer_setup(&timer, timer_fn, TIMER_PINNED);

	local_bh_disable();
	tasklet_schedule(&low);
	mod_timer(&timer, jiffies + 1);
	tasklet_hi_schedule(&hi);
	mdelay(20);
	for (i = 0; i < 500 && !(local_softirq_pending() & (1 << TIMER_SOFTIRQ)); i++)
		mdelay(10);
	seen = n;
	OBSERVE("softirqs off: called %d", seen);
	local_bh_enable();
	tasklet_kill(&hi);
	tasklet_kill(&low);
	del_timer_sync(&timer);
	OBSERVE("on again: called %d: %d %d %d", n, order[0], order[1], order[2]);
}
SCENARIO(scenario)
