// SPDX-License-Identifier: MIT
// jiffies.hpp: the arithmetic of ticks.  Pure; the clock itself belongs to the machine.
//
// jiffies_t wraps on purpose, so two of them are never compared with < but with time_after() and its family, which are
// right within half the range.  HZ is a build parameter; jiffies start 5 minutes before the wrap of 32 bits, as the
// kernel's do, so that code which compares wrongly fails soon.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>

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

// ---- counters of a fixed width --------------------------------------------------------------------------------------

[[nodiscard]] constexpr bool time_after64(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::int64_t>(b - a) < 0;
}
[[nodiscard]] constexpr bool time_before64(std::uint64_t a, std::uint64_t b) noexcept { return time_after64(b, a); }
[[nodiscard]] constexpr bool time_after_eq64(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::int64_t>(a - b) >= 0;
}
[[nodiscard]] constexpr bool time_before_eq64(std::uint64_t a, std::uint64_t b) noexcept {
    return time_after_eq64(b, a);
}
/// The lower halves only.
[[nodiscard]] constexpr bool time_after32(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(b) - static_cast<std::uint32_t>(a)) < 0;
}
[[nodiscard]] constexpr bool time_before32(std::uint64_t a, std::uint64_t b) noexcept { return time_after32(b, a); }
/// Does `t` come in low..high, counting up from `low`?
[[nodiscard]] constexpr bool time_between32(std::uint64_t low, std::uint64_t high, std::uint64_t t) noexcept {
    return static_cast<std::uint32_t>(high) - static_cast<std::uint32_t>(low) >=
           static_cast<std::uint32_t>(t) - static_cast<std::uint32_t>(low);
}

// ---- ranges: both ends in, or the upper one out ---------------------------------------------------------------------

[[nodiscard]] constexpr bool time_in_range(jiffies_t a, jiffies_t from, jiffies_t to) noexcept {
    return time_after_eq(a, from) && time_before_eq(a, to);
}
[[nodiscard]] constexpr bool time_in_range_open(jiffies_t a, jiffies_t from, jiffies_t to) noexcept {
    return time_after_eq(a, from) && time_before(a, to);
}
[[nodiscard]] constexpr bool time_in_range64(std::uint64_t a, std::uint64_t from, std::uint64_t to) noexcept {
    return time_after_eq64(a, from) && time_before_eq64(a, to);
}

// ---- conversions ----------------------------------------------------------------------------------------------------
//
// The kernel's rounding, also where it is not what one would expect: to ticks, milliseconds and microseconds round up and
// nanoseconds down; from ticks, what does not fit is cut off.

namespace detail {
/// ms and us per tick as fractions: whole numbers for most values of hz, but not for all (128, 512).
inline constexpr unsigned long ms_num = 1'000 / std::gcd(1'000UL, hz), ms_den = hz / std::gcd(1'000UL, hz);
inline constexpr unsigned long us_num = 1'000'000 / std::gcd(1'000'000UL, hz), us_den = hz / std::gcd(1'000'000UL, hz);
}   // namespace detail

[[nodiscard]] constexpr unsigned int jiffies_to_msecs(jiffies_t j) noexcept {
    return static_cast<unsigned int>((j * detail::ms_num + detail::ms_den - 1) / detail::ms_den);
}
[[nodiscard]] constexpr unsigned int jiffies_to_usecs(jiffies_t j) noexcept {
    return static_cast<unsigned int>(j * detail::us_num / detail::us_den);
}
/// By way of jiffies_to_usecs(), as in the kernel: right for the first 71 minutes.  jiffies64_to_nsecs() is for more.
[[nodiscard]] constexpr unsigned long long jiffies_to_nsecs(jiffies_t j) noexcept {
    return jiffies_to_usecs(j) * 1000ULL;
}
[[nodiscard]] constexpr unsigned long long jiffies64_to_msecs(std::uint64_t j) noexcept {
    return j * detail::ms_num / detail::ms_den;
}
[[nodiscard]] constexpr unsigned long long jiffies64_to_nsecs(std::uint64_t j) noexcept {
    return j * static_cast<std::uint64_t>(tick_ns);
}
[[nodiscard]] constexpr unsigned int jiffies_delta_to_msecs(long delta) noexcept {
    return delta < 0 ? 0 : jiffies_to_msecs(static_cast<jiffies_t>(delta));
}

