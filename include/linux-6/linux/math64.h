// SPDX-License-Identifier: MIT
// <linux/math64.h>: 64-bit division, which is a call where the kernel's C has no operator for it.
#pragma once

#include <linux/math.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

/// Divides `n` in its place.  Return: the remainder.
template <class N>
constexpr u32 do_div(N& n, std::type_identity_t<u32> base) noexcept {
    static_assert(sizeof(N) == 8, "do_div() divides 64-bit variables");
    const auto value = static_cast<u64>(n);
    n = static_cast<N>(value / base);
    return static_cast<u32>(value % base);
}
[[nodiscard]] constexpr u64 div_u64(u64 n, u32 d) noexcept { return n / d; }
[[nodiscard]] constexpr s64 div_s64(s64 n, s32 d) noexcept { return n / d; }
[[nodiscard]] constexpr u64 div64_u64(u64 n, u64 d) noexcept { return n / d; }
[[nodiscard]] constexpr s64 div64_s64(s64 n, s64 d) noexcept { return n / d; }
[[nodiscard]] constexpr unsigned long div64_ul(u64 n, unsigned long d) noexcept {
    return static_cast<unsigned long>(n / d);
}
[[nodiscard]] constexpr long div64_long(s64 n, long d) noexcept { return static_cast<long>(n / d); }
constexpr u64 div_u64_rem(u64 n, u32 d, u32* remainder) noexcept {
    *remainder = static_cast<u32>(n % d);
    return n / d;
}
constexpr s64 div_s64_rem(s64 n, s32 d, s32* remainder) noexcept {
    *remainder = static_cast<s32>(n % d);
    return n / d;
}
constexpr u64 div64_u64_rem(u64 n, u64 d, u64* remainder) noexcept {
    *remainder = n % d;
    return n / d;
}
[[nodiscard]] constexpr u64 mul_u32_u32(u32 a, u32 b) noexcept { return u64{a} * b; }
__extension__ typedef unsigned __int128 bottomhalf_u128;
/// The product has 128 bits on its way.
[[nodiscard]] constexpr u64 mul_u64_u64_div_u64(u64 a, u64 b, u64 c) noexcept {
    return static_cast<u64>(static_cast<bottomhalf_u128>(a) * b / c);
}
[[nodiscard]] constexpr u64 mul_u64_u32_div(u64 a, u32 mul, u32 d) noexcept { return mul_u64_u64_div_u64(a, mul, d); }
[[nodiscard]] constexpr u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift) noexcept {
    return static_cast<u64>(static_cast<bottomhalf_u128>(a) * mul >> shift);
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::div64_long;
using bottomhalf::linux6::div64_s64;
using bottomhalf::linux6::div64_u64;
using bottomhalf::linux6::div64_u64_rem;
using bottomhalf::linux6::div64_ul;
using bottomhalf::linux6::div_s64;
using bottomhalf::linux6::div_s64_rem;
using bottomhalf::linux6::div_u64;
using bottomhalf::linux6::div_u64_rem;
using bottomhalf::linux6::do_div;
using bottomhalf::linux6::mul_u32_u32;
using bottomhalf::linux6::mul_u64_u32_div;
using bottomhalf::linux6::mul_u64_u32_shr;
using bottomhalf::linux6::mul_u64_u64_div_u64;

#define DIV64_U64_ROUND_UP(n, d) div64_u64((n) + (d)-1, d)
#define DIV64_U64_ROUND_CLOSEST(n, d) div64_u64((n) + (d) / 2, d)
#define DIV_U64_ROUND_UP(n, d) div_u64((n) + (d)-1, d)
