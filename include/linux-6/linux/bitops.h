// SPDX-License-Identifier: MIT
// <linux/bitops.h>: bits in arrays of unsigned long.  Those with a return value order memory fully, the others not at
// all; those with two underscores are plain accesses, for bits that nobody else changes.  And bits of one word.
#pragma once

#include <bit>

#include <strings.h>   // ffs()

#include <asm/barrier.h>
#include <linux/bits.h>
#include <linux/bottomhalf.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
inline atomic<unsigned long> word_of(long nr, volatile unsigned long* p) noexcept {
    return atomic<unsigned long>(const_cast<unsigned long&>(p[nr / BITS_PER_LONG]));
}
constexpr unsigned long bit_of(long nr) noexcept { return 1UL << (nr % BITS_PER_LONG); }
}   // namespace impl

inline void set_bit(long nr, volatile unsigned long* p) noexcept {
    impl::word_of(nr, p).fetch_or(impl::bit_of(nr), relaxed);   // relaxed, here and below: unordered in the kernel
}
inline void clear_bit(long nr, volatile unsigned long* p) noexcept {
    impl::word_of(nr, p).fetch_and(~impl::bit_of(nr), relaxed);
}
inline void change_bit(long nr, volatile unsigned long* p) noexcept {
    impl::word_of(nr, p).fetch_xor(impl::bit_of(nr), relaxed);
}
inline void assign_bit(long nr, volatile unsigned long* p, bool value) noexcept {
    value ? set_bit(nr, p) : clear_bit(nr, p);
}
inline bool test_bit(long nr, const volatile unsigned long* p) noexcept {
    return (impl::word_of(nr, const_cast<volatile unsigned long*>(p)).load(relaxed) & impl::bit_of(nr)) != 0;
}
inline bool test_bit_acquire(long nr, const volatile unsigned long* p) noexcept {
    // [bit.lock] its partner is clear_bit_unlock(), or another release of the caller's
    return (impl::word_of(nr, const_cast<volatile unsigned long*>(p)).load(acquire) & impl::bit_of(nr)) != 0;
}
inline bool test_and_set_bit(long nr, volatile unsigned long* p) noexcept {
    return (impl::fully_ordered([&] { return impl::word_of(nr, p).fetch_or(impl::bit_of(nr), seq_cst); }) &
            impl::bit_of(nr)) != 0;
}
inline bool test_and_clear_bit(long nr, volatile unsigned long* p) noexcept {
    return (impl::fully_ordered([&] { return impl::word_of(nr, p).fetch_and(~impl::bit_of(nr), seq_cst); }) &
            impl::bit_of(nr)) != 0;
}
inline bool test_and_change_bit(long nr, volatile unsigned long* p) noexcept {
    return (impl::fully_ordered([&] { return impl::word_of(nr, p).fetch_xor(impl::bit_of(nr), seq_cst); }) &
            impl::bit_of(nr)) != 0;
}
/// A lock of one bit: false, and it is taken.
inline bool test_and_set_bit_lock(long nr, volatile unsigned long* p) noexcept {
    return (impl::word_of(nr, p).fetch_or(impl::bit_of(nr), acquire) & impl::bit_of(nr)) != 0;   // [bit.lock]
}
inline void clear_bit_unlock(long nr, volatile unsigned long* p) noexcept {
    impl::word_of(nr, p).fetch_and(~impl::bit_of(nr), release);   // [bit.lock]
}
inline void __clear_bit_unlock(long nr, volatile unsigned long* p) noexcept { clear_bit_unlock(nr, p); }

