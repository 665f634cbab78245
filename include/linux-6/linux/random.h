// SPDX-License-Identifier: MIT
// <linux/random.h>: numbers that nobody can guess; in the simulator those of its seed, the same in every run.
#pragma once

#include <cstring>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Context: any.
[[nodiscard]] inline u64 get_random_u64() noexcept { return engine::random(); }
[[nodiscard]] inline u32 get_random_u32() noexcept { return static_cast<u32>(engine::random()); }
[[nodiscard]] inline u16 get_random_u16() noexcept { return static_cast<u16>(engine::random()); }
[[nodiscard]] inline u8 get_random_u8() noexcept { return static_cast<u8>(engine::random()); }
[[nodiscard]] inline unsigned int get_random_int() noexcept { return get_random_u32(); }
[[nodiscard]] inline unsigned long get_random_long() noexcept { return get_random_u64(); }
/// Below `ceil`, each as likely.  Of 0: any.
[[nodiscard]] inline u32 get_random_u32_below(u32 ceil) noexcept {
    if (ceil == 0) return get_random_u32();
    const u64 fair = (u64{1} << 32) / ceil * ceil;   // what is above it would favour the small ones
    u64 n = get_random_u32();
    while (n >= fair) n = get_random_u32();
    return static_cast<u32>(n % ceil);
}
[[nodiscard]] inline u32 get_random_u32_above(u32 floor) noexcept {
    return floor + 1 + get_random_u32_below(~u32{0} - floor);
}
[[nodiscard]] inline u32 get_random_u32_inclusive(u32 floor, u32 ceil) noexcept {
    return floor + get_random_u32_below(ceil - floor + 1);
}
inline void get_random_bytes(void* to, std::size_t n) noexcept {
    for (auto* p = static_cast<unsigned char*>(to); n != 0;) {
        const std::uint64_t word = engine::random();
        const std::size_t some = n < sizeof word ? n : sizeof word;
        std::memcpy(p, &word, some);
        p += some;
        n -= some;
    }
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::get_random_bytes;
using bottomhalf::linux6::get_random_int;
using bottomhalf::linux6::get_random_long;
using bottomhalf::linux6::get_random_u16;
using bottomhalf::linux6::get_random_u32;
using bottomhalf::linux6::get_random_u32_above;
using bottomhalf::linux6::get_random_u32_below;
using bottomhalf::linux6::get_random_u32_inclusive;
using bottomhalf::linux6::get_random_u64;
using bottomhalf::linux6::get_random_u8;

#define prandom_u32() get_random_u32()
#define prandom_u32_max(ceil) get_random_u32_below(ceil)
#define prandom_bytes(to, n) get_random_bytes(to, n)
