/* class: contract. Each kind of wrong use of a refcount_t is reported once. */
#include <linux/refcount.h>
#include "observe.h"

static void scenario(void)
{
	static refcount_t r;
	int said;

	refcount_set(&r, 0);
	said = refcount_dec_and_test(&r);
	OBSERVE("below zero: dec_and_test %d saturated %d", said, refcount_read(&r) == 0xc0000000u);
	refcount_set(&r, 1);
	refcount_dec(&r);
	OBSERVE("dec to zero: saturated %d", refcount_read(&r) == 0xc0000000u);
	refcount_set(&r, 0x7fffffff);
	refcount_inc(&r);
	OBSERVE("overflow: saturated %d", refcount_read(&r) == 0xc0000000u);
	refcount_set(&r, 0x7fffffff);
	said = refcount_inc_not_zero(&r);
	OBSERVE("overflow, inc_not_zero %d saturated %d", said, refcount_read(&r) == 0xc0000000u);
}
SCENARIO(scenario)
