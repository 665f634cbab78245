/* class: contract. An hrtimer in its own callback: started again there, cancel
 * refused, and what the questions answer. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/completion.h>
#include "observe.h"

static struct hrtimer t;
static DECLARE_COMPLETION(fired);
static int runs, tried, running, active, queued, started_active, started_queued, how;

static enum hrtimer_restart fn(struct hrtimer *h)
{
	runs++;
	if (runs == 1) {
		tried = hrtimer_try_to_cancel(h);
		running = !!hrtimer_callback_running(h);
		active = !!hrtimer_active(h);
		queued = !!hrtimer_is_queued(h);
	}
	if (how == 1 && runs < 3) {
		hrtimer_start(h, ms_to_ktime(1), HRTIMER_MODE_REL);
		started_active = !!hrtimer_active(h);
		started_queued = !!hrtimer_is_queued(h);
		return HRTIMER_NORESTART;
	}
	if (how == 2 && runs < 3) {
		hrtimer_add_expires(h, ms_to_ktime(1));
		return HRTIMER_RESTART;
	}
	if (how == 3 && runs < 2) {	/* started, and taken back */
		hrtimer_start(h, ms_to_ktime(2000), HRTIMER_MODE_REL);
		started_queued = hrtimer_try_to_cancel(h);
	}
	complete(&fired);
	return HRTIMER_NORESTART;
}

static void try_one(const char *what, int which)
{
	how = which;
	runs = 0;
	hrtimer_start(&t, ms_to_ktime(1), HRTIMER_MODE_REL);
	wait_for_completion(&fired);
	OBSERVE("%s: cancel %d, runs %d", what, hrtimer_cancel(&t), runs);
}

static void scenario(void)
{
	hrtimer_init(&t, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	t.function = fn;
	try_one("once", 0);
	OBSERVE("inside: try_to_cancel %d running %d active %d queued %d", tried, running, active, queued);
	try_one("hrtimer_start", 1);
	OBSERVE("inside, started: active %d queued %d", started_active, started_queued);
	try_one("restart", 2);
	try_one("started and cancelled", 3);
	OBSERVE("inside, started: try_to_cancel %d", started_queued);
}
SCENARIO(scenario)
