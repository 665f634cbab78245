// SPDX-License-Identifier: MIT
// <linux/bitmap.h>: sets of small numbers.  What is behind the last bit of a bitmap is never looked at.
#pragma once

#include <cstring>

#include <linux/bitops.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

[[nodiscard]] constexpr std::size_t bitmap_size(unsigned int nbits) noexcept {
    return (std::size_t{nbits} + BITS_PER_LONG - 1) / BITS_PER_LONG * sizeof(unsigned long);
}
namespace impl {
/// The bits of word i that belong to a bitmap of `nbits`.
constexpr unsigned long bits_of_word(unsigned int i, unsigned int nbits) noexcept {
    const unsigned int left = nbits - i * static_cast<unsigned int>(BITS_PER_LONG);
    return left >= static_cast<unsigned int>(BITS_PER_LONG) ? ~0UL : (1UL << left) - 1;
}
template <class F>
constexpr bool for_words(unsigned int nbits, F f) noexcept {
    for (unsigned int i = 0; i * static_cast<unsigned int>(BITS_PER_LONG) < nbits; ++i)
        if (!f(i, bits_of_word(i, nbits))) return false;
    return true;
}
template <class F>
constexpr bool combine(unsigned long* dst, unsigned int nbits, F f) noexcept {
    unsigned long any = 0;
    for_words(nbits, [&](unsigned int i, unsigned long mask) {
        dst[i] = f(i);
        any |= dst[i] & mask;
        return true;
    });
    return any != 0;
}
}   // namespace impl

inline bottomhalf_pointer bitmap_alloc(unsigned int nbits, gfp_t flags, location at = location::current()) noexcept {
    return kmalloc(bitmap_size(nbits), flags, at);
}
inline bottomhalf_pointer bitmap_zalloc(unsigned int nbits, gfp_t flags, location at = location::current()) noexcept {
    return kzalloc(bitmap_size(nbits), flags, at);
}
inline void bitmap_free(const unsigned long* p, location at = location::current()) noexcept { kfree(p, at); }

inline void bitmap_zero(unsigned long* dst, unsigned int nbits) noexcept { std::memset(dst, 0, bitmap_size(nbits)); }
inline void bitmap_fill(unsigned long* dst, unsigned int nbits) noexcept { std::memset(dst, 0xff, bitmap_size(nbits)); }
inline void bitmap_copy(unsigned long* dst, const unsigned long* src, unsigned int nbits) noexcept {
    std::memcpy(dst, src, bitmap_size(nbits));
}
/// Return: whether anything is left.
inline bool bitmap_and(unsigned long* dst, const unsigned long* a, const unsigned long* b,
                       unsigned int nbits) noexcept {
    return impl::combine(dst, nbits, [=](unsigned int i) { return a[i] & b[i]; });
}
inline bool bitmap_andnot(unsigned long* dst, const unsigned long* a, const unsigned long* b,
                          unsigned int nbits) noexcept {
    return impl::combine(dst, nbits, [=](unsigned int i) { return a[i] & ~b[i]; });
}
inline void bitmap_or(unsigned long* dst, const unsigned long* a, const unsigned long* b, unsigned int nbits) noexcept {
    impl::combine(dst, nbits, [=](unsigned int i) { return a[i] | b[i]; });
}
inline void bitmap_xor(unsigned long* dst, const unsigned long* a, const unsigned long* b,
                       unsigned int nbits) noexcept {
    impl::combine(dst, nbits, [=](unsigned int i) { return a[i] ^ b[i]; });
}
inline void bitmap_complement(unsigned long* dst, const unsigned long* src, unsigned int nbits) noexcept {
    impl::combine(dst, nbits, [=](unsigned int i) { return ~src[i]; });
}
[[nodiscard]] inline bool bitmap_equal(const unsigned long* a, const unsigned long* b, unsigned int nbits) noexcept {
    return impl::for_words(nbits, [=](unsigned int i, unsigned long mask) { return ((a[i] ^ b[i]) & mask) == 0; });
}
[[nodiscard]] inline bool bitmap_intersects(const unsigned long* a, const unsigned long* b,
                                            unsigned int nbits) noexcept {
    return !impl::for_words(nbits, [=](unsigned int i, unsigned long mask) { return (a[i] & b[i] & mask) == 0; });
}
/// Is all of `a` in `b`?
[[nodiscard]] inline bool bitmap_subset(const unsigned long* a, const unsigned long* b, unsigned int nbits) noexcept {
    return impl::for_words(nbits, [=](unsigned int i, unsigned long mask) { return (a[i] & ~b[i] & mask) == 0; });
}
[[nodiscard]] inline bool bitmap_empty(const unsigned long* p, unsigned int nbits) noexcept {
    return find_first_bit(p, nbits) == nbits;
}
[[nodiscard]] inline bool bitmap_full(const unsigned long* p, unsigned int nbits) noexcept {
    return find_first_zero_bit(p, nbits) == nbits;
}
[[nodiscard]] inline unsigned int bitmap_weight(const unsigned long* p, unsigned int nbits) noexcept {
    unsigned long n = 0;
    impl::for_words(nbits, [&](unsigned int i, unsigned long mask) {
        n += hweight_long(p[i] & mask);
        return true;
    });
    return static_cast<unsigned int>(n);
}
inline void bitmap_set(unsigned long* p, unsigned int start, unsigned int n) noexcept {
    for (unsigned int i = start; i < start + n; ++i) p[BIT_WORD(i)] |= BIT_MASK(i);
}
inline void bitmap_clear(unsigned long* p, unsigned int start, unsigned int n) noexcept {
    for (unsigned int i = start; i < start + n; ++i) p[BIT_WORD(i)] &= ~BIT_MASK(i);
}
/// The first place at or after `start` for `n` zeroes, at a multiple of align_mask + 1.  Return: > `size` - n if there
/// is none.
[[nodiscard]] inline unsigned long bitmap_find_next_zero_area(const unsigned long* p, unsigned long size,
                                                              unsigned long start, unsigned int n,
                                                              unsigned long align_mask) noexcept {
    for (;;) {
        const unsigned long from = (find_next_zero_bit(p, size, start) + align_mask) & ~align_mask;
        if (from + n > size) return from + n;
        const unsigned long taken = find_next_bit(p, from + n, from);
        if (taken >= from + n) return from;
        start = taken + 1;
    }
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bitmap_alloc;
using bottomhalf::linux6::bitmap_and;
using bottomhalf::linux6::bitmap_andnot;
using bottomhalf::linux6::bitmap_clear;
using bottomhalf::linux6::bitmap_complement;
using bottomhalf::linux6::bitmap_copy;
using bottomhalf::linux6::bitmap_empty;
using bottomhalf::linux6::bitmap_equal;
using bottomhalf::linux6::bitmap_fill;
using bottomhalf::linux6::bitmap_find_next_zero_area;
using bottomhalf::linux6::bitmap_free;
using bottomhalf::linux6::bitmap_full;
using bottomhalf::linux6::bitmap_intersects;
using bottomhalf::linux6::bitmap_or;
using bottomhalf::linux6::bitmap_set;
using bottomhalf::linux6::bitmap_size;
using bottomhalf::linux6::bitmap_subset;
using bottomhalf::linux6::bitmap_weight;
using bottomhalf::linux6::bitmap_xor;
using bottomhalf::linux6::bitmap_zalloc;
using bottomhalf::linux6::bitmap_zero;
