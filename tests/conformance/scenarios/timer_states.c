/* class: contract. What every call on a timer gives back, by its state. */
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/completion.h>
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static struct timer_list t;
static int fired, rearm, inside[4];
static DECLARE_COMPLETION(ran);

static void fn(struct timer_list *x)
{
	fired++;
	inside[0] = timer_pending(x);
	if (rearm) {
		inside[1] = mod_timer(x, jiffies + 1000 * HZ);
		inside[2] = mod_timer(x, jiffies + 2000 * HZ);
		inside[3] = timer_pending(x);
	}
	complete(&ran);
}

static void show(const char *what, int r)
{
	OBSERVE("%s %d, pending %d", what, r, timer_pending(&t));
}

static void scenario(void)
{
	unsigned long far_off = jiffies + 1000 * HZ;
	int r;

	timer_setup(&t, fn, 0);
	show("idle: mod_timer_pending", mod_timer_pending(&t, far_off));
	show("idle: timer_delete", timer_delete(&t));
	show("idle: timer_delete_sync", timer_delete_sync(&t));
	show("idle: try_to_del_timer_sync", try_to_del_timer_sync(&t));
	show("idle: timer_reduce", timer_reduce(&t, far_off));
	show("armed: timer_reduce, later", timer_reduce(&t, far_off + 5000));
	OBSERVE("it stays %d", t.expires == far_off);
	show("armed: timer_reduce, sooner", timer_reduce(&t, far_off - 5000));
	OBSERVE("it moves %d", t.expires == far_off - 5000);
	show("armed: mod_timer, same time", mod_timer(&t, far_off - 5000));
	show("armed: mod_timer_pending", mod_timer_pending(&t, far_off));
	OBSERVE("it moves %d", t.expires == far_off);
	show("armed: try_to_del_timer_sync", try_to_del_timer_sync(&t));
	mod_timer(&t, far_off);
	show("armed: timer_delete", timer_delete(&t));
	mod_timer(&t, far_off);
	r = mod_timer(&t, jiffies);
	wait_for_completion(&ran);
	timer_delete_sync(&t);
	OBSERVE("armed: mod_timer to now %d, fired %d, pending inside %d", r, fired, inside[0]);
	rearm = 1;
	mod_timer(&t, jiffies + 1);
	wait_for_completion(&ran);
	OBSERVE("inside: pending %d, mod %d, mod %d, pending %d", inside[0], inside[1], inside[2], inside[3]);
	show("armed itself: timer_delete_sync", timer_delete_sync(&t));
	mod_timer(&t, far_off);
	show("armed: timer_shutdown", timer_shutdown(&t));
	show("shut down: timer_reduce", timer_reduce(&t, far_off));
	show("shut down: mod_timer_pending", mod_timer_pending(&t, far_off));
	t.expires = far_off;
	add_timer(&t);
	show("shut down: add_timer; timer_delete", timer_delete(&t));
	OBSERVE("fired %d", fired);
}
SCENARIO(scenario)
