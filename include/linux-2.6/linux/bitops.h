// SPDX-License-Identifier: MIT
// <linux/bitops.h>: bits in arrays of unsigned long, atomically; with two underscores in front, not.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
inline constexpr unsigned long_bits = 8 * sizeof(long);
[[nodiscard]] constexpr unsigned long mask_of(unsigned nr) noexcept { return 1UL << (nr % long_bits); }
[[nodiscard]] inline unsigned long& word_of(unsigned nr, const volatile unsigned long* bits) noexcept {
    return const_cast<unsigned long&>(bits[nr / long_bits]);
}
[[nodiscard]] inline atomic<unsigned long> bits_of(unsigned nr, const volatile unsigned long* bits) noexcept {
    return atomic<unsigned long>(word_of(nr, bits));
}
}   // namespace impl

// As in the kernel, those that return nothing order nothing, and those that return the old bit are full barriers.
inline void set_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    impl::bits_of(n, bits).fetch_or(impl::mask_of(n), relaxed);
}
inline void clear_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    impl::bits_of(n, bits).fetch_and(~impl::mask_of(n), relaxed);
}
inline void change_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    impl::bits_of(n, bits).fetch_xor(impl::mask_of(n), relaxed);
}
inline int test_and_set_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    return (impl::bits_of(n, bits).fetch_or(impl::mask_of(n), seq_cst) & impl::mask_of(n)) != 0;
}
inline int test_and_clear_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    return (impl::bits_of(n, bits).fetch_and(~impl::mask_of(n), seq_cst) & impl::mask_of(n)) != 0;
}
inline int test_and_change_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    return (impl::bits_of(n, bits).fetch_xor(impl::mask_of(n), seq_cst) & impl::mask_of(n)) != 0;
}
inline int test_bit(int nr, const volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    return (impl::bits_of(n, bits).load(relaxed) & impl::mask_of(n)) != 0;
}
inline void __set_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    impl::word_of(n, bits) |= impl::mask_of(n);
}
inline void __clear_bit(int nr, volatile unsigned long* bits) noexcept {
    const auto n = static_cast<unsigned>(nr);
    impl::word_of(n, bits) &= ~impl::mask_of(n);
}

/// Position of the last set bit, counted from 1; 0 if there is none.
[[nodiscard]] constexpr int fls(int x) noexcept { return static_cast<int>(std::bit_width(static_cast<unsigned>(x))); }
/// Position of the first set (or zero) bit, counted from 0; there must be one.
[[nodiscard]] constexpr unsigned long __ffs(unsigned long x) noexcept {
    return static_cast<unsigned long>(std::countr_zero(x));
}
[[nodiscard]] constexpr unsigned long ffz(unsigned long x) noexcept { return __ffs(~x); }
[[nodiscard]] constexpr unsigned int hweight32(unsigned int x) noexcept {
    return static_cast<unsigned int>(std::popcount(x));
}

/// The first set (or zero) bit from `from` on; `size` if there is none below it.
inline unsigned long find_next_bit(const unsigned long* bits, unsigned long size, unsigned long from) noexcept {
    for (; from < size; ++from)
        if (test_bit(static_cast<int>(from), bits)) return from;
    return size;
}
inline unsigned long find_next_zero_bit(const unsigned long* bits, unsigned long size, unsigned long from) noexcept {
    for (; from < size; ++from)
        if (!test_bit(static_cast<int>(from), bits)) return from;
    return size;
}
inline unsigned long find_first_bit(const unsigned long* bits, unsigned long size) noexcept {
    return find_next_bit(bits, size, 0);
}
inline unsigned long find_first_zero_bit(const unsigned long* bits, unsigned long size) noexcept {
    return find_next_zero_bit(bits, size, 0);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::__clear_bit;
using bottomhalf::linux26::__ffs;
using bottomhalf::linux26::__set_bit;
using bottomhalf::linux26::change_bit;
using bottomhalf::linux26::clear_bit;
using bottomhalf::linux26::ffz;
using bottomhalf::linux26::find_first_bit;
using bottomhalf::linux26::find_first_zero_bit;
using bottomhalf::linux26::find_next_bit;
using bottomhalf::linux26::find_next_zero_bit;
using bottomhalf::linux26::fls;
using bottomhalf::linux26::hweight32;
using bottomhalf::linux26::set_bit;
using bottomhalf::linux26::test_and_change_bit;
using bottomhalf::linux26::test_and_clear_bit;
using bottomhalf::linux26::test_and_set_bit;
using bottomhalf::linux26::test_bit;

#define BITS_TO_LONGS(bits) (((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