/// Milliseconds to ticks, rounded up: never less than asked for.  A value negative as int means "for ever".
[[nodiscard]] constexpr jiffies_t msecs_to_jiffies(unsigned int m) noexcept {
    if (static_cast<int>(m) < 0) return max_jiffy_offset;
    return (static_cast<unsigned long>(m) * hz + 999) / 1000;
}
/// The last few thousand values below 2^32, -1 among them, mean "for ever": more than what jiffies_to_usecs() makes of
/// max_jiffy_offset.
[[nodiscard]] constexpr jiffies_t usecs_to_jiffies(unsigned int u) noexcept {
    if (u > jiffies_to_usecs(max_jiffy_offset)) return max_jiffy_offset;
    return (static_cast<unsigned long>(u) * hz + 999'999) / 1'000'000;
}
/// Whole ticks that have passed: rounded down.
[[nodiscard]] constexpr unsigned long long nsecs_to_jiffies64(std::uint64_t n) noexcept {
    return n / static_cast<std::uint64_t>(tick_ns);
}
[[nodiscard]] constexpr jiffies_t nsecs_to_jiffies(std::uint64_t n) noexcept {
    return static_cast<jiffies_t>(nsecs_to_jiffies64(n));
}
[[nodiscard]] constexpr jiffies_t secs_to_jiffies(unsigned long s) noexcept { return s * hz; }
static_assert(hz != 250 || (msecs_to_jiffies(1) == 1 && msecs_to_jiffies(5) == 2 && msecs_to_jiffies(0) == 0));

namespace detail {
/// From here on seconds are "for ever", negative ones too.  Source: MAX_SEC_IN_JIFFIES, include/linux/jiffies.h, whose
/// scaled arithmetic must not overflow.
inline constexpr std::uint64_t max_sec_in_jiffies = [] {
    const int scale = 31 - static_cast<int>(std::bit_width(hz * 2 / 3));
    const std::uint64_t ns = (max_jiffy_offset >> scale) * static_cast<std::uint64_t>(tick_ns);
    return ns / 1'000'000'000 * 2 + (ns % 1'000'000'000 * 2 + 500'000'000) / 1'000'000'000 - 1;
}();
/// Seconds and nanoseconds to ticks, rounded up: timespec64_to_jiffies() and its family.
[[nodiscard]] constexpr jiffies_t timespec_to_jiffies(std::int64_t sec, long nsec) noexcept {
    if (static_cast<std::uint64_t>(sec) >= max_sec_in_jiffies) return max_sec_in_jiffies * hz;
    constexpr std::uint64_t tick = tick_ns;
    return static_cast<jiffies_t>(sec) * hz +
           static_cast<jiffies_t>((static_cast<std::uint64_t>(nsec) + tick - 1) / tick);
}
}   // namespace detail

/// Ticks of user space's, in which times(2) and /proc count.
inline constexpr unsigned long user_hz = 100;

namespace detail {
/// A clock_t's length in ns, and whether a tick is a whole number of them.
inline constexpr std::uint64_t clock_ns = 1'000'000'000 / user_hz;
inline constexpr bool whole_clocks = static_cast<std::uint64_t>(tick_ns) % clock_ns == 0;
}   // namespace detail

/// Rounded down.
[[nodiscard]] constexpr unsigned long long jiffies_64_to_clock_t(std::uint64_t j) noexcept {
    if (detail::whole_clocks) return j * (static_cast<std::uint64_t>(tick_ns) / detail::clock_ns);
    return j * static_cast<std::uint64_t>(tick_ns) / detail::clock_ns;
}
[[nodiscard]] constexpr long jiffies_to_clock_t(jiffies_t j) noexcept {
    return static_cast<long>(jiffies_64_to_clock_t(j));
}
[[nodiscard]] constexpr long jiffies_delta_to_clock_t(long delta) noexcept {
    return delta < 0 ? 0 : jiffies_to_clock_t(static_cast<jiffies_t>(delta));
}
/// Return: ~0 for what no jiffies_t can hold.
[[nodiscard]] constexpr jiffies_t clock_t_to_jiffies(unsigned long x) noexcept {
    constexpr jiffies_t most = std::numeric_limits<jiffies_t>::max();
    if (hz % user_hz == 0) {
        constexpr unsigned long per_clock = hz / user_hz != 0 ? hz / user_hz : 1;
        return x >= most / per_clock ? most : x * per_clock;
    }
    return x >= most / hz * user_hz ? most : static_cast<jiffies_t>(std::uint64_t{x} * hz / user_hz);
}

/// To a whole second, so that timers which need no precision fire together; less than a quarter of one goes down unless
/// `up`.  Each CPU's seconds begin 3 ticks before those of the one before.
/// Return: `j` as it is, if what it was rounded to is not after `now`.
/// Source: round_jiffies_common(), kernel/time/timer.c.
[[nodiscard]] constexpr jiffies_t round_jiffies(jiffies_t j, unsigned cpu, bool up, jiffies_t now) noexcept {
    const jiffies_t skew = cpu * 3UL;
    const jiffies_t skewed = j + skew;
    const jiffies_t rest = skewed % hz;
    const jiffies_t second = skewed - rest + (rest < hz / 4 && !up ? 0 : hz);
    return time_after(second - skew, now) ? second - skew : j;
}

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
