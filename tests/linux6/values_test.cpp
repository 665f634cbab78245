// SPDX-License-Identifier: MIT
// Values: <linux/err.h>, bits.h, bitfield.h, minmax.h, math.h, math64.h, log2.h, overflow.h, byteorder, unaligned.h.
#include "linux6/support.hpp"

#include <linux/swab.h>

#include <cstring>

#include <asm/byteorder.h>
#include <asm/unaligned.h>
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/gcd.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/slab.h>

namespace {

struct thing {
    int n;
    u16 tail[];
};

struct thing* find(int what) {
    static struct thing one;
    if (what < 0) return ERR_PTR(what);
    return what == 0 ? nullptr : &one;
}
const char* through_another_type(int what) {
    struct thing* t = find(what);
    return IS_ERR(t) ? ERR_CAST(t) : nullptr;
}

}   // namespace

static int __read_mostly configured = 1;
struct __packed wire {
    u8 kind;
    u32 length;
};
struct apart {
    int a ____cacheline_aligned;
    int b ____cacheline_aligned;
};

TEST_CASE("what the compiler is told", "[linux6][compiler]") {
    static_assert(sizeof(wire) == 5 && sizeof(apart) == 128);
    CHECK(likely(configured == 1));
    CHECK_FALSE(unlikely(configured == 0));
    int __maybe_unused nobody;
    typeof(configured) same = 2;
    CHECK(same == 2);
    barrier();
}

TEST_CASE("ERR_PTR: an error travels as a pointer", "[linux6][err]") {
    CHECK(IS_ERR(find(-ENODEV)));
    CHECK(PTR_ERR(find(-ENODEV)) == -ENODEV);
    CHECK_FALSE(IS_ERR(find(0)));
    CHECK_FALSE(IS_ERR(find(1)));
    CHECK(IS_ERR_OR_NULL(find(0)));
    CHECK(IS_ERR_OR_NULL(find(-EIO)));
    CHECK_FALSE(IS_ERR_OR_NULL(find(1)));
    CHECK(PTR_ERR_OR_ZERO(find(-EIO)) == -EIO);
    CHECK(PTR_ERR_OR_ZERO(find(1)) == 0);
    CHECK(PTR_ERR(through_another_type(-EINVAL)) == -EINVAL);
    CHECK(IS_ERR(ERR_PTR(-MAX_ERRNO)));
    CHECK_FALSE(IS_ERR(reinterpret_cast<void*>(-MAX_ERRNO - 1L)));
    CHECK(IS_ERR_VALUE(-ENOMEM));
    CHECK_FALSE(IS_ERR_VALUE(4096L));
}

TEST_CASE("what an allocation returns is any pointer, and compares as one", "[linux6][err]") {
    struct thing* t = find(1);
    struct thing* chosen = t ? t : ERR_PTR(-ENOMEM);
    CHECK(chosen == t);
    CHECK(ERR_PTR(-ENOENT) == ERR_PTR(-ENOENT));
    struct thing* e = find(-ENOENT);
    CHECK(bool(e == ERR_PTR(-ENOENT)));
    CHECK(bool(ERR_PTR(-ENOENT) != find(-EIO)));
    CHECK((long)ERR_PTR(-5) == -5);
    void (*function)() = ERR_PTR(-5);
    CHECK(IS_ERR((void*)function));
}

TEST_CASE("BIT, GENMASK, FIELD_PREP: fields of a register", "[linux6][bits]") {
    static_assert(BIT(3) == 8 && BIT_ULL(40) == 1ULL << 40);
    static_assert(GENMASK(7, 4) == 0xf0 && GENMASK(63, 0) == ~0UL && GENMASK_ULL(39, 32) == 0xff00000000ULL);
    static_assert(BITS_TO_LONGS(1) == 1 && BITS_TO_LONGS(64) == 1 && BITS_TO_LONGS(65) == 2);
    static_assert(BITS_PER_TYPE(u16) == 16 && BITS_PER_BYTE == 8);
    CHECK(BIT_MASK(65) == 2);
    CHECK(BIT_WORD(65) == 1);
    constexpr u32 mode = 0x00000f00;
    static_assert(FIELD_PREP(mode, 5) == 0x500 && FIELD_GET(mode, 0x1234U) == 2 && FIELD_MAX(mode) == 15);
    CHECK(FIELD_FIT(mode, 15));
    CHECK_FALSE(FIELD_FIT(mode, 16));
    u32 reg = 0xffff;
    FIELD_MODIFY(mode, &reg, 0);
    CHECK(reg == 0xf0ff);
    CHECK(FIELD_PREP(GENMASK(31, 16), 0xabcd) == 0xabcd0000UL);
    CHECK(u32_get_bits(0x1234, mode) == 2);
    CHECK(u32_replace_bits(0x1234, 7, mode) == 0x1734);
    BUILD_BUG_ON(sizeof(u32) != 4);
    static_assert(BUILD_BUG_ON_ZERO(false) == 0);
}

