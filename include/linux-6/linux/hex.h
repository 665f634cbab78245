// SPDX-License-Identifier: MIT
// <linux/hex.h>: bytes as hexadecimal text, and back.
#pragma once

#include <linux/kstrtox.h>
#include <linux/printk.h>

namespace bottomhalf::linux6 {

/// Return: -1 if it is no digit.
[[nodiscard]] constexpr int hex_to_bin(unsigned char c) noexcept {
    const unsigned int d = kstrtox_impl::digit(static_cast<char>(c));
    return d < 16 ? static_cast<int>(d) : -1;
}
/// Return: 0, or -EINVAL.
inline int hex2bin(u8* to, const char* from, std::size_t count) noexcept {
    for (; count != 0; --count, from += 2) {
        const int high = hex_to_bin(static_cast<unsigned char>(from[0]));
        const int low = high < 0 ? -1 : hex_to_bin(static_cast<unsigned char>(from[1]));
        if (low < 0) return -EINVAL;
        *to++ = static_cast<u8>(high << 4 | low);
    }
    return 0;
}
/// Return: behind the text, which it does not terminate.
inline char* bin2hex(char* to, const void* from, std::size_t count) noexcept {
    for (const auto* p = static_cast<const unsigned char*>(from); count != 0; --count, ++p) {
        *to++ = hex_asc[*p >> 4];
        *to++ = hex_asc[*p & 15];
    }
    return to;
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bin2hex;
using bottomhalf::linux6::hex2bin;
using bottomhalf::linux6::hex_to_bin;
