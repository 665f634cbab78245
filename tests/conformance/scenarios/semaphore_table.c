/* class: contract. What the calls of semaphores give back; note that
 * down_trylock() says 0 when it got it. */
#include <linux/semaphore.h>
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/errno.h>
#include "observe.h"

static struct semaphore s, one;
static void up_fn(struct timer_list *t) { up(&s); }

static void scenario(void)
{
	static struct timer_list t;
	int r;

	sema_init(&s, 2);
	sema_init(&one, 1);
	OBSERVE("two: trylock %d", down_trylock(&s));
	OBSERVE("one: trylock %d", down_trylock(&s));
	OBSERVE("none: trylock %d", down_trylock(&s));
	r = down_timeout(&s, 2);
	OBSERVE("none: timeout is -ETIME %d", r == -ETIME);
	up(&s);
	OBSERVE("up: timeout %d", down_timeout(&s, 2));
	up(&s);
	OBSERVE("up: interruptible %d", down_interruptible(&s));
	up(&s);
	OBSERVE("up: killable %d", down_killable(&s));
	timer_setup(&t, up_fn, 0);
	mod_timer(&t, jiffies + 2);
	down(&s);
	OBSERVE("up by a timer");
	del_timer_sync(&t);
	OBSERVE("none: trylock %d", down_trylock(&s));
	up(&s);
	up(&s);
	up(&s);
	OBSERVE("three: %d", down_trylock(&s));
	OBSERVE("two: %d", down_trylock(&s));
	OBSERVE("one: %d", down_trylock(&s));
	OBSERVE("none: %d", down_trylock(&s));
	OBSERVE("one in all: %d", down_trylock(&one));
	OBSERVE("then %d", down_trylock(&one));
}
SCENARIO(scenario)