TEST_CASE("min, max, clamp, swap", "[linux6][minmax]") {
    static_assert(min(3, 5) == 3 && max(3L, 5) == 5 && min3(4, 2, 3) == 2 && max3(4, 2, 9) == 9);
    static_assert(min_t(u8, 300, 50) == 44 && max_t(int, -1, 3U) == 3);
    static_assert(clamp(7, 1, 5) == 5 && clamp(-7, 1, 5) == 1 && clamp_t(int, 4U, 1, 5) == 4);
    CHECK(clamp_val(static_cast<u8>(9), 1, 5) == 5);
    static_assert(min_not_zero(0, 5) == 5 && min_not_zero(5, 0) == 5 && min_not_zero(3, 4) == 3);
    CHECK(in_range(5U, 5U, 1U));
    CHECK_FALSE(in_range(6U, 5U, 1U));
    CHECK_FALSE(in_range(4U, 5U, 1U));
    int a = 1, b = 2;
    swap(a, b);
    CHECK((a == 2 && b == 1));
    int numbers[7] = {};
    static_assert(ARRAY_SIZE(numbers) == 7);
}

TEST_CASE("rounding", "[linux6][math]") {
    static_assert(DIV_ROUND_UP(7, 3) == 3 && DIV_ROUND_UP(6, 3) == 2 && DIV_ROUND_UP_ULL(7, 3) == 3);
    static_assert(DIV_ROUND_CLOSEST(7, 2) == 4 && DIV_ROUND_CLOSEST(-7, 2) == -4 && DIV_ROUND_CLOSEST(5U, 4U) == 1);
    static_assert(roundup(10, 4) == 12 && rounddown(10, 4) == 8 && round_up(10, 8) == 16 && round_down(15, 8) == 8);
    static_assert(ALIGN(1, 4) == 4 && ALIGN(4UL, 4) == 4 && ALIGN_DOWN(7, 4) == 4 && IS_ALIGNED(8, 4) &&
                  !IS_ALIGNED(9, 4));
    CHECK(abs(-5) == 5);
    CHECK(abs(-5LL) == 5);
    CHECK(abs(5U) == 5);
    CHECK(abs_diff(3U, 10U) == 7);
    CHECK(int_sqrt(99) == 9);
    CHECK(int_sqrt(100) == 10);
    CHECK(int_sqrt(~0UL) == 0xffffffffUL);
    CHECK(gcd(12, 18) == 6);
    CHECK(lcm(4, 6) == 12);
    CHECK(mult_frac(1000000007UL, 3UL, 7UL) == 428571431UL);
    static_assert(mult_frac(3000000000U, 3ULL, 2) == 4500000000ULL);
    static_assert(DIV_ROUND_CLOSEST_ULL(0xffffffffU, 4) == 0);   // 32 bits are the sum, as in a kernel
    static_assert(DIV_ROUND_CLOSEST_ULL(7ULL, 2) == 4 && DIV_ROUND_CLOSEST(-7, 2) == -4 &&
                  DIV_ROUND_CLOSEST(7U, 2) == 4);
    static_assert(DIV_ROUND_CLOSEST(s64{-9}, 4U) == -1);
    int once = 10;
    CHECK(rounddown(once++, 4) == 8);
    CHECK(once == 11);
    once = 4;
    CHECK(roundup(10, once++) == 12);
    CHECK(once == 5);
    CHECK(reciprocal_scale(0x80000000U, 10) == 5);
    CHECK(upper_32_bits(0x123456789abcdef0ULL) == 0x12345678);
    CHECK(lower_32_bits(0x123456789abcdef0ULL) == 0x9abcdef0);
    CHECK(upper_16_bits(0x12345678U) == 0x1234);
    CHECK(lower_16_bits(0x12345678U) == 0x5678);
}

