/* class: contract. What the kernel says about wrong use of timers, and goes
 * on. */
#include <linux/timer.h>
#include <linux/jiffies.h>
#include "observe.h"

static int fired;
static void fn(struct timer_list *t) { fired++; }

static void scenario(void)
{
	static struct timer_list t;
	unsigned long far_off = jiffies + 1000 * HZ;

	timer_setup(&t, fn, 0);
	t.expires = far_off;
	add_timer(&t);
	OBSERVE("armed: add_timer");
	add_timer(&t);
	OBSERVE("armed: add_timer_on");
	add_timer_on(&t, 0);
	OBSERVE("pending %d, its time %d", timer_pending(&t), t.expires == far_off);
	OBSERVE("delete %d", timer_delete_sync(&t));
}
SCENARIO(scenario)
