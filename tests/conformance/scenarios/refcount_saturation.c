/* class: contract. refcount_t and kref: what the calls give back, and that
 * wrong use is reported and saturates. */
#include <linux/refcount.h>
#include <linux/kref.h>
#include "observe.h"

static int released;
static void release(struct kref *k) { released++; }

static void scenario(void)
{
	refcount_t r = REFCOUNT_INIT(1);
	struct kref k;
	int said;

	refcount_inc(&r);
	OBSERVE("inc: %u", refcount_read(&r));
	OBSERVE("dec_and_test %d", !!refcount_dec_and_test(&r));
	OBSERVE("inc_not_zero %d", !!refcount_inc_not_zero(&r));
	OBSERVE("add_not_zero %d", !!refcount_add_not_zero(3, &r));
	OBSERVE("sub_and_test %d", !!refcount_sub_and_test(4, &r));
	OBSERVE("dec_not_one %d", !!refcount_dec_not_one(&r));
	OBSERVE("dec_if_one %d", !!refcount_dec_if_one(&r));
	OBSERVE("zero: %u, inc_not_zero %d", refcount_read(&r), !!refcount_inc_not_zero(&r));
	refcount_inc(&r);
	OBSERVE("incremented from zero: saturated %d", refcount_read(&r) == 0xc0000000u);
	refcount_inc(&r);
	said = refcount_dec_and_test(&r);
	OBSERVE("dec_and_test %d: saturated %d", !!said, refcount_read(&r) == 0xc0000000u);

	kref_init(&k);
	kref_get(&k);
	OBSERVE("kref: %u", kref_read(&k));
	OBSERVE("put %d released %d", kref_put(&k, release), released);
	said = kref_put(&k, release);
	OBSERVE("put %d released %d", said, released);
	OBSERVE("get_unless_zero %d", kref_get_unless_zero(&k));
}
SCENARIO(scenario)
