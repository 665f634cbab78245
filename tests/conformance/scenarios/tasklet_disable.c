/* class: contract. A disabled tasklet is scheduled and waits; killing one;
 * scheduling one from itself. */
#include <linux/interrupt.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include "observe.h"
#include "blocker.h"

static DECLARE_COMPLETION(ran);
static int runs, self_runs;
static void fn(struct tasklet_struct *t)
{
	runs++;
	complete(&ran);
}
static DECLARE_TASKLET(t, fn);
static DECLARE_TASKLET_DISABLED(born_off, fn);
static void self_fn(struct tasklet_struct *x)
{
	if (++self_runs < 5)
		tasklet_schedule(x);
	else
		complete(&ran);
}
static DECLARE_TASKLET(self, self_fn);

static void scenario(void)
{
	tasklet_disable(&t);
	tasklet_disable(&t);
	tasklet_schedule(&t);
	OBSERVE("disabled twice: ran %d", seen_within(&ran, 30));
	tasklet_enable(&t);
	OBSERVE("enabled once: ran %d", seen_within(&ran, 30));
	tasklet_enable(&t);
	OBSERVE("enabled twice: ran %d", seen_within(&ran, 3000));
	tasklet_schedule(&born_off);
	OBSERVE("declared disabled: ran %d", seen_within(&ran, 30));
	tasklet_enable(&born_off);
	OBSERVE("enabled: ran %d", seen_within(&ran, 3000));
	tasklet_schedule(&self);
	OBSERVE("from itself: ran %d", seen_within(&ran, 3000));
	tasklet_kill(&self);
	OBSERVE("runs %d", self_runs);
	tasklet_kill(&t);
	tasklet_schedule(&t);
	OBSERVE("killed, it can be scheduled again: ran %d", seen_within(&ran, 3000));
	tasklet_kill(&t);
	tasklet_kill(&born_off);
	OBSERVE("runs %d", runs);
}
SCENARIO(scenario)
