// SPDX-License-Identifier: MIT
// <linux/jiffies.h>: the tick counter, how to compare it, and how to convert it.
//
// The variable rests while nobody is awake to read it; what asks for the present here asks the clock.
#pragma once

#include <type_traits>

#include <linux/bottomhalf.h>
#include <linux/limits.h>
#include <linux/time64.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
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
using bottomhalf::secs_to_jiffies;
using bottomhalf::time_after32;
using bottomhalf::time_after64;
using bottomhalf::time_after_eq64;
using bottomhalf::time_before32;
using bottomhalf::time_before64;
using bottomhalf::time_before_eq64;
using bottomhalf::time_between32;
using bottomhalf::time_in_range;
using bottomhalf::time_in_range64;
using bottomhalf::time_in_range_open;
using bottomhalf::usecs_to_jiffies;
using ::bottomhalf::BOTTOMHALF_ENGINE::jiffies;

inline constexpr unsigned long MAX_JIFFY_OFFSET = max_jiffy_offset;
inline constexpr unsigned long INITIAL_JIFFIES = initial_jiffies;
inline constexpr unsigned long TICK_NSEC = static_cast<unsigned long>(tick_ns);

namespace impl {
/// A timer's function may have begun long ago.
inline void let_jiffies_tick(location at) noexcept {
    if (here::in_task()) {
        up(at);
        engine::poll_time();   // it may be a signal handler, on a thread that sleeps
    } else if (here::in_serving_softirq()) {
        default_machine_of<engine>().time().catch_up();
    }
}
}   // namespace impl

/// Is `a` later than `b`?  Right within half the range, across the wrap.  Whoever compares jiffies wants them to move, so this
/// boots the machine, as the facade's other calls do.
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

/// The tick by the clock.  Context: as bottomhalf_boot() the first time, any from then on.
[[nodiscard]] inline u64 get_jiffies_64(location at = location::current()) noexcept {
    const timekeeper<engine>* clock = impl::clock(at);
    return clock != nullptr ? clock->jiffies() : jiffies;
}
/// The same under the name of the kernel's variable.  Read only.
struct bottomhalf_jiffies_64 {
    operator u64() const noexcept { return get_jiffies_64(); }   // NOLINT: it stands for the number
};
inline constexpr bottomhalf_jiffies_64 jiffies_64{};
[[nodiscard]] inline bool time_is_before_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_after(get_jiffies_64(at), a);
}
[[nodiscard]] inline bool time_is_after_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_before(get_jiffies_64(at), a);
}
[[nodiscard]] inline bool time_is_before_eq_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_after_eq(get_jiffies_64(at), a);
}
[[nodiscard]] inline bool time_is_after_eq_jiffies(unsigned long a, location at = location::current()) noexcept {
    return bottomhalf::time_before_eq(get_jiffies_64(at), a);
}
[[nodiscard]] inline bool time_is_before_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_after64(get_jiffies_64(at), a);
}
[[nodiscard]] inline bool time_is_after_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_before64(get_jiffies_64(at), a);
}
[[nodiscard]] inline bool time_is_before_eq_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_after_eq64(get_jiffies_64(at), a);
}
[[nodiscard]] inline bool time_is_after_eq_jiffies64(u64 a, location at = location::current()) noexcept {
    return bottomhalf::time_before_eq64(get_jiffies_64(at), a);
}

/// Rounded up.
[[nodiscard]] inline unsigned long timespec64_to_jiffies(const struct timespec64* value) noexcept {
    return bottomhalf::detail::timespec_to_jiffies(value->tv_sec, value->tv_nsec);
}
inline void jiffies_to_timespec64(unsigned long ticks, struct timespec64* value) noexcept {
    *value = ns_to_timespec64(static_cast<long long>(jiffies64_to_nsecs(ticks)));
}

