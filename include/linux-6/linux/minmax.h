// SPDX-License-Identifier: MIT
// <linux/minmax.h>: functions here, not macros, because the standard headers have them, too.
#pragma once

#include <type_traits>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

template <class A, class B>
[[nodiscard]] constexpr auto min(A a, B b) noexcept -> std::common_type_t<A, B> {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b);
}
template <class A, class B>
[[nodiscard]] constexpr auto max(A a, B b) noexcept -> std::common_type_t<A, B> {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(b) < static_cast<T>(a) ? static_cast<T>(a) : static_cast<T>(b);
}
template <class A, class B, class C>
[[nodiscard]] constexpr auto min3(A a, B b, C c) noexcept {
    return min(min(a, b), c);
}
template <class A, class B, class C>
[[nodiscard]] constexpr auto max3(A a, B b, C c) noexcept {
    return max(max(a, b), c);
}
/// The lesser of the two, but of a zero and something else that.
template <class A, class B>
[[nodiscard]] constexpr auto min_not_zero(A a, B b) noexcept -> std::common_type_t<A, B> {
    return a == 0 ? b : b == 0 ? a : min(a, b);
}
template <class T, class L, class H>
[[nodiscard]] constexpr T clamp(T v, L lo, H hi) noexcept {
    return static_cast<T>(min(max(v, lo), hi));
}
template <class T>
constexpr void swap(T& a, T& b) noexcept {
    T t = a;
    a = b;
    b = t;
}
template <class T>
[[nodiscard]] constexpr bool in_range(T v, std::type_identity_t<T> start, std::type_identity_t<T> len) noexcept {
    return v - start < len;   // of unsigned ones; below `start` it wraps
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::clamp;
using bottomhalf::linux6::in_range;
using bottomhalf::linux6::max;
using bottomhalf::linux6::max3;
using bottomhalf::linux6::min;
using bottomhalf::linux6::min3;
using bottomhalf::linux6::min_not_zero;
using bottomhalf::linux6::swap;

#define min_t(type, a, b) min(static_cast<type>(a), static_cast<type>(b))
#define max_t(type, a, b) max(static_cast<type>(a), static_cast<type>(b))
#define clamp_t(type, v, lo, hi) clamp(static_cast<type>(v), static_cast<type>(lo), static_cast<type>(hi))
#define clamp_val(v, lo, hi) clamp_t(__typeof__(v), v, lo, hi)
