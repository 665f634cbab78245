/* class: contract. What completions count, and what the calls give back. */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include "observe.h"
#include "blocker.h"

static DECLARE_COMPLETION(c);

static void scenario(void)
{
	static struct late l;
	unsigned long u;
	long r;
	int i, n;

	OBSERVE("new: done %d try %d", completion_done(&c), try_wait_for_completion(&c));
	complete(&c);
	complete(&c);
	OBSERVE("completed twice: done %d", completion_done(&c));
	OBSERVE("try %d", try_wait_for_completion(&c));
	wait_for_completion(&c);
	OBSERVE("try %d done %d", try_wait_for_completion(&c), completion_done(&c));

	u = wait_for_completion_timeout(&c, 3);
	OBSERVE("time-out: %lu", u);
	u = wait_for_completion_timeout(&c, 0);
	OBSERVE("time-out 0: %lu", u);
	r = wait_for_completion_interruptible_timeout(&c, 3);
	OBSERVE("interruptible: %ld", r);
	r = wait_for_completion_killable_timeout(&c, 3);
	OBSERVE("killable: %ld", r);
	complete(&c);
	u = wait_for_completion_timeout(&c, 100);
	OBSERVE("at once, time-out 100: %lu", u);
	complete(&c);
	u = wait_for_completion_timeout(&c, 0);
	OBSERVE("at once, time-out 0: %lu", u);
	complete(&c);
	r = wait_for_completion_interruptible_timeout(&c, 50);
	OBSERVE("at once, interruptible: %ld", r);
	complete(&c);
	OBSERVE("interruptible: %d", wait_for_completion_interruptible(&c));
	complete(&c);
	OBSERVE("killable: %d", wait_for_completion_killable(&c));
	late_complete(&l, &c, 20);
	u = wait_for_completion_timeout(&c, 1000 * HZ);
	OBSERVE("in time %d", u > 900UL * HZ && u < 1000UL * HZ);
	late_end(&l);

	complete_all(&c);
	for (n = i = 0; i < 5; i++)
		n += try_wait_for_completion(&c);
	wait_for_completion(&c);
	OBSERVE("for all: taken %d done %d", n, completion_done(&c));
	complete(&c);
	OBSERVE("and one more: done %d", completion_done(&c));
	reinit_completion(&c);
	OBSERVE("anew: done %d try %d", completion_done(&c), try_wait_for_completion(&c));
}
SCENARIO(scenario)
