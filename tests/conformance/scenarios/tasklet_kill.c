/* class: contract. tasklet_kill() waits for the run that is due, even if that
 * must wait itself; it takes nothing back and forbids nothing. */
#include <linux/interrupt.h>
#include <linux/completion.h>
#include <linux/timer.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "burn.h"

static int runs, begun, done;
static void fn(struct tasklet_struct *t)
{
	WRITE_ONCE(begun, 1);
	udelay(3000);
	runs++;
	WRITE_ONCE(done, 1);
}
static DECLARE_TASKLET(t, fn);

static void enable_fn(struct timer_list *x) { tasklet_enable(&t); }

static void scenario(void)
{
	static struct timer_list enabler;
	int seen;

	tasklet_kill(&t);
	OBSERVE("idle: runs %d", runs);
	tasklet_schedule(&t);
	tasklet_kill(&t);
	OBSERVE("scheduled: runs %d", runs);
	tasklet_kill(&t);
	tasklet_schedule(&t);
	tasklet_kill(&t);
	OBSERVE("scheduled again: runs %d", runs);

	begun = done = 0;
	tasklet_schedule(&t);
	burn_until(&begun, 5000);
	tasklet_disable(&t);
	seen = READ_ONCE(done);
	OBSERVE("running: tasklet_disable, done %d", seen);
	tasklet_schedule(&t);
	timer_setup(&enabler, enable_fn, 0);
	mod_timer(&enabler, jiffies + msecs_to_jiffies(100));
	tasklet_kill(&t);
	OBSERVE("scheduled while disabled, enabled by a timer: runs %d", runs);
	del_timer_sync(&enabler);

	local_bh_disable();
	tasklet_schedule(&t);
	seen = runs;
	local_bh_enable();
	tasklet_kill(&t);
	OBSERVE("softirqs off: runs %d, on again and killed: %d", seen, runs);
	tasklet_disable_nosync(&t);
	tasklet_enable(&t);
	tasklet_kill(&t);
	OBSERVE("runs %d", runs);
}
SCENARIO(scenario)
