/* class: contract. What atomic operations give back. */
#include <linux/atomic.h>
#include "observe.h"

static void scenario(void)
{
	atomic_t a = ATOMIC_INIT(5);
	atomic64_t q = ATOMIC64_INIT(1);
	atomic_long_t l = ATOMIC_LONG_INIT(3);
	int old;

	OBSERVE("add_return %d", atomic_add_return(3, &a));
	OBSERVE("sub_return %d", atomic_sub_return(2, &a));
	OBSERVE("inc_return %d", atomic_inc_return(&a));
	OBSERVE("dec_return %d", atomic_dec_return(&a));
	OBSERVE("fetch_add %d", atomic_fetch_add(4, &a));
	OBSERVE("fetch_sub %d", atomic_fetch_sub(1, &a));
	OBSERVE("fetch_or %d", atomic_fetch_or(0x10, &a));
	OBSERVE("fetch_and %d", atomic_fetch_and(0x1c, &a));
	OBSERVE("fetch_xor %d", atomic_fetch_xor(0x0f, &a));
	OBSERVE("fetch_andnot %d", atomic_fetch_andnot(0x03, &a));
	OBSERVE("is now %d", atomic_read(&a));
	atomic_set(&a, 1);
	OBSERVE("dec_and_test %d", !!atomic_dec_and_test(&a));
	OBSERVE("dec_and_test %d", !!atomic_dec_and_test(&a));
	OBSERVE("inc_and_test %d", !!atomic_inc_and_test(&a));
	OBSERVE("sub_and_test %d", !!atomic_sub_and_test(0, &a));
	OBSERVE("add_negative %d", !!atomic_add_negative(-1, &a));
	OBSERVE("add_negative %d", !!atomic_add_negative(1, &a));
	OBSERVE("inc_not_zero of 0 %d", !!atomic_inc_not_zero(&a));
	OBSERVE("add_unless 7, 0 of 0 %d", !!atomic_add_unless(&a, 7, 0));
	OBSERVE("add_unless 7, 1 of 0 %d", !!atomic_add_unless(&a, 7, 1));
	OBSERVE("fetch_add_unless 1, 9 of 7 %d", atomic_fetch_add_unless(&a, 1, 9));
	OBSERVE("dec_if_positive of 8 %d", atomic_dec_if_positive(&a));
	atomic_set(&a, 0);
	OBSERVE("dec_if_positive of 0 %d", atomic_dec_if_positive(&a));
	OBSERVE("still %d", atomic_read(&a));
	OBSERVE("xchg %d", atomic_xchg(&a, 11));
	OBSERVE("cmpxchg, wrong %d", atomic_cmpxchg(&a, 10, 12));
	OBSERVE("cmpxchg, right %d", atomic_cmpxchg(&a, 11, 12));
	old = 3;
	OBSERVE("try_cmpxchg, wrong %d", !!atomic_try_cmpxchg(&a, &old, 13));
	OBSERVE("it says what is there %d", old);
	OBSERVE("try_cmpxchg, right %d", !!atomic_try_cmpxchg(&a, &old, 13));
	atomic_set(&a, 0x7fffffff);
	atomic_inc(&a);
	OBSERVE("wraps %d", atomic_read(&a));

	OBSERVE("64: add_return %lld", (long long)atomic64_add_return(1LL << 40, &q));
	OBSERVE("64: cmpxchg %lld", (long long)atomic64_cmpxchg(&q, (1LL << 40) + 1, -1));
	OBSERVE("64: inc_and_test %d", !!atomic64_inc_and_test(&q));
	OBSERVE("long: fetch_inc %ld", atomic_long_fetch_inc(&l));
	OBSERVE("long: dec_return %ld", atomic_long_dec_return(&l));
}
SCENARIO(scenario)
