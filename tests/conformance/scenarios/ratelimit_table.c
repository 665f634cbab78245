/* class: contract. So many in so long, and what was left out is counted. */
#include <linux/ratelimit.h>
#include <linux/jiffies.h>
#include <linux/delay.h>
#include <linux/printk.h>
#include "observe.h"

static DEFINE_RATELIMIT_STATE(rs, 1000 * HZ, 3);

static void scenario(void)
{
	struct ratelimit_state mine, none;
	int i, n = 0;

	for (i = 0; i < 6; i++)
		n += __ratelimit(&rs);
	OBSERVE("of six at once: %d, missed %d", n, rs.missed);
	ratelimit_state_init(&mine, HZ, 2);
	ratelimit_set_flags(&mine, RATELIMIT_MSG_ON_RELEASE);
	for (n = i = 0; i < 5; i++)
		n += __ratelimit(&mine);
	OBSERVE("of five: %d, missed %d", n, mine.missed);
	msleep(1200);
	for (n = i = 0; i < 5; i++)
		n += __ratelimit(&mine);
	OBSERVE("later, of five: %d", n);
	ratelimit_state_init(&none, 0, 1);
	for (n = i = 0; i < 5; i++)
		n += __ratelimit(&none);
	OBSERVE("no interval, of five: %d", n);
	ratelimit_default_init(&mine);
	for (n = i = 0; i < 20; i++)
		n += __ratelimit(&mine);
	OBSERVE("by default, of twenty: %d", n);
}
SCENARIO(scenario)
