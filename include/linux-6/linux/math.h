// SPDX-License-Identifier: MIT
// <linux/math.h>: rounding, and small arithmetic.
#pragma once

#include <concepts>

#include <stdlib.h>   // abs(), with its overloads

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {

/// The ones that libc does not have, so that abs() of an unsigned expression compiles, as it does in the kernel.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T abs(T x) noexcept {
    return x;
}
template <std::integral T>
[[nodiscard]] constexpr T abs_diff(T a, std::type_identity_t<T> b) noexcept {
    return static_cast<T>(a > b ? a - b : b - a);
}
/// The greatest n whose square is not greater than x.
[[nodiscard]] constexpr unsigned long int_sqrt(unsigned long x) noexcept {
    unsigned long root = 0;
    for (unsigned long bit = 1UL << (8 * sizeof x / 2 - 1); bit != 0; bit >>= 1)
        if (const unsigned long n = root | bit; n <= x / n) root = n;
    return root;
}
[[nodiscard]] constexpr u32 int_sqrt64(u64 x) noexcept { return static_cast<u32>(int_sqrt(x)); }
[[nodiscard]] constexpr u32 reciprocal_scale(u32 val, u32 ep_ro) noexcept {
    return static_cast<u32>(u64{val} * ep_ro >> 32);
}
[[nodiscard]] constexpr unsigned long gcd(unsigned long a, unsigned long b) noexcept {
    while (b != 0) {
        const unsigned long rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}
[[nodiscard]] constexpr unsigned long lcm(unsigned long a, unsigned long b) noexcept {
    return a == 0 || b == 0 ? 0 : a / gcd(a, b) * b;
}
/// To the nearest, halves away from zero; of a negative one with an unsigned divisor, nobody knows what.
template <class N, class D>
[[nodiscard]] constexpr auto bottomhalf_div_round_closest(N n, D d) noexcept {
    using T = decltype(n / d);
    const T half = static_cast<T>(d / 2);
    bool up = std::is_unsigned_v<N> || std::is_unsigned_v<D>;
    if constexpr (std::is_signed_v<N> && std::is_signed_v<D>) up = (n > 0) == (d > 0);
    return static_cast<T>((up ? static_cast<T>(n) + half : static_cast<T>(n) - half) / static_cast<T>(d));
}
/// The sum is as wide as its operands are, and only then 64 bits.
template <class N, class D>
[[nodiscard]] constexpr unsigned long long bottomhalf_div_round_closest_ull(N n, D d) noexcept {
    using T = decltype(n / d);
    return static_cast<unsigned long long>(static_cast<T>(n) + static_cast<T>(d / 2)) /
           static_cast<unsigned long long>(d);
}
template <class X, class Y>
[[nodiscard]] constexpr auto bottomhalf_roundup(X x, Y y) noexcept {
    using T = decltype(x / y);
    return static_cast<T>((static_cast<T>(x) + static_cast<T>(y - 1)) / static_cast<T>(y) * static_cast<T>(y));
}
template <class X, class Y>
[[nodiscard]] constexpr auto bottomhalf_rounddown(X x, Y y) noexcept {
    using T = decltype(x / y);
    return static_cast<T>(static_cast<T>(x) - static_cast<T>(x) % static_cast<T>(y));
}
/// x * n / d without losing bits of x * n that the result would have had; each of its own type.
template <class X, class N, class D>
[[nodiscard]] constexpr auto mult_frac(X x, N n, D d) noexcept {
    using T = decltype(x / d);
    const auto quotient = static_cast<X>(static_cast<T>(x) / static_cast<T>(d));
    const auto rest = static_cast<X>(static_cast<T>(x) % static_cast<T>(d));
    using R = decltype(quotient * n + rest * n / d);
    return static_cast<R>(static_cast<R>(quotient) * static_cast<R>(n) +
                          static_cast<R>(rest) * static_cast<R>(n) / static_cast<R>(d));
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::abs;
using bottomhalf::linux6::abs_diff;
using bottomhalf::linux6::gcd;
using bottomhalf::linux6::int_sqrt;
using bottomhalf::linux6::int_sqrt64;
using bottomhalf::linux6::lcm;
using bottomhalf::linux6::mult_frac;
using bottomhalf::linux6::reciprocal_scale;

#undef DIV_ROUND_UP
#undef roundup   // <sys/param.h> has one
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define DIV_ROUND_CLOSEST(n, d) ::bottomhalf::linux6::bottomhalf_div_round_closest(n, d)
#define DIV_ROUND_CLOSEST_ULL(n, d) ::bottomhalf::linux6::bottomhalf_div_round_closest_ull(n, d)
#define DIV_ROUND_DOWN_ULL(n, d) (static_cast<unsigned long long>(n) / (d))
#define DIV_ROUND_UP_ULL(n, d) DIV_ROUND_DOWN_ULL(static_cast<unsigned long long>(n) + (d)-1, d)
#define roundup(x, y) ::bottomhalf::linux6::bottomhalf_roundup(x, y)
#define rounddown(x, y) ::bottomhalf::linux6::bottomhalf_rounddown(x, y)
// To a power of two.
#define __round_mask(x, y) (static_cast<__typeof__(x)>((y)-1))
#define round_up(x, y) ((((x)-1) | __round_mask(x, y)) + 1)
#define round_down(x, y) ((x) & ~__round_mask(x, y))
#define ALIGN(x, a) round_up(x, a)
#define ALIGN_DOWN(x, a) round_down(x, a)
#define IS_ALIGNED(x, a) (((x)&__round_mask(x, a)) == 0)
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((unsigned long)(p), (unsigned long)(a)))
