// SPDX-License-Identifier: MIT
// <linux/jiffies.h>: ticks, their comparison, and their conversion.
//
// `jiffies` is a real volatile unsigned long.  It moves from the first use of the facade on; comparing it counts as
// one.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::jiffies_to_msecs;
using bottomhalf::jiffies_to_usecs;
using bottomhalf::msecs_to_jiffies;
using bottomhalf::usecs_to_jiffies;

/// Is `a` later than `b`?  Right within half the range, across the wrap.
constexpr bool time_after(unsigned long a, unsigned long b, location at = location::current()) noexcept {
    if (!std::is_constant_evaluated()) impl::let_jiffies_tick(at);
    return bottomhalf::time_after(a, b);
}
constexpr bool time_before(unsigned long a, unsigned long b, location at = location::current()) noexcept {
    return time_after(b, a, at);
}
constexpr bool time_after_eq(unsigned long a, unsigned long b, location at = location::current()) noexcept {
    return !time_after(b, a, at);
}
constexpr bool time_before_eq(unsigned long a, unsigned long b, location at = location::current()) noexcept {
    return !time_after(a, b, at);
}
constexpr bool time_in_range(unsigned long a, unsigned long from, unsigned long to) noexcept {
    return time_after_eq(a, from) && time_before_eq(a, to);
}

/// The tick by the clock, also where nobody has used the facade yet.
inline u64 get_jiffies_64(location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    return m != nullptr ? m->time().jiffies() : jiffies;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::get_jiffies_64;
using bottomhalf::linux26::jiffies_to_msecs;
using bottomhalf::linux26::jiffies_to_usecs;
using bottomhalf::linux26::msecs_to_jiffies;
using bottomhalf::linux26::time_after;
using bottomhalf::linux26::time_after_eq;
using bottomhalf::linux26::time_before;
using bottomhalf::linux26::time_before_eq;
using bottomhalf::linux26::time_in_range;
using bottomhalf::linux26::usecs_to_jiffies;

#define INITIAL_JIFFIES (::bottomhalf::initial_jiffies)
#define MAX_JIFFY_OFFSET (::bottomhalf::max_jiffy_offset)
