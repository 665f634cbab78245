// SPDX-License-Identifier: MIT
// <linux/log2.h>: powers of two.
#pragma once

#include <bit>
#include <concepts>

namespace bottomhalf::linux6 {

template <std::integral T>
[[nodiscard]] constexpr int ilog2(T n) noexcept {
    return static_cast<int>(std::bit_width(static_cast<unsigned long long>(n))) - 1;   // of 0: -1, as the kernel's
}
[[nodiscard]] constexpr bool is_power_of_2(unsigned long n) noexcept { return std::has_single_bit(n); }
[[nodiscard]] constexpr unsigned long roundup_pow_of_two(unsigned long n) noexcept { return std::bit_ceil(n); }
[[nodiscard]] constexpr unsigned long rounddown_pow_of_two(unsigned long n) noexcept { return std::bit_floor(n); }
/// The exponent of the next power of two: order_base_2(5) is 3.
[[nodiscard]] constexpr int order_base_2(unsigned long n) noexcept {
    return n > 1 ? static_cast<int>(std::bit_width(n - 1)) : 0;
}
[[nodiscard]] constexpr int bits_per(unsigned long n) noexcept {
    return n < 2 ? 1 : static_cast<int>(std::bit_width(n));
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bits_per;
using bottomhalf::linux6::ilog2;
using bottomhalf::linux6::is_power_of_2;
using bottomhalf::linux6::order_base_2;
using bottomhalf::linux6::rounddown_pow_of_two;
using bottomhalf::linux6::roundup_pow_of_two;

#define const_ilog2(n) ilog2(n)
