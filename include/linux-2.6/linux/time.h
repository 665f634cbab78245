// SPDX-License-Identifier: MIT
// <linux/time.h>: seconds with a fraction, and the time of day.
//
// struct timespec, struct timeval and struct tm are libc's, with its own functions beside ours.  The time of day is the
// engine's wall clock; nobody sets it from here.
#pragma once

#include <sys/time.h>
#include <time.h>

#include <bottomhalf/ktime.hpp>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::FSEC_PER_SEC;
using bottomhalf::MSEC_PER_SEC;
using bottomhalf::NSEC_PER_MSEC;
using bottomhalf::NSEC_PER_SEC;
using bottomhalf::NSEC_PER_USEC;
using bottomhalf::PSEC_PER_NSEC;
using bottomhalf::PSEC_PER_SEC;
using bottomhalf::USEC_PER_MSEC;
using bottomhalf::USEC_PER_SEC;

namespace impl {
constexpr timespec64 wide(const struct ::timespec& t) noexcept { return {t.tv_sec, t.tv_nsec}; }
constexpr struct ::timespec narrow(const timespec64& t) noexcept {
    struct ::timespec narrow {};
    narrow.tv_sec = static_cast<::time_t>(t.tv_sec);
    narrow.tv_nsec = t.tv_nsec;
    return narrow;
}
/// Microseconds, rounded down.
constexpr struct ::timeval in_us(const timespec64& t) noexcept {
    struct ::timeval in_us {};
    in_us.tv_sec = static_cast<::time_t>(t.tv_sec);
    in_us.tv_usec = static_cast<::suseconds_t>(t.tv_nsec / 1000);
    return in_us;
}
}   // namespace impl

constexpr s64 timespec_to_ns(const struct ::timespec* t) noexcept {
    return bottomhalf::detail::wrapping_add(bottomhalf::detail::wrapping_mul(static_cast<u64>(t->tv_sec), NSEC_PER_SEC),
                                            t->tv_nsec);
}
constexpr s64 timeval_to_ns(const struct ::timeval* t) noexcept {
    return bottomhalf::detail::wrapping_add(bottomhalf::detail::wrapping_mul(static_cast<u64>(t->tv_sec), NSEC_PER_SEC),
                                            t->tv_usec * NSEC_PER_USEC);
}
constexpr struct ::timespec ns_to_timespec(s64 nsec) noexcept { return impl::narrow(ns_to_timespec64(nsec)); }
constexpr struct ::timeval ns_to_timeval(s64 nsec) noexcept { return impl::in_us(ns_to_timespec64(nsec)); }

/// Any number of nanoseconds, negative ones too, to 0 <= tv_nsec < NSEC_PER_SEC.
constexpr void set_normalized_timespec(struct ::timespec* t, ::time_t sec, s64 nsec) noexcept {
    timespec64 wide{};
    set_normalized_timespec64(&wide, sec, nsec);
    *t = impl::narrow(wide);
}
constexpr struct ::timespec timespec_add(struct ::timespec a, struct ::timespec b) noexcept {
    return impl::narrow(timespec64_add(impl::wide(a), impl::wide(b)));
}
constexpr struct ::timespec timespec_sub(struct ::timespec a, struct ::timespec b) noexcept {
    return impl::narrow(timespec64_sub(impl::wide(a), impl::wide(b)));
}
constexpr void timespec_add_ns(struct ::timespec* t, u64 ns) noexcept {
    timespec64 wide = impl::wide(*t);
    timespec64_add_ns(&wide, ns);
    *t = impl::narrow(wide);
}
constexpr int timespec_equal(const struct ::timespec* a, const struct ::timespec* b) noexcept {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}
/// Return: less than, equal to or greater than 0.
constexpr int timespec_compare(const struct ::timespec* a, const struct ::timespec* b) noexcept {
    if (a->tv_sec != b->tv_sec) return a->tv_sec < b->tv_sec ? -1 : 1;
    return static_cast<int>(a->tv_nsec - b->tv_nsec);
}
constexpr int timeval_compare(const struct ::timeval* a, const struct ::timeval* b) noexcept {
    if (a->tv_sec != b->tv_sec) return a->tv_sec < b->tv_sec ? -1 : 1;
    return static_cast<int>(a->tv_usec - b->tv_usec);
}
constexpr bool timespec_valid(const struct ::timespec* t) noexcept {
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < NSEC_PER_SEC;
}

/// The time of day.  Context: any, async-signal-safe, as the rest here.
inline void do_gettimeofday(struct ::timeval* t) noexcept { *t = ns_to_timeval(engine::wall_clock()); }
inline void getnstimeofday(struct ::timespec* t) noexcept { *t = ns_to_timespec(engine::wall_clock()); }
/// The time of day in whole ticks.
inline struct ::timespec current_kernel_time() noexcept {
    const arch::ns_t wall = engine::wall_clock();
    return ns_to_timespec(wall - wall % tick_ns);
}
inline unsigned long get_seconds() noexcept { return static_cast<unsigned long>(engine::wall_clock() / NSEC_PER_SEC); }
/// The engine's clock, which nobody sets.
inline void ktime_get_ts(struct ::timespec* t) noexcept { *t = ns_to_timespec(engine::now()); }
inline void getrawmonotonic(struct ::timespec* t) noexcept { ktime_get_ts(t); }

/// Seconds from 1970 to that date; `mon` from 1.  Not libc's, which is still there.
constexpr unsigned long mktime(unsigned int year, unsigned int mon, unsigned int day, unsigned int hour,
                               unsigned int min, unsigned int sec) noexcept {
    return static_cast<unsigned long>(mktime64(year, mon, day, hour, min, sec));
}
/// `offset` seconds are added first.  Differs: tm_year is an int, as in libc.
inline void time_to_tm(::time_t secs, int offset, struct ::tm* result) noexcept { fill_tm(secs, offset, *result); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::current_kernel_time;
using bottomhalf::linux26::do_gettimeofday;
using bottomhalf::linux26::FSEC_PER_SEC;
using bottomhalf::linux26::get_seconds;
using bottomhalf::linux26::getnstimeofday;
using bottomhalf::linux26::getrawmonotonic;
using bottomhalf::linux26::ktime_get_ts;
using bottomhalf::linux26::mktime;
using bottomhalf::linux26::MSEC_PER_SEC;
using bottomhalf::linux26::ns_to_timespec;
using bottomhalf::linux26::ns_to_timeval;
using bottomhalf::linux26::NSEC_PER_MSEC;
using bottomhalf::linux26::NSEC_PER_SEC;
using bottomhalf::linux26::NSEC_PER_USEC;
using bottomhalf::linux26::PSEC_PER_NSEC;
using bottomhalf::linux26::PSEC_PER_SEC;
using bottomhalf::linux26::set_normalized_timespec;
using bottomhalf::linux26::time_to_tm;
using bottomhalf::linux26::timespec_add;
using bottomhalf::linux26::timespec_add_ns;
using bottomhalf::linux26::timespec_compare;
using bottomhalf::linux26::timespec_equal;
using bottomhalf::linux26::timespec_sub;
using bottomhalf::linux26::timespec_to_ns;
using bottomhalf::linux26::timespec_valid;
using bottomhalf::linux26::timeval_compare;
using bottomhalf::linux26::timeval_to_ns;
using bottomhalf::linux26::USEC_PER_MSEC;
using bottomhalf::linux26::USEC_PER_SEC;

#define CURRENT_TIME (current_kernel_time())
#define do_posix_clock_monotonic_gettime(ts) ktime_get_ts(ts)
