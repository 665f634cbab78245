// SPDX-License-Identifier: MIT
// <linux/hash.h>: numbers and addresses as indices of a table.  Multiplication by the golden ratio; the high bits count.
#pragma once

#include <linux/types.h>

namespace bottomhalf::linux6 {

inline constexpr u32 GOLDEN_RATIO_32 = 0x61C88647;
inline constexpr u64 GOLDEN_RATIO_64 = 0x61C8864680B583EBULL;

[[nodiscard]] constexpr u32 hash_32(u32 val, unsigned int bits) noexcept {
    return val * GOLDEN_RATIO_32 >> (32 - bits);
}
[[nodiscard]] constexpr u32 hash_64(u64 val, unsigned int bits) noexcept {
    return static_cast<u32>(val * GOLDEN_RATIO_64 >> (64 - bits));
}
[[nodiscard]] constexpr u32 hash_long(unsigned long val, unsigned int bits) noexcept { return hash_64(val, bits); }
[[nodiscard]] inline u32 hash_ptr(const void* p, unsigned int bits) noexcept {
    return hash_long(reinterpret_cast<unsigned long>(p), bits);
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::GOLDEN_RATIO_32;
using bottomhalf::linux6::GOLDEN_RATIO_64;
using bottomhalf::linux6::hash_32;
using bottomhalf::linux6::hash_64;
using bottomhalf::linux6::hash_long;
using bottomhalf::linux6::hash_ptr;
