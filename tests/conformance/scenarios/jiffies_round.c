/* class: contract. round_jiffies() and its relatives: to whole seconds, up or
 * down, with the skew of a CPU. */
#include <linux/kernel.h>
#include <linux/timer.h>
#include <linux/jiffies.h>
#include "observe.h"

static void scenario(void)
{
	unsigned long base = roundup(jiffies + 100 * HZ, HZ), j, r;
	static const int percent[] = {0, 1, 20, 24, 26, 50, 75, 99};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(percent); i++) {
		j = base + HZ * percent[i] / 100;
		OBSERVE("%d %%: to %ld, up to %ld", percent[i], (long)(__round_jiffies(j, 0) - base) / HZ,
			(long)(__round_jiffies_up(j, 0) - base) / HZ);
	}
	for (i = 0; i < 4; i++) {
		r = __round_jiffies(base + HZ / 2, i);
		OBSERVE("CPU %u: %ld after the second", i, (long)(r - base - HZ));
	}
	r = round_jiffies(jiffies + 3 * HZ);
	OBSERVE("within a second of it %d", time_in_range(r, jiffies + 2 * HZ - 5, jiffies + 4 * HZ + 15));
	r = round_jiffies_up(jiffies + 3 * HZ);
	OBSERVE("up: not before %d", time_after_eq(r, jiffies + 3 * HZ - 5));
	r = round_jiffies_relative(10 * HZ);
	OBSERVE("relative: about as long %d", r > 8UL * HZ && r < 12UL * HZ);
	r = round_jiffies_up_relative(10 * HZ);
	OBSERVE("relative, up: not shorter %d", r >= 10UL * HZ - 5 && r < 12UL * HZ);
	r = jiffies;
	j = __round_jiffies(r - 10 * HZ, 0);
	OBSERVE("in the past: as it is %d", j == r - 10 * HZ);
}
SCENARIO(scenario)
