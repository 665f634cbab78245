// SPDX-License-Identifier: MIT
// <linux/jiffies.h>: the tick counter, how to compare it, and how to convert it.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/limits.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::jiffies_to_msecs;
using bottomhalf::jiffies_to_usecs;
using bottomhalf::msecs_to_jiffies;
using bottomhalf::time_after;
using bottomhalf::time_after_eq;
using bottomhalf::time_before;
using bottomhalf::time_before_eq;
using bottomhalf::usecs_to_jiffies;
using ::bottomhalf::BOTTOMHALF_ENGINE::jiffies;

inline constexpr unsigned long MAX_JIFFY_OFFSET = max_jiffy_offset;
inline constexpr unsigned long INITIAL_JIFFIES = initial_jiffies;

[[nodiscard]] constexpr bool time_in_range(unsigned long a, unsigned long from, unsigned long to) noexcept {
    return time_after_eq(a, from) && time_before_eq(a, to);
}
[[nodiscard]] constexpr bool time_in_range_open(unsigned long a, unsigned long from, unsigned long to) noexcept {
    return time_after_eq(a, from) && time_before(a, to);
}
[[nodiscard]] inline bool time_is_before_jiffies(unsigned long a) noexcept { return time_after(jiffies, a); }
[[nodiscard]] inline bool time_is_after_jiffies(unsigned long a) noexcept { return time_before(jiffies, a); }
[[nodiscard]] inline bool time_is_before_eq_jiffies(unsigned long a) noexcept { return time_after_eq(jiffies, a); }
[[nodiscard]] inline bool time_is_after_eq_jiffies(unsigned long a) noexcept { return time_before_eq(jiffies, a); }
[[nodiscard]] inline u64 get_jiffies_64() noexcept { return jiffies; }

/// To a whole second, so that timers which need no precision fire together; a quarter second and less goes down unless
/// `up`.  Each CPU's seconds begin 3 ticks after those of the one before.  Never into the past.
[[nodiscard]] inline unsigned long bottomhalf_round_jiffies(unsigned long j, unsigned cpu, bool up) noexcept {
    const unsigned long skew = cpu * 3UL;
    unsigned long to = j + skew;
    const unsigned long rest = to % hz;
    to = rest < hz / 4 && !up ? to - rest : to - rest + hz;
    to -= skew;
    return time_is_after_jiffies(to) ? to : j;
}
[[nodiscard]] inline unsigned long round_jiffies(unsigned long j, location at = location::current()) noexcept {
    return bottomhalf_round_jiffies(j, impl::this_cpu(at), false);
}
[[nodiscard]] inline unsigned long round_jiffies_up(unsigned long j, location at = location::current()) noexcept {
    return bottomhalf_round_jiffies(j, impl::this_cpu(at), true);
}
[[nodiscard]] inline unsigned long round_jiffies_relative(unsigned long j, location at = location::current()) noexcept {
    const unsigned long now = jiffies;
    return bottomhalf_round_jiffies(now + j, impl::this_cpu(at), false) - now;
}
[[nodiscard]] inline unsigned long round_jiffies_up_relative(unsigned long j,
                                                             location at = location::current()) noexcept {
    const unsigned long now = jiffies;
    return bottomhalf_round_jiffies(now + j, impl::this_cpu(at), true) - now;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::get_jiffies_64;
using bottomhalf::linux6::INITIAL_JIFFIES;
using bottomhalf::linux6::jiffies;
using bottomhalf::linux6::jiffies_to_msecs;
using bottomhalf::linux6::jiffies_to_usecs;
using bottomhalf::linux6::MAX_JIFFY_OFFSET;
using bottomhalf::linux6::msecs_to_jiffies;
using bottomhalf::linux6::round_jiffies;
using bottomhalf::linux6::round_jiffies_relative;
using bottomhalf::linux6::round_jiffies_up;
using bottomhalf::linux6::round_jiffies_up_relative;
using bottomhalf::linux6::time_after;
using bottomhalf::linux6::time_after_eq;
using bottomhalf::linux6::time_before;
using bottomhalf::linux6::time_before_eq;
using bottomhalf::linux6::time_in_range;
using bottomhalf::linux6::time_in_range_open;
using bottomhalf::linux6::time_is_after_eq_jiffies;
using bottomhalf::linux6::time_is_after_jiffies;
using bottomhalf::linux6::time_is_before_eq_jiffies;
using bottomhalf::linux6::time_is_before_jiffies;
using bottomhalf::linux6::usecs_to_jiffies;

#undef HZ   // <sys/param.h> has another one
#define HZ BOTTOMHALF_HZ