TEST_CASE("64-bit division", "[linux6][math64]") {
    u64 n = 10'000'000'007ULL;
    CHECK(do_div(n, 10) == 7);
    CHECK(n == 1'000'000'000ULL);
    u32 rest = 0;
    u64 rest64 = 0;
    s32 srest = 0;
    CHECK(div_u64_rem(17, 5, &rest) == 3);
    CHECK(rest == 2);
    CHECK(div64_u64_rem(17, 5, &rest64) == 3);
    CHECK(rest64 == 2);
    CHECK(div_s64_rem(-17, 5, &srest) == -3);
    CHECK(srest == -2);
    CHECK(div_u64(17, 5) == 3);
    CHECK(div_s64(-17, 5) == -3);
    CHECK(div64_u64(17, 5) == 3);
    CHECK(div64_s64(-17, -5) == 3);
    CHECK(div64_ul(17, 5) == 3);
    CHECK(mul_u32_u32(0x80000000U, 4) == 0x200000000ULL);
    CHECK(mul_u64_u64_div_u64(1ULL << 63, 6, 3) == 0);   // 2^64, cut
    CHECK(mul_u64_u64_div_u64(1ULL << 62, 6, 3) == 1ULL << 63);
    CHECK(DIV64_U64_ROUND_UP(17ULL, 5ULL) == 4);
}

TEST_CASE("powers of two", "[linux6][log2]") {
    static_assert(ilog2(1) == 0 && ilog2(1024) == 10 && ilog2(1025U) == 10 && ilog2(1ULL << 40) == 40);
    static_assert(is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(65));
    static_assert(roundup_pow_of_two(65) == 128 && roundup_pow_of_two(64) == 64 && rounddown_pow_of_two(65) == 64);
    static_assert(order_base_2(0) == 0 && order_base_2(1) == 0 && order_base_2(5) == 3 && order_base_2(8) == 3);
    static_assert(bits_per(0) == 1 && bits_per(1) == 1 && bits_per(2) == 2 && bits_per(7) == 3 && bits_per(8) == 4);
    CHECK(ilog2(4096UL) == 12);
}

TEST_CASE("sizes that do not fit saturate, and are refused", "[linux6][overflow]") {
    struct thing* t = nullptr;
    static_assert(size_add(SIZE_MAX, 1) == SIZE_MAX && size_mul(SIZE_MAX / 2, 3) == SIZE_MAX && size_mul(6, 7) == 42);
    static_assert(size_sub(5, 6) == SIZE_MAX && size_sub(SIZE_MAX, 1) == SIZE_MAX && size_sub(6, 5) == 1);
    CHECK(struct_size(t, tail, 10) == sizeof(thing) + 20);
    CHECK(struct_size(t, tail, SIZE_MAX / 2) == SIZE_MAX);
    CHECK(flex_array_size(t, tail, 3) == 6);
    CHECK(array_size(3, 4) == 12);
    CHECK(array3_size(3, 4, SIZE_MAX) == SIZE_MAX);
    int sum = 0;
    CHECK(check_add_overflow(INT_MAX, 1, &sum));
    CHECK_FALSE(check_add_overflow(20, 22, &sum));
    CHECK(sum == 42);
    u8 small = 0;
    CHECK(check_mul_overflow(16, 16, &small));
    CHECK(check_sub_overflow(1, 2, &small));
    void* none = kmalloc(struct_size(t, tail, SIZE_MAX / 2), GFP_KERNEL);
    CHECK(none == nullptr);
}

TEST_CASE("orders of bytes, at any address", "[linux6][byteorder]") {
    static_assert(cpu_to_be32(0x01020304U) == 0x04030201U && cpu_to_le32(0x01020304U) == 0x01020304U);
    static_assert(be16_to_cpu(cpu_to_be16(0x1234)) == 0x1234 && cpu_to_be16(0x1234) == 0x3412);
    CHECK(be64_to_cpu(cpu_to_be64(0x0102030405060708ULL)) == 0x0102030405060708ULL);
    CHECK(le16_to_cpu(cpu_to_le16(0x1234)) == 0x1234);
    CHECK(le64_to_cpu(cpu_to_le64(5ULL)) == 5);
    CHECK(le32_to_cpu(cpu_to_le32(5U)) == 5);
    CHECK(swab32(0x01020304U) == 0x04030201U);
    CHECK(htons(0x1234) == 0x3412);
    u8 bytes[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(get_unaligned_be32(bytes + 1) == 0x01020304);
    CHECK(get_unaligned_le32(bytes + 1) == 0x04030201);
    CHECK(get_unaligned_be16(bytes + 1) == 0x0102);
    CHECK(get_unaligned_le16(bytes + 1) == 0x0201);
    CHECK(get_unaligned_be64(bytes + 1) == 0x0102030405060708ULL);
    CHECK(get_unaligned_be24(bytes + 1) == 0x010203);
    CHECK(get_unaligned(reinterpret_cast<u16*>(bytes + 1)) == 0x0201);
    put_unaligned_be32(0xa1a2a3a4, bytes + 1);
    CHECK(bytes[1] == 0xa1);
    put_unaligned_le64(0x1122334455667788ULL, bytes + 1);
    CHECK(bytes[1] == 0x88);
    put_unaligned(0x1234, reinterpret_cast<u16*>(bytes + 3));
    CHECK(bytes[3] == 0x34);
    u32 counter = cpu_to_be32(5U);
    be32_add_cpu(&counter, 2);
    CHECK(be32_to_cpu(counter) == 7);
}

TEST_CASE("byteorder.h: in place, of many, and sums", "[linux6][byteorder]") {
    u16 h = 0x0102;
    u32 w = 0x01020304;
    u64 q = 0x0102030405060708;
    cpu_to_be16s(&h), cpu_to_be32s(&w), cpu_to_be64s(&q);
    CHECK((h == 0x0201 && w == 0x04030201 && q == 0x0807060504030201));
    be16_to_cpus(&h), be32_to_cpus(&w), be64_to_cpus(&q);
    CHECK((h == 0x0102 && w == 0x01020304 && q == 0x0102030405060708));
    cpu_to_le16s(&h), cpu_to_le32s(&w), cpu_to_le64s(&q);
    le16_to_cpus(&h), le32_to_cpus(&w), le64_to_cpus(&q);
    CHECK((h == 0x0102 && w == 0x01020304 && q == 0x0102030405060708));
    swab16s(&h), swab32s(&w), swab64s(&q);
    CHECK((swab16p(&h) == 0x0102 && swab32p(&w) == 0x01020304 && swab64p(&q) == 0x0102030405060708));
    CHECK((cpu_to_be16p(&h) == 0x0102 && cpu_to_be32p(&w) == 0x01020304 && cpu_to_be64p(&q) == 0x0102030405060708));
    CHECK((cpu_to_le16p(&h) == h && cpu_to_le32p(&w) == w && cpu_to_le64p(&q) == q));
    CHECK((swahw32(0x01020304U) == 0x03040102 && swahb32(0x01020304U) == 0x02010403));
    u16 b16 = cpu_to_be16(0xffff), l16 = 1;
    u32 b32 = cpu_to_be32(1), l32 = 1;
    u64 b64 = cpu_to_be64(1), l64 = 1;
    be16_add_cpu(&b16, 2), be32_add_cpu(&b32, 255), be64_add_cpu(&b64, 255);
    le16_add_cpu(&l16, 2), le32_add_cpu(&l32, 2), le64_add_cpu(&l64, 2);
    CHECK((be16_to_cpu(b16) == 1 && be32_to_cpu(b32) == 256 && be64_to_cpu(b64) == 256));
    CHECK((l16 == 3 && l32 == 3 && l64 == 3));
    u32 many[] = {0x01020304, 0x05060708}, to[2];
    cpu_to_be32_array(to, many, 2);
    CHECK((to[0] == 0x04030201 && to[1] == 0x08070605));
    be32_to_cpu_array(many, to, 2);
    cpu_to_le32_array(many, 2);
    le32_to_cpu_array(many, 2);
    CHECK((many[0] == 0x01020304 && many[1] == 0x05060708));
}