// Nobody else changes the word meanwhile.  Others may look at it, so it is no data race.
inline void __assign_bit(long nr, volatile unsigned long* p, bool value) noexcept {
    auto word = impl::word_of(nr, p);
    const unsigned long old = word.load(relaxed);
    word.store(value ? old | impl::bit_of(nr) : old & ~impl::bit_of(nr), relaxed);
}
inline void __set_bit(long nr, volatile unsigned long* p) noexcept { __assign_bit(nr, p, true); }
inline void __clear_bit(long nr, volatile unsigned long* p) noexcept { __assign_bit(nr, p, false); }
inline void __change_bit(long nr, volatile unsigned long* p) noexcept { __assign_bit(nr, p, !test_bit(nr, p)); }
inline bool __test_and_set_bit(long nr, volatile unsigned long* p) noexcept {
    const bool was = test_bit(nr, p);
    __set_bit(nr, p);
    return was;
}
inline bool __test_and_clear_bit(long nr, volatile unsigned long* p) noexcept {
    const bool was = test_bit(nr, p);
    __clear_bit(nr, p);
    return was;
}

/// *p = (*p & ~mask) | bits, in one.  Return: the value before.
template <class T>
inline T set_mask_bits(T* p, std::type_identity_t<T> mask, std::type_identity_t<T> bits) noexcept {
    return impl::fully_ordered([&] {
        impl::atomic<T> word(*p);
        T old = word.load(relaxed);
        while (!word.compare_exchange_weak(old, static_cast<T>((old & ~mask) | bits), seq_cst, relaxed)) {}
        return old;
    });
}

}   // namespace BOTTOMHALF_ENGINE

// ---- bits of one word -----------------------------------------------------------------------------------------------

/// The lowest bit, counted from 0.  Of 0: undefined in the kernel, the width here.
[[nodiscard]] constexpr unsigned int __ffs(unsigned long x) noexcept {
    return static_cast<unsigned int>(std::countr_zero(x));
}
[[nodiscard]] constexpr unsigned int __ffs64(u64 x) noexcept { return static_cast<unsigned int>(std::countr_zero(x)); }
[[nodiscard]] constexpr unsigned int __fls(unsigned long x) noexcept {
    return static_cast<unsigned int>(std::bit_width(x)) - 1;
}
/// The highest bit, counted from 1; of 0: 0.  libc's ffs() is the lowest, counted likewise.
[[nodiscard]] constexpr int fls(unsigned int x) noexcept { return static_cast<int>(std::bit_width(x)); }
[[nodiscard]] constexpr int fls64(u64 x) noexcept { return static_cast<int>(std::bit_width(x)); }
[[nodiscard]] constexpr unsigned int fls_long(unsigned long x) noexcept {
    return static_cast<unsigned int>(std::bit_width(x));
}
/// The lowest bit that is not set, counted from 0.
[[nodiscard]] constexpr unsigned long ffz(unsigned long x) noexcept {
    return static_cast<unsigned long>(std::countr_one(x));
}
[[nodiscard]] constexpr unsigned int hweight8(unsigned int x) noexcept {
    return static_cast<unsigned int>(std::popcount(x & 0xffU));
}
[[nodiscard]] constexpr unsigned int hweight16(unsigned int x) noexcept {
    return static_cast<unsigned int>(std::popcount(x & 0xffffU));
}
[[nodiscard]] constexpr unsigned int hweight32(unsigned int x) noexcept {
    return static_cast<unsigned int>(std::popcount(x));
}
[[nodiscard]] constexpr unsigned long hweight64(u64 x) noexcept { return static_cast<unsigned long>(std::popcount(x)); }
[[nodiscard]] constexpr unsigned long hweight_long(unsigned long x) noexcept {
    return static_cast<unsigned long>(std::popcount(x));
}
[[nodiscard]] constexpr u8 rol8(u8 x, unsigned int n) noexcept { return std::rotl(x, static_cast<int>(n & 7)); }
[[nodiscard]] constexpr u8 ror8(u8 x, unsigned int n) noexcept { return std::rotr(x, static_cast<int>(n & 7)); }
[[nodiscard]] constexpr u16 rol16(u16 x, unsigned int n) noexcept { return std::rotl(x, static_cast<int>(n & 15)); }
[[nodiscard]] constexpr u16 ror16(u16 x, unsigned int n) noexcept { return std::rotr(x, static_cast<int>(n & 15)); }
[[nodiscard]] constexpr u32 rol32(u32 x, unsigned int n) noexcept { return std::rotl(x, static_cast<int>(n & 31)); }
[[nodiscard]] constexpr u32 ror32(u32 x, unsigned int n) noexcept { return std::rotr(x, static_cast<int>(n & 31)); }
[[nodiscard]] constexpr u64 rol64(u64 x, unsigned int n) noexcept { return std::rotl(x, static_cast<int>(n & 63)); }
[[nodiscard]] constexpr u64 ror64(u64 x, unsigned int n) noexcept { return std::rotr(x, static_cast<int>(n & 63)); }
/// Bit `index` is the sign.
[[nodiscard]] constexpr s32 sign_extend32(u32 x, int index) noexcept {
    return static_cast<s32>(x << (31 - index)) >> (31 - index);
}
[[nodiscard]] constexpr s64 sign_extend64(u64 x, int index) noexcept {
    return static_cast<s64>(x << (63 - index)) >> (63 - index);
}
/// The exponent of the next power of two; of 0: -1.
[[nodiscard]] constexpr int get_count_order(unsigned int n) noexcept { return n == 0 ? -1 : fls(n - 1); }
[[nodiscard]] constexpr int get_count_order_long(unsigned long n) noexcept {
    return n == 0 ? -1 : static_cast<int>(fls_long(n - 1));
}

