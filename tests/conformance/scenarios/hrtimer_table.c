/* class: contract. hrtimers: what the calls say in each state, and how far
 * forwarding goes. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/delay.h>
#include <linux/atomic.h>
#include "observe.h"

static struct hrtimer t;
static int calls, again, cancel_says;
static enum hrtimer_restart fn(struct hrtimer *h)
{
	WRITE_ONCE(calls, calls + 1);
	cancel_says = hrtimer_try_to_cancel(h);
	if (again-- > 0) {
		hrtimer_forward_now(h, ms_to_ktime(2));
		return HRTIMER_RESTART;
	}
	return HRTIMER_NORESTART;
}
static void state(const char *what)
{
	OBSERVE("%s: active %d queued %d running %d", what, !!hrtimer_active(&t), !!hrtimer_is_queued(&t), !!hrtimer_callback_running(&t));
}
static void wait_for(int n)
{
	int i;

	for (i = 0; i < 5000 && (READ_ONCE(calls) < n || hrtimer_active(&t)); i++)
		msleep(1);
}

static void scenario(void)
{
	ktime_t base;
	u64 n;
	int r;

	hrtimer_init(&t, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	t.function = fn;
	state("new");
	r = hrtimer_cancel(&t);
	OBSERVE("cancel of an idle one %d, try %d", r, hrtimer_try_to_cancel(&t));
	hrtimer_start(&t, ms_to_ktime(1000000), HRTIMER_MODE_REL);
	state("started");
	OBSERVE("remaining is long %d", ktime_to_ms(hrtimer_get_remaining(&t)) > 900000);
	hrtimer_start(&t, ms_to_ktime(2000000), HRTIMER_MODE_REL);
	OBSERVE("again: longer %d", ktime_to_ms(hrtimer_get_remaining(&t)) > 1900000);
	r = hrtimer_try_to_cancel(&t);
	OBSERVE("try to cancel %d", r);
	state("cancelled");
	hrtimer_restart(&t);
	state("restarted");
	r = hrtimer_cancel(&t);
	OBSERVE("cancel %d", r);
	hrtimer_start(&t, ms_to_ktime(1), HRTIMER_MODE_REL);
	wait_for(1);
	OBSERVE("calls %d, inside, try to cancel said %d", calls, cancel_says);
	state("over");
	calls = 0;
	again = 3;
	hrtimer_start(&t, ms_to_ktime(1), HRTIMER_MODE_REL);
	wait_for(4);
	OBSERVE("three more: calls %d", calls);
	calls = 0;
	hrtimer_start(&t, ktime_sub_us(ktime_get(), 1000), HRTIMER_MODE_ABS);
	wait_for(1);
	OBSERVE("in the past: calls %d", calls);

	base = ktime_set(100, 0);
	hrtimer_set_expires(&t, base);
	n = hrtimer_forward(&t, ktime_set(99, 0), ktime_set(1, 0));
	OBSERVE("not due yet: %llu, at %lld", (unsigned long long)n, (long long)ktime_to_ns(hrtimer_get_expires(&t)));
	n = hrtimer_forward(&t, ktime_set(100, 0), ktime_set(1, 0));
	OBSERVE("just due: %llu, at %lld", (unsigned long long)n, (long long)ktime_to_ns(hrtimer_get_expires(&t)));
	n = hrtimer_forward(&t, ktime_set(105, 500000000), ktime_set(1, 0));
	OBSERVE("four behind: %llu, at %lld", (unsigned long long)n, (long long)ktime_to_ns(hrtimer_get_expires(&t)));
	n = hrtimer_forward(&t, ktime_set(200, 1), ktime_set(0, 300000001));
	OBSERVE("many: %llu, at %lld", (unsigned long long)n, (long long)ktime_to_ns(hrtimer_get_expires(&t)));
	hrtimer_add_expires_ns(&t, 5);
	OBSERVE("and five: %lld", (long long)ktime_to_ns(hrtimer_get_expires(&t)));
	calls = 0;
	hrtimer_set_expires(&t, ktime_add_ms(ktime_get(), 1));
	hrtimer_start_expires(&t, HRTIMER_MODE_ABS);
	wait_for(1);
	OBSERVE("for the time that it has: calls %d", calls);
	OBSERVE("ktime: %lld %lld %d %d %lld", (long long)ktime_to_us(ktime_set(1, 999)), (long long)ktime_ms_delta(ms_to_ktime(9), ms_to_ktime(4)),
		ktime_compare(1, 2), ktime_after(5, 3), (long long)ktime_add_safe(KTIME_MAX, 5));
	OBSERVE("divided %lld, us delta %lld", (long long)ktime_divns(ms_to_ktime(7), 1000000), (long long)ktime_us_delta(5000, 1000));
}
SCENARIO(scenario)
