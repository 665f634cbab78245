// SPDX-License-Identifier: MIT
// <linux/ktime.h>: nanoseconds as one number (2.6.16 and later), and what time it is.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/jiffies.h>
#include <linux/time.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

/// In 2.6 a type of its own.
union ktime {
    s64 tv64;
};
typedef union ktime ktime_t;

using bottomhalf::KTIME_MAX;
using bottomhalf::KTIME_SEC_MAX;

constexpr ktime_t ktime_set(long secs, unsigned long nsecs) noexcept { return {bottomhalf::ktime_set(secs, nsecs)}; }
constexpr ktime_t ns_to_ktime(u64 ns) noexcept { return {bottomhalf::ns_to_ktime(ns)}; }
constexpr ktime_t timespec_to_ktime(struct ::timespec t) noexcept {
    return {bottomhalf::ktime_set(t.tv_sec, static_cast<unsigned long>(t.tv_nsec))};
}
constexpr ktime_t timeval_to_ktime(struct ::timeval t) noexcept {
    return {bottomhalf::ktime_set(t.tv_sec, static_cast<unsigned long>(t.tv_usec * NSEC_PER_USEC))};
}

constexpr s64 ktime_to_ns(ktime_t t) noexcept { return t.tv64; }
constexpr s64 ktime_to_us(ktime_t t) noexcept { return bottomhalf::ktime_to_us(t.tv64); }
constexpr s64 ktime_to_ms(ktime_t t) noexcept { return bottomhalf::ktime_to_ms(t.tv64); }
constexpr struct ::timespec ktime_to_timespec(ktime_t t) noexcept { return ns_to_timespec(t.tv64); }
constexpr struct ::timeval ktime_to_timeval(ktime_t t) noexcept { return ns_to_timeval(t.tv64); }
constexpr s64 ktime_divns(ktime_t t, s64 divisor) noexcept { return bottomhalf::ktime_divns(t.tv64, divisor); }

constexpr ktime_t ktime_add(ktime_t a, ktime_t b) noexcept { return {bottomhalf::ktime_add(a.tv64, b.tv64)}; }
constexpr ktime_t ktime_sub(ktime_t a, ktime_t b) noexcept { return {bottomhalf::ktime_sub(a.tv64, b.tv64)}; }
constexpr ktime_t ktime_add_ns(ktime_t t, u64 ns) noexcept {
    return {bottomhalf::ktime_add_ns(t.tv64, static_cast<s64>(ns))};
}
constexpr ktime_t ktime_sub_ns(ktime_t t, u64 ns) noexcept {
    return {bottomhalf::ktime_sub_ns(t.tv64, static_cast<s64>(ns))};
}
constexpr ktime_t ktime_add_us(ktime_t t, u64 us) noexcept { return {bottomhalf::ktime_add_us(t.tv64, us)}; }
constexpr ktime_t ktime_sub_us(ktime_t t, u64 us) noexcept { return {bottomhalf::ktime_sub_us(t.tv64, us)}; }
constexpr ktime_t ktime_add_ms(ktime_t t, u64 ms) noexcept { return {bottomhalf::ktime_add_ms(t.tv64, ms)}; }
constexpr ktime_t ktime_sub_ms(ktime_t t, u64 ms) noexcept { return {bottomhalf::ktime_sub_ms(t.tv64, ms)}; }
/// Return: KTIME_MAX if the sum is negative, or less than a summand.
constexpr ktime_t ktime_add_safe(ktime_t a, ktime_t b) noexcept { return {bottomhalf::ktime_add_safe(a.tv64, b.tv64)}; }

constexpr int ktime_equal(ktime_t a, ktime_t b) noexcept { return a.tv64 == b.tv64; }
/// Return: -1, 0, 1.
constexpr int ktime_compare(ktime_t a, ktime_t b) noexcept { return bottomhalf::ktime_compare(a.tv64, b.tv64); }
constexpr bool ktime_after(ktime_t a, ktime_t b) noexcept { return a.tv64 > b.tv64; }
constexpr bool ktime_before(ktime_t a, ktime_t b) noexcept { return a.tv64 < b.tv64; }
constexpr s64 ktime_us_delta(ktime_t later, ktime_t earlier) noexcept {
    return bottomhalf::ktime_us_delta(later.tv64, earlier.tv64);
}
constexpr s64 ktime_ms_delta(ktime_t later, ktime_t earlier) noexcept {
    return bottomhalf::ktime_ms_delta(later.tv64, earlier.tv64);
}

/// The engine's clock.  Context: any, async-signal-safe.
inline ktime_t ktime_get() noexcept { return {engine::now()}; }
/// The time of day.
inline ktime_t ktime_get_real() noexcept { return {engine::wall_clock()}; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::ktime;
using bottomhalf::linux26::ktime_add;
using bottomhalf::linux26::ktime_add_ms;
using bottomhalf::linux26::ktime_add_ns;
using bottomhalf::linux26::ktime_add_safe;
using bottomhalf::linux26::ktime_add_us;
using bottomhalf::linux26::ktime_after;
using bottomhalf::linux26::ktime_before;
using bottomhalf::linux26::ktime_compare;
using bottomhalf::linux26::ktime_divns;
using bottomhalf::linux26::ktime_equal;
using bottomhalf::linux26::ktime_get;
using bottomhalf::linux26::ktime_get_real;
using bottomhalf::linux26::KTIME_MAX;
using bottomhalf::linux26::ktime_ms_delta;
using bottomhalf::linux26::KTIME_SEC_MAX;
using bottomhalf::linux26::ktime_set;
using bottomhalf::linux26::ktime_sub;
using bottomhalf::linux26::ktime_sub_ms;
using bottomhalf::linux26::ktime_sub_ns;
using bottomhalf::linux26::ktime_sub_us;
using bottomhalf::linux26::ktime_t;
using bottomhalf::linux26::ktime_to_ms;
using bottomhalf::linux26::ktime_to_ns;
using bottomhalf::linux26::ktime_to_timespec;
using bottomhalf::linux26::ktime_to_timeval;
using bottomhalf::linux26::ktime_to_us;
using bottomhalf::linux26::ktime_us_delta;
using bottomhalf::linux26::ns_to_ktime;
using bottomhalf::linux26::timespec_to_ktime;
using bottomhalf::linux26::timeval_to_ktime;
