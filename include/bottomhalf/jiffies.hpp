// SPDX-License-Identifier: MIT
// jiffies.hpp: the arithmetic of ticks.  Pure; the clock itself belongs to the machine.
//
// jiffies_t wraps on purpose, so two of them are never compared with < but with time_after() and its family, which are
// right within half the range.  HZ is a build parameter; jiffies start 5 minutes before the wrap of 32 bits, as the
// kernel's do, so that code which compares wrongly fails soon.
#pragma once

#include <cstdint>
#include <limits>

#include <bottomhalf/arch/arch.hpp>

#ifndef BOTTOMHALF_HZ
#define BOTTOMHALF_HZ 250
#endif

namespace bottomhalf {

using jiffies_t = unsigned long;

inline constexpr unsigned long hz = BOTTOMHALF_HZ;
static_assert(hz >= 1 && hz <= 1'000'000 && 1'000'000'000UL % hz == 0, "a tick is a whole number of nanoseconds");
inline constexpr arch::ns_t tick_ns = static_cast<arch::ns_t>(1'000'000'000UL / hz);
inline constexpr jiffies_t initial_jiffies = static_cast<unsigned>(-300 * static_cast<int>(hz));
inline constexpr jiffies_t max_jiffy_offset = (std::numeric_limits<unsigned long>::max() >> 2) - 1;

[[nodiscard]] constexpr bool time_after(jiffies_t a, jiffies_t b) noexcept { return static_cast<long>(b - a) < 0; }
[[nodiscard]] constexpr bool time_before(jiffies_t a, jiffies_t b) noexcept { return time_after(b, a); }
[[nodiscard]] constexpr bool time_after_eq(jiffies_t a, jiffies_t b) noexcept { return static_cast<long>(a - b) >= 0; }
[[nodiscard]] constexpr bool time_before_eq(jiffies_t a, jiffies_t b) noexcept { return time_after_eq(b, a); }
static_assert(time_after(2, std::numeric_limits<jiffies_t>::max()), "2 comes after the wrap");

/// Milliseconds to ticks, rounded up: never less than asked for.  A value negative as int means "for ever".
[[nodiscard]] constexpr jiffies_t msecs_to_jiffies(unsigned int m) noexcept {
    if (static_cast<int>(m) < 0) return max_jiffy_offset;
    return (static_cast<unsigned long>(m) * hz + 999) / 1000;
}
[[nodiscard]] constexpr jiffies_t usecs_to_jiffies(unsigned int u) noexcept {
    return (static_cast<unsigned long>(u) * hz + 999'999) / 1'000'000;
}
[[nodiscard]] constexpr unsigned int jiffies_to_msecs(jiffies_t j) noexcept {
    return static_cast<unsigned int>((j * 1000 + hz - 1) / hz);
}
[[nodiscard]] constexpr unsigned int jiffies_to_usecs(jiffies_t j) noexcept {
    return static_cast<unsigned int>(j * (1'000'000 / hz));
}
static_assert(hz != 250 || (msecs_to_jiffies(1) == 1 && msecs_to_jiffies(5) == 2 && msecs_to_jiffies(0) == 0));

/// Jiffies as a function of the clock, for a machine that booted at `boot`.
struct tick_clock {
    arch::ns_t boot = 0;

    [[nodiscard]] jiffies_t at(arch::ns_t now) const noexcept {
        return initial_jiffies + static_cast<jiffies_t>((now - boot) / tick_ns);
    }
    /// The first tick by which `delay` whole ticks have passed since `now`: "at least delay" in real time, whatever the
    /// phase of the tick.
    [[nodiscard]] jiffies_t after(arch::ns_t now, jiffies_t delay) const noexcept {
        if (delay > max_jiffy_offset) delay = max_jiffy_offset;
        return at(now) + delay + ((now - boot) % tick_ns != 0 ? 1 : 0);
    }
    /// When tick `j` comes on the clock.
    [[nodiscard]] arch::ns_t when(jiffies_t j) const noexcept {
        const auto ticks = static_cast<std::int64_t>(j - initial_jiffies);
        if (ticks <= 0) return boot;
        if (ticks > (arch::forever - boot) / tick_ns - 1) return arch::forever;
        return boot + ticks * tick_ns;
    }
};

}   // namespace bottomhalf
