// SPDX-License-Identifier: MIT
// <linux/overflow.h>: arithmetic that notices.  Sizes saturate: what comes out is refused by every allocation.
#pragma once

#include <cstddef>
#include <cstdint>

#include <linux/types.h>

namespace bottomhalf::linux6 {

[[nodiscard]] constexpr std::size_t size_add(std::size_t a, std::size_t b) noexcept {
    std::size_t n = 0;
    return __builtin_add_overflow(a, b, &n) ? SIZE_MAX : n;
}
[[nodiscard]] constexpr std::size_t size_mul(std::size_t a, std::size_t b) noexcept {
    std::size_t n = 0;
    return __builtin_mul_overflow(a, b, &n) ? SIZE_MAX : n;
}
/// A saturated size stays one.
[[nodiscard]] constexpr std::size_t size_sub(std::size_t a, std::size_t b) noexcept {
    std::size_t n = 0;
    return a == SIZE_MAX || b == SIZE_MAX || __builtin_sub_overflow(a, b, &n) ? SIZE_MAX : n;
}
[[nodiscard]] constexpr std::size_t array_size(std::size_t a, std::size_t b) noexcept { return size_mul(a, b); }
[[nodiscard]] constexpr std::size_t array3_size(std::size_t a, std::size_t b, std::size_t c) noexcept {
    return size_mul(size_mul(a, b), c);
}

/// *d = value << by.  Return: true if a bit that counts is lost, or the sign; or there is no such shift.
template <class A, class S, class D>
[[nodiscard]] constexpr bool check_shl_overflow(A value, S by, D* d) noexcept {
    const bool shifts = by >= 0 && static_cast<u64>(by) < 8 * sizeof(D);
    const S n = shifts ? by : S{};
    *d = static_cast<D>(static_cast<u64>(value) << n);
    return !shifts || *d < 0 || value < 0 || static_cast<A>(*d >> n) != value;
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::array3_size;
using bottomhalf::linux6::array_size;
using bottomhalf::linux6::check_shl_overflow;
using bottomhalf::linux6::size_add;
using bottomhalf::linux6::size_mul;
using bottomhalf::linux6::size_sub;

// Return: true if the result did not fit; *d is what is left of it then.
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d) __builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)

/// Of `count` elements of the flexible array at the end of *p; struct_size() of *p with it.
#define flex_array_size(p, member, count) size_mul(static_cast<std::size_t>(count), sizeof(*(p)->member))
#define struct_size(p, member, count) size_add(sizeof(*(p)), flex_array_size(p, member, count))
#define struct_size_t(type, member, count) struct_size(static_cast<type*>(nullptr), member, count)
