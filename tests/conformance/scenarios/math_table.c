/* class: contract. Arithmetic that drivers have from the kernel's headers. */
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/gcd.h>
#include <linux/lcm.h>
#include <linux/log2.h>
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/overflow.h>
#include <linux/minmax.h>
#include <linux/swab.h>
#include <linux/limits.h>
#include <linux/hash.h>
#include "observe.h"

struct flex {
	int n;
	u32 data[];
};
static volatile int nought;

static void scenario(void)
{
	s64 q;
	s32 srem;
	u64 n;
	u32 rem, reg;
	u64 rem64;
	u8 sum8 = 0;
	int sum = 0, i = -7, r;
	size_t z;
	struct flex *f = NULL;

	OBSERVE("div_u64 %llu div_s64 %lld", (unsigned long long)div_u64(1000000007ULL * 3, 1000), (long long)div_s64(-7, 2));
	n = div_u64_rem(100, 7, &rem);
	OBSERVE("div_u64_rem %llu %u", (unsigned long long)n, rem);
	q = div_s64_rem(-100, 7, &srem);
	OBSERVE("div_s64_rem %lld %d", (long long)q, srem);
	n = div64_u64_rem(1ULL << 40, 1000003, &rem64);
	OBSERVE("div64_u64_rem %llu %llu", (unsigned long long)n, (unsigned long long)rem64);
	n = 12345678901ULL;
	rem = do_div(n, 1000);
	OBSERVE("do_div %llu %u", (unsigned long long)n, rem);
	OBSERVE("mul_u64_u32_shr %llu", (unsigned long long)mul_u64_u32_shr(1ULL << 40, 3000000000U, 32));
	OBSERVE("mul_u64_u64_div_u64 %llu", (unsigned long long)mul_u64_u64_div_u64(1ULL << 40, 1ULL << 30, 12345));
	OBSERVE("round closest %d %d %d %d", DIV_ROUND_CLOSEST(7, 2), DIV_ROUND_CLOSEST(i, 2), DIV_ROUND_CLOSEST(i, -2 + nought),
		DIV_ROUND_CLOSEST(5, 3));
	OBSERVE("closest ull %llu up ull %llu down ull %llu", (unsigned long long)DIV_ROUND_CLOSEST_ULL(10ULL, 4),
		(unsigned long long)DIV_ROUND_UP_ULL(10ULL, 4), (unsigned long long)DIV_ROUND_DOWN_ULL(10ULL, 4));
	OBSERVE("roundup %d rounddown %d round_up %d round_down %d", roundup(17, 5), rounddown(17, 5), round_up(17, 8),
		round_down(17, 8));
	OBSERVE("ALIGN %lu %lu IS_ALIGNED %d %d", ALIGN(17UL, 16), ALIGN_DOWN(17UL, 16), IS_ALIGNED(32, 16), IS_ALIGNED(33, 16));
	OBSERVE("int_sqrt %lu %lu %lu %u", int_sqrt(0), int_sqrt(99), int_sqrt(100), int_sqrt64(1ULL << 60));
	OBSERVE("gcd %lu %lu lcm %lu %lu", gcd(12, 18), gcd(0, 5), lcm(4, 6), lcm(0, 5));
	OBSERVE("mult_frac %d abs %d", mult_frac(1000, 3, 7), abs(i));
	OBSERVE("ilog2 %d %d order_base_2 %d %d %d", ilog2(1023), ilog2(1024), order_base_2(1), order_base_2(5), order_base_2(8));
	OBSERVE("pow2 %lu %lu %lu", roundup_pow_of_two(1UL), roundup_pow_of_two(33UL), rounddown_pow_of_two(33UL));
	OBSERVE("min %d max %d min3 %d max3 %d clamp %d %d %d", min(3, 4), max(3, 4), min3(3, 1, 2), max3(3, 1, 2), clamp(5, 1, 4),
		clamp(0, 1, 4), clamp(2, 1, 4));
	OBSERVE("min_not_zero %d %d min_t %u clamp_val %d", min_not_zero(0, 5), min_not_zero(3, 5), min_t(unsigned int, -1, 5),
		clamp_val(300, 0, 255));
	r = check_add_overflow(INT_MAX, 1, &sum);
	OBSERVE("add %d %d", r, sum);
	r = check_add_overflow((u8)200, (u8)100, &sum8);
	OBSERVE("add u8 %d %u", r, sum8);
	r = check_sub_overflow(3u, 5u, &rem);
	OBSERVE("sub %d %u", r, rem);
	r = check_mul_overflow(65536, 65536, &sum);
	OBSERVE("mul %d %d", r, sum);
	r = check_shl_overflow(1, 31, &sum);
	OBSERVE("shl %d, of unsigned %d", r, check_shl_overflow(1u, 31, &rem));
	z = struct_size(f, data, 3);
	OBSERVE("struct_size %zu array_size %zu, too large %d %d", z, array_size(3, 7), array_size(SIZE_MAX, 2) == SIZE_MAX,
		size_add(SIZE_MAX, 1) == SIZE_MAX);
	reg = FIELD_PREP(GENMASK(7, 4), 0xa) | FIELD_PREP(BIT(0), 1);
	OBSERVE("field %x get %u %u fit %d %d", reg, (unsigned int)FIELD_GET(GENMASK(7, 4), reg), (unsigned int)FIELD_GET(BIT(1), reg),
		FIELD_FIT(GENMASK(7, 4), 15), FIELD_FIT(GENMASK(7, 4), 16));
	OBSERVE("field_max %u", (unsigned int)FIELD_MAX(GENMASK(7, 4)));
	u32p_replace_bits(&reg, 5, GENMASK(7, 4));
	OBSERVE("replaced %x, le16 %x, u8 get %x", reg, le16_to_cpu(cpu_to_le16(0x1234)), u32_get_bits(reg, GENMASK(7, 0)));
	OBSERVE("swab %x %x %llx", swab16(0x1234), swab32(0x12345678), (unsigned long long)swab64(0x123456789abcdefULL));
	OBSERVE("sign_extend %d %d %lld", sign_extend32(0x8, 3), sign_extend32(0x7, 3), (long long)sign_extend64(0x80, 7));
	OBSERVE("hweight %u %u parity %u", (unsigned int)hweight16(0xf0f0), (unsigned int)hweight_long(~0UL), (unsigned int)(hweight8(7) & 1));
	OBSERVE("fls64 %d %d fls_long %u get_count_order %d %d", fls64(0), fls64(1ULL << 63), fls_long(256), get_count_order(5),
		get_count_order(8));
	OBSERVE("upper %x lower %x", upper_32_bits(0x1122334455667788ULL), lower_32_bits(0x1122334455667788ULL));
	OBSERVE("hash_32 %u hash_64 %u", hash_32(12345, 8), (u32)hash_64(123456789, 10));
	OBSERVE("array %zu, typed %d %d", ARRAY_SIZE(((int[]){ 1, 2, 3 })), (int)sizeof_field(struct flex, n), (int)offsetofend(struct flex, n));
}
SCENARIO(scenario)
