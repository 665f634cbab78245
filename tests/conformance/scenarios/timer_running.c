/* class: contract. needs: 2 cpus. A timer whose function runs, as another CPU
 * sees it. */
#include <linux/timer.h>
#include <linux/jiffies.h>
#include <linux/delay.h>
#include <linux/workqueue.h>
#include "observe.h"
#include "burn.h"

static struct timer_list t;
static int inside, go, left, entered;

static void fn(struct timer_list *x)
{
	int i;

	WRITE_ONCE(entered, entered + 1);
	WRITE_ONCE(inside, 1);
	for (i = 0; i < 40000 && !READ_ONCE(go); i++)
		udelay(50);
	mdelay(20);
	WRITE_ONCE(left, left + 1);
	WRITE_ONCE(inside, 0);
}

/* armed on CPU 1, looked at from CPU 0 */
static void start(void)
{
	go = 0;
	t.expires = jiffies + 1;
	add_timer_on(&t, 1);
	burn_until(&inside, 5000);
}

static long on_zero(void *arg)
{
	int r;

	start();
	OBSERVE("it runs: inside %d pending %d", READ_ONCE(inside), timer_pending(&t));
	OBSERVE("timer_delete %d", timer_delete(&t));
	OBSERVE("try_to_del_timer_sync %d", try_to_del_timer_sync(&t));
	OBSERVE("mod_timer_pending %d", mod_timer_pending(&t, jiffies + 1000 * HZ));
	WRITE_ONCE(go, 1);
	r = timer_delete_sync(&t);
	OBSERVE("timer_delete_sync %d, left %d", r, READ_ONCE(left));

	start();
	r = mod_timer(&t, jiffies + 1000 * HZ);
	OBSERVE("it runs: mod_timer %d, pending %d", r, timer_pending(&t));
	WRITE_ONCE(go, 1);
	r = timer_delete_sync(&t);
	OBSERVE("timer_delete_sync %d, left %d pending %d", r, READ_ONCE(left), timer_pending(&t));

	start();
	WRITE_ONCE(go, 1);
	r = timer_shutdown_sync(&t);
	OBSERVE("it runs: timer_shutdown_sync %d, left %d, entered %d", r, READ_ONCE(left), entered);
	return 0;
}

static void scenario(void)
{
	timer_setup(&t, fn, TIMER_PINNED);
	work_on_cpu(0, on_zero, NULL);
}
SCENARIO(scenario)
