/* class: contract. hrtimers: what the calls give back, restarting and moving
 * on from the callback, and its context. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/completion.h>
#include "observe.h"

static struct hrtimer t;
static DECLARE_COMPLETION(fired);
static int runs, again, active_inside, queued_inside, ctx[3], early;

static enum hrtimer_restart fn(struct hrtimer *h)
{
	runs++;
	if (ktime_before(ktime_get(), hrtimer_get_expires(h)))
		early++;
	active_inside = !!hrtimer_active(h);
	queued_inside = !!hrtimer_is_queued(h);
	ctx[0] = !!in_task();
	ctx[1] = !!in_hardirq();
	ctx[2] = !!irqs_disabled();
	if (again-- > 0) {
		hrtimer_forward_now(h, ms_to_ktime(2));
		return HRTIMER_RESTART;
	}
	complete(&fired);
	return HRTIMER_NORESTART;
}

static void show(const char *what)
{
	OBSERVE("%s: active %d queued %d", what, !!hrtimer_active(&t), !!hrtimer_is_queued(&t));
}

static void scenario(void)
{
	unsigned long long over;

	hrtimer_init(&t, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	t.function = fn;
	show("new");
	OBSERVE("idle: cancel %d", hrtimer_cancel(&t));
	OBSERVE("idle: try_to_cancel %d", hrtimer_try_to_cancel(&t));
	hrtimer_start(&t, ktime_set(1000, 0), HRTIMER_MODE_REL);
	show("started");
	OBSERVE("remaining %d", ktime_to_ms(hrtimer_get_remaining(&t)) > 990000);
	OBSERVE("cancel %d", hrtimer_cancel(&t));
	show("cancelled");
	hrtimer_restart(&t);
	show("restarted");
	OBSERVE("try_to_cancel %d", hrtimer_try_to_cancel(&t));

	hrtimer_start(&t, ms_to_ktime(1), HRTIMER_MODE_REL);
	wait_for_completion(&fired);
	OBSERVE("after: cancel %d", hrtimer_cancel(&t));
	OBSERVE("runs %d early %d; inside: active %d queued %d", runs, early, active_inside, queued_inside);
	OBSERVE("inside: task %d hardirq %d irqs off %d", ctx[0], ctx[1], ctx[2]);
	runs = 0;
	again = 4;
	hrtimer_start(&t, ktime_add_ms(ktime_get(), 1), HRTIMER_MODE_ABS);
	wait_for_completion(&fired);
	hrtimer_cancel(&t);
	OBSERVE("with restarts: runs %d early %d", runs, early);
	hrtimer_start(&t, ktime_set(0, 0), HRTIMER_MODE_ABS);
	wait_for_completion(&fired);
	hrtimer_cancel(&t);
	OBSERVE("in the past: runs %d", runs);

	hrtimer_set_expires(&t, ms_to_ktime(100));
	over = hrtimer_forward(&t, ms_to_ktime(99), ms_to_ktime(10));
	OBSERVE("forward, not due: %llu, expires %lld", over, ktime_to_ms(hrtimer_get_expires(&t)));
	over = hrtimer_forward(&t, ms_to_ktime(100), ms_to_ktime(10));
	OBSERVE("forward, due now: %llu, expires %lld", over, ktime_to_ms(hrtimer_get_expires(&t)));
	over = hrtimer_forward(&t, ms_to_ktime(145), ms_to_ktime(10));
	OBSERVE("forward, late: %llu, expires %lld", over, ktime_to_ms(hrtimer_get_expires(&t)));
	over = hrtimer_forward(&t, ms_to_ktime(160), ms_to_ktime(10));
	OBSERVE("forward, late by one: %llu, expires %lld", over, ktime_to_ms(hrtimer_get_expires(&t)));
}
SCENARIO(scenario)
