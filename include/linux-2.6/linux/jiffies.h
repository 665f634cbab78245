// SPDX-License-Identifier: MIT
// <linux/jiffies.h>: ticks, their comparison, and their conversion.
//
// `jiffies` is a real volatile unsigned long.  It moves from the first use of the facade on; comparing it counts as
// one.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/time.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::clock_t_to_jiffies;
using bottomhalf::jiffies64_to_msecs;
using bottomhalf::jiffies64_to_nsecs;
using bottomhalf::jiffies_64_to_clock_t;
using bottomhalf::jiffies_delta_to_clock_t;
using bottomhalf::jiffies_delta_to_msecs;
using bottomhalf::jiffies_to_clock_t;
using bottomhalf::jiffies_to_msecs;
using bottomhalf::jiffies_to_nsecs;
using bottomhalf::jiffies_to_usecs;
using bottomhalf::msecs_to_jiffies;
using bottomhalf::nsecs_to_jiffies;
using bottomhalf::nsecs_to_jiffies64;
using bottomhalf::time_after32;
using bottomhalf::time_after64;
using bottomhalf::time_after_eq64;
using bottomhalf::time_before32;
using bottomhalf::time_before64;
using bottomhalf::time_before_eq64;
using bottomhalf::time_between32;
using bottomhalf::time_in_range64;
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
constexpr bool time_in_range(unsigned long a, unsigned long from, unsigned long to,
                             location at = location::current()) noexcept {
    return time_after_eq(a, from, at) && time_before_eq(a, to, at);
}
constexpr bool time_in_range_open(unsigned long a, unsigned long from, unsigned long to,
                                  location at = location::current()) noexcept {
    return time_after_eq(a, from, at) && time_before(a, to, at);
}

/// The tick by the clock, also where nobody has used the facade yet.
inline u64 get_jiffies_64(location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    return m != nullptr ? m->time().jiffies() : jiffies;
}

inline bool time_is_before_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_after(static_cast<unsigned long>(get_jiffies_64(at)), a);
}
inline bool time_is_after_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_before(static_cast<unsigned long>(get_jiffies_64(at)), a);
}
inline bool time_is_before_eq_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_after_eq(static_cast<unsigned long>(get_jiffies_64(at)), a);
}
inline bool time_is_after_eq_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_before_eq(static_cast<unsigned long>(get_jiffies_64(at)), a);
}
inline bool time_is_before_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_after64(get_jiffies_64(at), a);
}
inline bool time_is_after_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_before64(get_jiffies_64(at), a);
}
inline bool time_is_before_eq_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_after_eq64(get_jiffies_64(at), a);
}
inline bool time_is_after_eq_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_before_eq64(get_jiffies_64(at), a);
}