// ---- looking for bits -----------------------------------------------------------------------------------------------

namespace find_impl {
/// The first bit at or after `from` in what word(i) gives for each i; `size` if there is none.
template <class Word>
[[nodiscard]] constexpr unsigned long next(unsigned long size, unsigned long from, Word word) noexcept {
    if (from >= size) return size;
    unsigned long i = from / BITS_PER_LONG;
    unsigned long w = word(i) & (~0UL << (from % BITS_PER_LONG));
    while (w == 0) {
        if (++i * BITS_PER_LONG >= size) return size;
        w = word(i);
    }
    const unsigned long at = i * BITS_PER_LONG + __ffs(w);
    return at < size ? at : size;
}
}   // namespace find_impl

[[nodiscard]] constexpr unsigned long find_next_bit(const unsigned long* p, unsigned long size,
                                                    unsigned long from) noexcept {
    return find_impl::next(size, from, [p](unsigned long i) { return p[i]; });
}
[[nodiscard]] constexpr unsigned long find_next_zero_bit(const unsigned long* p, unsigned long size,
                                                         unsigned long from) noexcept {
    return find_impl::next(size, from, [p](unsigned long i) { return ~p[i]; });
}
[[nodiscard]] constexpr unsigned long find_next_and_bit(const unsigned long* a, const unsigned long* b,
                                                        unsigned long size, unsigned long from) noexcept {
    return find_impl::next(size, from, [a, b](unsigned long i) { return a[i] & b[i]; });
}
[[nodiscard]] constexpr unsigned long find_next_andnot_bit(const unsigned long* a, const unsigned long* b,
                                                           unsigned long size, unsigned long from) noexcept {
    return find_impl::next(size, from, [a, b](unsigned long i) { return a[i] & ~b[i]; });
}
[[nodiscard]] constexpr unsigned long find_first_bit(const unsigned long* p, unsigned long size) noexcept {
    return find_next_bit(p, size, 0);
}
[[nodiscard]] constexpr unsigned long find_first_zero_bit(const unsigned long* p, unsigned long size) noexcept {
    return find_next_zero_bit(p, size, 0);
}
[[nodiscard]] constexpr unsigned long find_first_and_bit(const unsigned long* a, const unsigned long* b,
                                                         unsigned long size) noexcept {
    return find_next_and_bit(a, b, size, 0);
}
/// `size` if there is none.
[[nodiscard]] constexpr unsigned long find_last_bit(const unsigned long* p, unsigned long size) noexcept {
    for (unsigned long i = BITS_TO_LONGS(size); i-- > 0;) {
        unsigned long w = p[i];
        if (size - i * BITS_PER_LONG < BITS_PER_LONG) w &= ~(~0UL << (size % BITS_PER_LONG));
        if (w != 0) return i * BITS_PER_LONG + __fls(w);
    }
    return size;
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__assign_bit;
using bottomhalf::linux6::__change_bit;
using bottomhalf::linux6::__clear_bit;
using bottomhalf::linux6::__clear_bit_unlock;
using bottomhalf::linux6::__ffs;
using bottomhalf::linux6::__ffs64;
using bottomhalf::linux6::__fls;
using bottomhalf::linux6::__set_bit;
using bottomhalf::linux6::__test_and_clear_bit;
using bottomhalf::linux6::__test_and_set_bit;
using bottomhalf::linux6::assign_bit;
using bottomhalf::linux6::change_bit;
using bottomhalf::linux6::clear_bit;
using bottomhalf::linux6::clear_bit_unlock;
using bottomhalf::linux6::ffz;
using bottomhalf::linux6::find_first_and_bit;
using bottomhalf::linux6::find_first_bit;
using bottomhalf::linux6::find_first_zero_bit;
using bottomhalf::linux6::find_last_bit;
using bottomhalf::linux6::find_next_and_bit;
using bottomhalf::linux6::find_next_andnot_bit;
using bottomhalf::linux6::find_next_bit;
using bottomhalf::linux6::find_next_zero_bit;
using bottomhalf::linux6::fls;
using bottomhalf::linux6::fls64;
using bottomhalf::linux6::fls_long;
using bottomhalf::linux6::get_count_order;
using bottomhalf::linux6::get_count_order_long;
using bottomhalf::linux6::hweight16;
using bottomhalf::linux6::hweight32;
using bottomhalf::linux6::hweight64;
using bottomhalf::linux6::hweight8;
using bottomhalf::linux6::hweight_long;
using bottomhalf::linux6::rol16;
using bottomhalf::linux6::rol32;
using bottomhalf::linux6::rol64;
using bottomhalf::linux6::rol8;
using bottomhalf::linux6::ror16;
using bottomhalf::linux6::ror32;
using bottomhalf::linux6::ror64;
using bottomhalf::linux6::ror8;
using bottomhalf::linux6::set_bit;
using bottomhalf::linux6::set_mask_bits;
using bottomhalf::linux6::sign_extend32;
using bottomhalf::linux6::sign_extend64;
using bottomhalf::linux6::test_and_change_bit;
using bottomhalf::linux6::test_and_clear_bit;
using bottomhalf::linux6::test_and_set_bit;
using bottomhalf::linux6::test_and_set_bit_lock;
using bottomhalf::linux6::test_bit;
using bottomhalf::linux6::test_bit_acquire;

#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

#define bottomhalf_bit(bit, found) ((bit) = static_cast<__typeof__(bit)>(found))
#define for_each_set_bit(bit, addr, size)                                                    \
    for (bottomhalf_bit(bit, find_first_bit(addr, static_cast<unsigned long>(size)));        \
         static_cast<unsigned long>(bit) < static_cast<unsigned long>(size); bottomhalf_bit( \
             bit, find_next_bit(addr, static_cast<unsigned long>(size), static_cast<unsigned long>(bit) + 1)))
#define for_each_set_bit_from(bit, addr, size)                                                                        \
    for (bottomhalf_bit(bit, find_next_bit(addr, static_cast<unsigned long>(size), static_cast<unsigned long>(bit))); \
         static_cast<unsigned long>(bit) < static_cast<unsigned long>(size); bottomhalf_bit(                          \
             bit, find_next_bit(addr, static_cast<unsigned long>(size), static_cast<unsigned long>(bit) + 1)))
#define for_each_clear_bit(bit, addr, size)                                                  \
    for (bottomhalf_bit(bit, find_first_zero_bit(addr, static_cast<unsigned long>(size)));   \
         static_cast<unsigned long>(bit) < static_cast<unsigned long>(size); bottomhalf_bit( \
             bit, find_next_zero_bit(addr, static_cast<unsigned long>(size), static_cast<unsigned long>(bit) + 1)))
