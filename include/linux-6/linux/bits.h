// SPDX-License-Identifier: MIT
// <linux/bits.h>: one bit, and bits h to l, both included.
#pragma once

#include <climits>

namespace bottomhalf::linux6 {

inline constexpr int BITS_PER_LONG = CHAR_BIT * sizeof(long);
inline constexpr int BITS_PER_LONG_LONG = CHAR_BIT * sizeof(long long);
inline constexpr int BITS_PER_BYTE = CHAR_BIT;

/// Of constants that are the wrong way round, or too large, the compiler says so.
template <class T>
[[nodiscard]] constexpr T bottomhalf_genmask(unsigned int h, unsigned int l) noexcept {
    return static_cast<T>((~T{0} << l) & (~T{0} >> (CHAR_BIT * sizeof(T) - 1 - h)));
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::BITS_PER_BYTE;
using bottomhalf::linux6::BITS_PER_LONG;
using bottomhalf::linux6::BITS_PER_LONG_LONG;

#define BIT(nr) (1UL << (nr))
#define BIT_ULL(nr) (1ULL << (nr))
#define BIT_MASK(nr) (1UL << ((nr) % static_cast<unsigned int>(BITS_PER_LONG)))
#define BIT_WORD(nr) ((nr) / static_cast<unsigned int>(BITS_PER_LONG))
#define BIT_ULL_MASK(nr) (1ULL << ((nr) % static_cast<unsigned int>(BITS_PER_LONG_LONG)))
#define BIT_ULL_WORD(nr) ((nr) / static_cast<unsigned int>(BITS_PER_LONG_LONG))
#define BITS_PER_TYPE(type) (sizeof(type) * CHAR_BIT)
#define BITS_TO_LONGS(nr) (((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BITS_TO_U64(nr) (((nr) + 63) / 64)
#define BITS_TO_U32(nr) (((nr) + 31) / 32)
#define BITS_TO_BYTES(nr) (((nr) + 7) / 8)
#define GENMASK(h, l) \
    ::bottomhalf::linux6::bottomhalf_genmask<unsigned long>(static_cast<unsigned int>(h), static_cast<unsigned int>(l))
#define GENMASK_ULL(h, l)                                                                      \
    ::bottomhalf::linux6::bottomhalf_genmask<unsigned long long>(static_cast<unsigned int>(h), \
                                                                 static_cast<unsigned int>(l))
