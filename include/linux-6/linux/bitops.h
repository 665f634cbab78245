// SPDX-License-Identifier: MIT
// <linux/bitops.h>: bits in arrays of unsigned long.  Those with a return value order memory fully, the others not at
// all.
#pragma once

#include <climits>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr int BITS_PER_LONG = CHAR_BIT * sizeof(long);

namespace impl {
inline atomic<unsigned long> word_of(long nr, volatile unsigned long* p) noexcept {
    return atomic<unsigned long>(const_cast<unsigned long&>(p[nr / BITS_PER_LONG]));
}
constexpr unsigned long bit_of(long nr) noexcept { return 1UL << (nr % BITS_PER_LONG); }
}   // namespace impl

inline void set_bit(long nr, volatile unsigned long* p) noexcept {
    impl::word_of(nr, p).fetch_or(impl::bit_of(nr), relaxed);
}
inline void clear_bit(long nr, volatile unsigned long* p) noexcept {
    impl::word_of(nr, p).fetch_and(~impl::bit_of(nr), relaxed);   // relaxed: as set_bit(), unordered in the kernel
}
inline bool test_bit(long nr, const volatile unsigned long* p) noexcept {
    return (impl::word_of(nr, const_cast<volatile unsigned long*>(p)).load(relaxed) & impl::bit_of(nr)) != 0;
}
inline bool test_and_set_bit(long nr, volatile unsigned long* p) noexcept {
    return (impl::word_of(nr, p).fetch_or(impl::bit_of(nr), seq_cst) & impl::bit_of(nr)) != 0;
}
inline bool test_and_clear_bit(long nr, volatile unsigned long* p) noexcept {
    return (impl::word_of(nr, p).fetch_and(~impl::bit_of(nr), seq_cst) & impl::bit_of(nr)) != 0;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::BITS_PER_LONG;
using bottomhalf::linux6::clear_bit;
using bottomhalf::linux6::set_bit;
using bottomhalf::linux6::test_and_clear_bit;
using bottomhalf::linux6::test_and_set_bit;
using bottomhalf::linux6::test_bit;

#define BIT(nr) (1UL << (nr))
#define BITS_TO_LONGS(nr) (((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