// To a whole second of the caller's CPU, or of `cpu`; relative ones from now, and back.
[[nodiscard]] inline unsigned long __round_jiffies(unsigned long j, int cpu,
                                                   location at = location::current()) noexcept {
    return bottomhalf::round_jiffies(j, static_cast<unsigned>(cpu), false, get_jiffies_64(at));
}
[[nodiscard]] inline unsigned long __round_jiffies_up(unsigned long j, int cpu,
                                                      location at = location::current()) noexcept {
    return bottomhalf::round_jiffies(j, static_cast<unsigned>(cpu), true, get_jiffies_64(at));
}
[[nodiscard]] inline unsigned long __round_jiffies_relative(unsigned long j, int cpu,
                                                            location at = location::current()) noexcept {
    const unsigned long now = get_jiffies_64(at);
    return bottomhalf::round_jiffies(now + j, static_cast<unsigned>(cpu), false, now) - now;
}
[[nodiscard]] inline unsigned long __round_jiffies_up_relative(unsigned long j, int cpu,
                                                               location at = location::current()) noexcept {
    const unsigned long now = get_jiffies_64(at);
    return bottomhalf::round_jiffies(now + j, static_cast<unsigned>(cpu), true, now) - now;
}
[[nodiscard]] inline unsigned long round_jiffies(unsigned long j, location at = location::current()) noexcept {
    return __round_jiffies(j, static_cast<int>(impl::this_cpu(at)), at);
}
[[nodiscard]] inline unsigned long round_jiffies_up(unsigned long j, location at = location::current()) noexcept {
    return __round_jiffies_up(j, static_cast<int>(impl::this_cpu(at)), at);
}
[[nodiscard]] inline unsigned long round_jiffies_relative(unsigned long j, location at = location::current()) noexcept {
    return __round_jiffies_relative(j, static_cast<int>(impl::this_cpu(at)), at);
}
[[nodiscard]] inline unsigned long round_jiffies_up_relative(unsigned long j,
                                                             location at = location::current()) noexcept {
    return __round_jiffies_up_relative(j, static_cast<int>(impl::this_cpu(at)), at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::clock_t_to_jiffies;
using bottomhalf::linux6::get_jiffies_64;
using bottomhalf::linux6::INITIAL_JIFFIES;
using bottomhalf::linux6::jiffies;
using bottomhalf::linux6::jiffies64_to_msecs;
using bottomhalf::linux6::jiffies64_to_nsecs;
using bottomhalf::linux6::jiffies_64_to_clock_t;
using bottomhalf::linux6::jiffies_delta_to_clock_t;
using bottomhalf::linux6::jiffies_delta_to_msecs;
using bottomhalf::linux6::jiffies_to_clock_t;
using bottomhalf::linux6::jiffies_to_msecs;
using bottomhalf::linux6::jiffies_to_nsecs;
using bottomhalf::linux6::jiffies_to_timespec64;
using bottomhalf::linux6::jiffies_to_usecs;
using bottomhalf::linux6::MAX_JIFFY_OFFSET;
using bottomhalf::linux6::msecs_to_jiffies;
using bottomhalf::linux6::nsecs_to_jiffies;
using bottomhalf::linux6::nsecs_to_jiffies64;
using bottomhalf::linux6::__round_jiffies;
using bottomhalf::linux6::round_jiffies;
using bottomhalf::linux6::__round_jiffies_relative;
using bottomhalf::linux6::round_jiffies_relative;
using bottomhalf::linux6::__round_jiffies_up;
using bottomhalf::linux6::round_jiffies_up;
using bottomhalf::linux6::__round_jiffies_up_relative;
using bottomhalf::linux6::round_jiffies_up_relative;
using bottomhalf::linux6::secs_to_jiffies;
using bottomhalf::linux6::TICK_NSEC;
using bottomhalf::linux6::time_after;
using bottomhalf::linux6::time_after32;
using bottomhalf::linux6::jiffies_64;
using bottomhalf::linux6::time_after64;
using bottomhalf::linux6::time_after_eq;
using bottomhalf::linux6::time_after_eq64;
using bottomhalf::linux6::time_before;
using bottomhalf::linux6::time_before32;
using bottomhalf::linux6::time_before64;
using bottomhalf::linux6::time_before_eq;
using bottomhalf::linux6::time_before_eq64;
using bottomhalf::linux6::time_between32;
using bottomhalf::linux6::time_in_range;
using bottomhalf::linux6::time_in_range64;
using bottomhalf::linux6::time_in_range_open;
using bottomhalf::linux6::time_is_after_eq_jiffies;
using bottomhalf::linux6::time_is_after_eq_jiffies64;
using bottomhalf::linux6::time_is_after_jiffies;
using bottomhalf::linux6::time_is_after_jiffies64;
using bottomhalf::linux6::time_is_before_eq_jiffies;
using bottomhalf::linux6::time_is_before_eq_jiffies64;
using bottomhalf::linux6::time_is_before_jiffies;
using bottomhalf::linux6::time_is_before_jiffies64;
using bottomhalf::linux6::timespec64_to_jiffies;
using bottomhalf::linux6::usecs_to_jiffies;

#undef HZ   // <sys/param.h> has another one
#define HZ BOTTOMHALF_HZ
#undef USER_HZ
#define USER_HZ 100

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/cache.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time.h>
