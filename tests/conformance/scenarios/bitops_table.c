/* class: contract. Bits: what setting and clearing gives back, and finding. */
#include <linux/bitops.h>
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include "observe.h"

static DECLARE_BITMAP(map, 130);

static void scenario(void)
{
	unsigned long word = 0;
	unsigned int bit;
	int n = 0;

	OBSERVE("test_and_set %d", !!test_and_set_bit(3, &word));
	OBSERVE("test_and_set %d", !!test_and_set_bit(3, &word));
	OBSERVE("test_and_clear %d", !!test_and_clear_bit(3, &word));
	OBSERVE("test_and_clear %d", !!test_and_clear_bit(3, &word));
	OBSERVE("test_and_change %d", !!test_and_change_bit(5, &word));
	OBSERVE("test_and_change %d", !!test_and_change_bit(5, &word));
	set_bit(63, &word);
	__set_bit(0, &word);
	OBSERVE("word %lx, test 63 %d, test 1 %d", word, !!test_bit(63, &word), !!test_bit(1, &word));
	clear_bit(63, &word);
	change_bit(4, &word);
	assign_bit(7, &word, true);
	OBSERVE("word %lx", word);
	OBSERVE("test_and_set_bit_lock %d", !!test_and_set_bit_lock(9, &word));
	OBSERVE("again %d", !!test_and_set_bit_lock(9, &word));
	clear_bit_unlock(9, &word);
	OBSERVE("word %lx", word);

	set_bit(0, map);
	set_bit(64, map);
	set_bit(129, map);
	OBSERVE("map: first %lu next %lu %lu, none %lu", (unsigned long)find_first_bit(map, 130),
		(unsigned long)find_next_bit(map, 130, 1), (unsigned long)find_next_bit(map, 130, 65),
		(unsigned long)find_next_bit(map, 129, 65));
	OBSERVE("map: first zero %lu next zero %lu last %lu", (unsigned long)find_first_zero_bit(map, 130),
		(unsigned long)find_next_zero_bit(map, 130, 64), (unsigned long)find_last_bit(map, 130));
	for_each_set_bit(bit, map, 130)
		n += bit;
	OBSERVE("sum %d weight %d", n, (int)bitmap_weight(map, 130));
	bitmap_fill(map, 130);
	OBSERVE("full: %d weight %d", !!bitmap_full(map, 130), (int)bitmap_weight(map, 130));
	bitmap_clear(map, 60, 10);
	OBSERVE("cleared ten: weight %d first zero %lu", (int)bitmap_weight(map, 130),
		(unsigned long)find_first_zero_bit(map, 130));
	bitmap_zero(map, 130);
	bitmap_set(map, 62, 5);
	OBSERVE("set five: weight %d empty %d", (int)bitmap_weight(map, 130), !!bitmap_empty(map, 130));

	OBSERVE("ffs %d %d %d", ffs(0), ffs(1), ffs(0x80));
	OBSERVE("fls %d %d %d", fls(0), fls(1), fls(0x80));
	OBSERVE("__ffs %lu __fls %lu ffz %lu", (unsigned long)__ffs(0x90), (unsigned long)__fls(0x90),
		(unsigned long)ffz(0x0f));
	OBSERVE("hweight %u %u %u", (unsigned int)hweight8(0xff), (unsigned int)hweight32(0x80000001u),
		(unsigned int)hweight64(~0ULL));
	OBSERVE("rol32 %x ror32 %x", rol32(0x80000001u, 4), ror32(0x80000001u, 4));
	OBSERVE("BIT %lx GENMASK %lx", BIT(5), GENMASK(7, 4));
	OBSERVE("ilog2 %d %d, pow2 %d %d", ilog2(1), ilog2(1000), is_power_of_2(64), is_power_of_2(65));
	OBSERVE("roundup_pow_of_two %lu rounddown %lu", roundup_pow_of_two(100UL), rounddown_pow_of_two(100UL));
}
SCENARIO(scenario)