// Seconds and a fraction: to ticks rounded up, to microseconds down.
inline unsigned long timespec_to_jiffies(const struct ::timespec* value) noexcept {
    return bottomhalf::detail::timespec_to_jiffies(value->tv_sec, value->tv_nsec);
}
/// Differs: exact; the kernel's came out a tick longer now and then.
inline unsigned long timeval_to_jiffies(const struct ::timeval* value) noexcept {
    return bottomhalf::detail::timespec_to_jiffies(value->tv_sec, value->tv_usec * 1000);
}
inline void jiffies_to_timespec(unsigned long ticks, struct ::timespec* value) noexcept {
    const u64 ns = jiffies64_to_nsecs(ticks);
    value->tv_sec = static_cast<::time_t>(ns / 1'000'000'000);
    value->tv_nsec = static_cast<long>(ns % 1'000'000'000);
}
inline void jiffies_to_timeval(unsigned long ticks, struct ::timeval* value) noexcept {
    const u64 ns = jiffies64_to_nsecs(ticks);
    value->tv_sec = static_cast<::time_t>(ns / 1'000'000'000);
    value->tv_usec = static_cast<::suseconds_t>(ns % 1'000'000'000 / 1000);
}

namespace impl {
inline int cpu_for_rounding(location at) noexcept {
    machine_t* m = machine(at);
    return m != nullptr ? static_cast<int>(ops::this_cpu(m->nr_cpus())) : 0;
}
}   // namespace impl

// To a whole second of the caller's CPU, or of `cpu`; relative ones from now, and back.
inline unsigned long __round_jiffies(unsigned long j, int cpu, location at = location::current()) noexcept {
    return bottomhalf::round_jiffies(j, static_cast<unsigned>(cpu), false, get_jiffies_64(at));
}
inline unsigned long __round_jiffies_up(unsigned long j, int cpu, location at = location::current()) noexcept {
    return bottomhalf::round_jiffies(j, static_cast<unsigned>(cpu), true, get_jiffies_64(at));
}
inline unsigned long __round_jiffies_relative(unsigned long j, int cpu, location at = location::current()) noexcept {
    const unsigned long now = get_jiffies_64(at);
    return bottomhalf::round_jiffies(now + j, static_cast<unsigned>(cpu), false, now) - now;
}
inline unsigned long __round_jiffies_up_relative(unsigned long j, int cpu, location at = location::current()) noexcept {
    const unsigned long now = get_jiffies_64(at);
    return bottomhalf::round_jiffies(now + j, static_cast<unsigned>(cpu), true, now) - now;
}
inline unsigned long round_jiffies(unsigned long j, location at = location::current()) noexcept {
    return __round_jiffies(j, impl::cpu_for_rounding(at), at);
}
inline unsigned long round_jiffies_up(unsigned long j, location at = location::current()) noexcept {
    return __round_jiffies_up(j, impl::cpu_for_rounding(at), at);
}
inline unsigned long round_jiffies_relative(unsigned long j, location at = location::current()) noexcept {
    return __round_jiffies_relative(j, impl::cpu_for_rounding(at), at);
}
inline unsigned long round_jiffies_up_relative(unsigned long j, location at = location::current()) noexcept {
    return __round_jiffies_up_relative(j, impl::cpu_for_rounding(at), at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::clock_t_to_jiffies;
using bottomhalf::linux26::get_jiffies_64;
using bottomhalf::linux26::jiffies64_to_msecs;
using bottomhalf::linux26::jiffies64_to_nsecs;
using bottomhalf::linux26::jiffies_64_to_clock_t;
using bottomhalf::linux26::jiffies_delta_to_clock_t;
using bottomhalf::linux26::jiffies_delta_to_msecs;
using bottomhalf::linux26::jiffies_to_clock_t;
using bottomhalf::linux26::jiffies_to_msecs;
using bottomhalf::linux26::jiffies_to_nsecs;
using bottomhalf::linux26::jiffies_to_timespec;
using bottomhalf::linux26::jiffies_to_timeval;
using bottomhalf::linux26::jiffies_to_usecs;
using bottomhalf::linux26::msecs_to_jiffies;
using bottomhalf::linux26::nsecs_to_jiffies;
using bottomhalf::linux26::nsecs_to_jiffies64;
using bottomhalf::linux26::__round_jiffies;
using bottomhalf::linux26::round_jiffies;
using bottomhalf::linux26::__round_jiffies_relative;
using bottomhalf::linux26::round_jiffies_relative;
using bottomhalf::linux26::__round_jiffies_up;
using bottomhalf::linux26::round_jiffies_up;
using bottomhalf::linux26::__round_jiffies_up_relative;
using bottomhalf::linux26::round_jiffies_up_relative;
using bottomhalf::linux26::time_after;
using bottomhalf::linux26::time_after32;
using bottomhalf::linux26::time_after64;
using bottomhalf::linux26::time_after_eq;
using bottomhalf::linux26::time_after_eq64;
using bottomhalf::linux26::time_before;
using bottomhalf::linux26::time_before32;
using bottomhalf::linux26::time_before64;
using bottomhalf::linux26::time_before_eq;
using bottomhalf::linux26::time_before_eq64;
using bottomhalf::linux26::time_between32;
using bottomhalf::linux26::time_in_range;
using bottomhalf::linux26::time_in_range64;
using bottomhalf::linux26::time_in_range_open;
using bottomhalf::linux26::time_is_after_eq_jiffies;
using bottomhalf::linux26::time_is_after_eq_jiffies64;
using bottomhalf::linux26::time_is_after_jiffies;
using bottomhalf::linux26::time_is_after_jiffies64;
using bottomhalf::linux26::time_is_before_eq_jiffies;
using bottomhalf::linux26::time_is_before_eq_jiffies64;
using bottomhalf::linux26::time_is_before_jiffies;
using bottomhalf::linux26::time_is_before_jiffies64;
using bottomhalf::linux26::timespec_to_jiffies;
using bottomhalf::linux26::timeval_to_jiffies;
using bottomhalf::linux26::usecs_to_jiffies;

#define INITIAL_JIFFIES (::bottomhalf::initial_jiffies)
#define MAX_JIFFY_OFFSET (::bottomhalf::max_jiffy_offset)
#define TICK_NSEC (static_cast<unsigned long>(::bottomhalf::tick_ns))
#undef USER_HZ
#define USER_HZ 100
