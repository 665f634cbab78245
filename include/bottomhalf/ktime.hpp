// SPDX-License-Identifier: MIT
// ktime.hpp: the arithmetic of nanoseconds.  Pure; what time it is, an engine knows.
//
// ktime_t is a signed count of nanoseconds, 292 years either way.  timespec64 is the same in two parts, of which tv_nsec
// is never negative once normalised: half a second before zero is {-1, 500'000'000}.  Nothing here is undefined: sums wrap
// as the kernel's do, which is compiled that way, and where it saturates, so does this.
//
//   const ktime_t took = ktime_sub(end, begin);
//   if (ktime_after(took, ms_to_ktime(5))) slow(ktime_to_us(took));
#pragma once

#include <cstdint>
#include <limits>

namespace bottomhalf {

using ktime_t = long long;   // as the facades' s64: %lld prints it
using time64_t = long long;

inline constexpr long MSEC_PER_SEC = 1'000;
inline constexpr long USEC_PER_MSEC = 1'000;
inline constexpr long NSEC_PER_USEC = 1'000;
inline constexpr long NSEC_PER_MSEC = 1'000'000;
inline constexpr long USEC_PER_SEC = 1'000'000;
inline constexpr long NSEC_PER_SEC = 1'000'000'000;
inline constexpr long long PSEC_PER_NSEC = 1'000;
inline constexpr long long PSEC_PER_SEC = 1'000'000'000'000;
inline constexpr long long FSEC_PER_SEC = 1'000'000'000'000'000;

inline constexpr ktime_t KTIME_MAX = std::numeric_limits<ktime_t>::max();
inline constexpr ktime_t KTIME_MIN = std::numeric_limits<ktime_t>::min();
inline constexpr time64_t KTIME_SEC_MAX = KTIME_MAX / NSEC_PER_SEC;
inline constexpr time64_t KTIME_SEC_MIN = KTIME_MIN / NSEC_PER_SEC;
inline constexpr time64_t TIME64_MAX = std::numeric_limits<time64_t>::max();
inline constexpr time64_t TIME64_MIN = std::numeric_limits<time64_t>::min();

namespace detail {
constexpr long long wrapping_add(long long a, long long b) noexcept {
    return static_cast<long long>(static_cast<unsigned long long>(a) + static_cast<unsigned long long>(b));
}
constexpr long long wrapping_sub(long long a, long long b) noexcept {
    return static_cast<long long>(static_cast<unsigned long long>(a) - static_cast<unsigned long long>(b));
}
constexpr long long wrapping_mul(unsigned long long a, long long b) noexcept {
    return static_cast<long long>(a * static_cast<unsigned long long>(b));
}
/// Towards minus infinity.
constexpr long long floor_div(long long a, long long b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }
/// What that leaves: 0..b-1.
constexpr long long floor_mod(long long a, long long b) noexcept { return a % b + (a % b < 0 ? b : 0); }
}   // namespace detail

// ---- ktime_t --------------------------------------------------------------------------------------------------------

/// Return: KTIME_MAX for seconds that it cannot hold.  Source: ktime_set(), include/linux/ktime.h.
[[nodiscard]] constexpr ktime_t ktime_set(long long secs, unsigned long nsecs) noexcept {
    if (secs >= KTIME_SEC_MAX) return KTIME_MAX;
    return detail::wrapping_add(detail::wrapping_mul(static_cast<unsigned long long>(secs), NSEC_PER_SEC),
                                static_cast<long long>(nsecs));
}
[[nodiscard]] constexpr ktime_t ns_to_ktime(std::uint64_t ns) noexcept { return static_cast<ktime_t>(ns); }
[[nodiscard]] constexpr ktime_t us_to_ktime(std::uint64_t us) noexcept {
    return detail::wrapping_mul(us, NSEC_PER_USEC);
}
[[nodiscard]] constexpr ktime_t ms_to_ktime(std::uint64_t ms) noexcept {
    return detail::wrapping_mul(ms, NSEC_PER_MSEC);
}

[[nodiscard]] constexpr long long ktime_divns(ktime_t t, long long divisor) noexcept { return t / divisor; }
[[nodiscard]] constexpr long long ktime_to_ns(ktime_t t) noexcept { return t; }
/// Towards zero, on either side of it.
[[nodiscard]] constexpr long long ktime_to_us(ktime_t t) noexcept { return ktime_divns(t, NSEC_PER_USEC); }
[[nodiscard]] constexpr long long ktime_to_ms(ktime_t t) noexcept { return ktime_divns(t, NSEC_PER_MSEC); }

[[nodiscard]] constexpr ktime_t ktime_add(ktime_t a, ktime_t b) noexcept { return detail::wrapping_add(a, b); }
[[nodiscard]] constexpr ktime_t ktime_sub(ktime_t a, ktime_t b) noexcept { return detail::wrapping_sub(a, b); }
[[nodiscard]] constexpr ktime_t ktime_add_unsafe(ktime_t a, ktime_t b) noexcept { return ktime_add(a, b); }
[[nodiscard]] constexpr ktime_t ktime_add_ns(ktime_t t, long long ns) noexcept { return ktime_add(t, ns); }
[[nodiscard]] constexpr ktime_t ktime_sub_ns(ktime_t t, long long ns) noexcept { return ktime_sub(t, ns); }
[[nodiscard]] constexpr ktime_t ktime_add_us(ktime_t t, std::uint64_t us) noexcept {
    return ktime_add(t, us_to_ktime(us));
}
[[nodiscard]] constexpr ktime_t ktime_sub_us(ktime_t t, std::uint64_t us) noexcept {
    return ktime_sub(t, us_to_ktime(us));
}
[[nodiscard]] constexpr ktime_t ktime_add_ms(ktime_t t, std::uint64_t ms) noexcept {
    return ktime_add(t, ms_to_ktime(ms));
}
[[nodiscard]] constexpr ktime_t ktime_sub_ms(ktime_t t, std::uint64_t ms) noexcept {
    return ktime_sub(t, ms_to_ktime(ms));
}
/// For expiry times, which are not negative.  Return: KTIME_MAX if the sum is less than a summand, and so whenever it is
/// negative.
/// Source: ktime_add_safe(), kernel/time/hrtimer.c.
[[nodiscard]] constexpr ktime_t ktime_add_safe(ktime_t a, ktime_t b) noexcept {
    const ktime_t sum = ktime_add(a, b);
    return sum < a || sum < b ? KTIME_MAX : sum;
}

/// Return: -1, 0, 1.
[[nodiscard]] constexpr int ktime_compare(ktime_t a, ktime_t b) noexcept { return (a > b) - (a < b); }
[[nodiscard]] constexpr bool ktime_after(ktime_t a, ktime_t b) noexcept { return a > b; }
[[nodiscard]] constexpr bool ktime_before(ktime_t a, ktime_t b) noexcept { return a < b; }
[[nodiscard]] constexpr bool ktime_equal(ktime_t a, ktime_t b) noexcept { return a == b; }
[[nodiscard]] constexpr long long ktime_us_delta(ktime_t later, ktime_t earlier) noexcept {
    return ktime_to_us(ktime_sub(later, earlier));
}
[[nodiscard]] constexpr long long ktime_ms_delta(ktime_t later, ktime_t earlier) noexcept {
    return ktime_to_ms(ktime_sub(later, earlier));
}

// ---- timespec64 -----------------------------------------------------------------------------------------------------

struct timespec64 {
    time64_t tv_sec;
    long tv_nsec;
};

/// From any number of nanoseconds, negative ones too, to 0 <= tv_nsec < NSEC_PER_SEC.
constexpr void set_normalized_timespec64(timespec64* ts, time64_t sec, long long nsec) noexcept {
    *ts = {detail::wrapping_add(sec, detail::floor_div(nsec, NSEC_PER_SEC)),
           static_cast<long>(detail::floor_mod(nsec, NSEC_PER_SEC))};
}
[[nodiscard]] constexpr timespec64 ns_to_timespec64(long long nsec) noexcept {
    timespec64 ts{};
    set_normalized_timespec64(&ts, 0, nsec);
    return ts;
}
/// Return: KTIME_MAX or KTIME_MIN for seconds that it cannot hold.
/// Source: timespec64_to_ns(), include/linux/time64.h.
[[nodiscard]] constexpr long long timespec64_to_ns(const timespec64* ts) noexcept {
    if (ts->tv_sec >= KTIME_SEC_MAX) return KTIME_MAX;
    if (ts->tv_sec <= KTIME_SEC_MIN) return KTIME_MIN;
    return detail::wrapping_add(ts->tv_sec * NSEC_PER_SEC, ts->tv_nsec);
}
[[nodiscard]] constexpr ktime_t timespec64_to_ktime(timespec64 ts) noexcept {
    return ktime_set(ts.tv_sec, static_cast<unsigned long>(ts.tv_nsec));
}
[[nodiscard]] constexpr timespec64 ktime_to_timespec64(ktime_t t) noexcept { return ns_to_timespec64(t); }
/// Return: false for 0; then `ts` is left alone.
constexpr bool ktime_to_timespec64_cond(ktime_t t, timespec64* ts) noexcept {
    if (t == 0) return false;
    *ts = ktime_to_timespec64(t);
    return true;
}

[[nodiscard]] constexpr timespec64 timespec64_add(timespec64 a, timespec64 b) noexcept {
    timespec64 sum{};
    set_normalized_timespec64(&sum, detail::wrapping_add(a.tv_sec, b.tv_sec),
                              detail::wrapping_add(a.tv_nsec, b.tv_nsec));
    return sum;
}
[[nodiscard]] constexpr timespec64 timespec64_sub(timespec64 a, timespec64 b) noexcept {
    timespec64 difference{};
    set_normalized_timespec64(&difference, detail::wrapping_sub(a.tv_sec, b.tv_sec),
                              detail::wrapping_sub(a.tv_nsec, b.tv_nsec));
    return difference;
}
/// For times that are not negative.  Return: {TIME64_MAX, 0} if the sum is too large.
[[nodiscard]] constexpr timespec64 timespec64_add_safe(timespec64 a, timespec64 b) noexcept {
    const timespec64 sum = timespec64_add(a, b);
    return sum.tv_sec < a.tv_sec || sum.tv_sec < b.tv_sec ? timespec64{TIME64_MAX, 0} : sum;
}
/// Adds to a time that is normalised already.
constexpr void timespec64_add_ns(timespec64* ts, std::uint64_t ns) noexcept {
    const std::uint64_t sum = static_cast<std::uint64_t>(ts->tv_nsec) + ns;
    *ts = {detail::wrapping_add(ts->tv_sec, static_cast<long long>(sum / NSEC_PER_SEC)),
           static_cast<long>(sum % NSEC_PER_SEC)};
}
/// Return: less than, equal to or greater than 0.
[[nodiscard]] constexpr int timespec64_compare(const timespec64* a, const timespec64* b) noexcept {
    if (a->tv_sec != b->tv_sec) return a->tv_sec < b->tv_sec ? -1 : 1;
    return static_cast<int>(a->tv_nsec - b->tv_nsec);
}
[[nodiscard]] constexpr int timespec64_equal(const timespec64* a, const timespec64* b) noexcept {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}
/// A time after zero, normalised; strictly so if ktime_t can hold it as well.
[[nodiscard]] constexpr bool timespec64_valid(const timespec64* ts) noexcept {
    return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < NSEC_PER_SEC;
}
[[nodiscard]] constexpr bool timespec64_valid_strict(const timespec64* ts) noexcept {
    return timespec64_valid(ts) && ts->tv_sec < KTIME_SEC_MAX;
}

// ---- the calendar ---------------------------------------------------------------------------------------------------

/// A date as struct tm has it (months from 0, days from 1, Sunday is 0), but the year is the year.
struct calendar_time {
    long long year;
    int mon, mday, hour, min, sec, wday, yday;
};

namespace detail {
/// Days from 1970-01-01 to a date; `mon` from 1.  A year begins in March here, so that the odd day is its last.
constexpr long long days_to(long long year, int mon, int mday) noexcept {
    if (mon <= 2) --year;
    const int since_march = (mon + 9) % 12;
    return year * 365 + floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400) + (153 * since_march + 2) / 5 +
           mday - 1 - 719'468;
}
}   // namespace detail

/// Seconds from 1970 to that date of the Gregorian calendar; hours of 24 and seconds of 60 are the next day's, minute's.
[[nodiscard]] constexpr time64_t mktime64(unsigned year, unsigned mon, unsigned day, unsigned hour, unsigned min,
                                          unsigned sec) noexcept {
    const long long days = detail::days_to(year, static_cast<int>(mon), static_cast<int>(day));
    return ((days * 24 + hour) * 60 + min) * 60 + sec;
}
[[nodiscard]] constexpr calendar_time calendar_of(time64_t secs) noexcept {
    const long long days = detail::floor_div(secs, 86'400);
    const int rest = static_cast<int>(detail::floor_mod(secs, 86'400));
    long long year = 1970 + detail::floor_div(days * 400, 146'097);   // right, or one too many
    while (detail::days_to(year, 1, 1) > days) --year;
    while (detail::days_to(year + 1, 1, 1) <= days) ++year;
    int mon = 1;
    while (mon < 12 && detail::days_to(year, mon + 1, 1) <= days) ++mon;
    return {.year = year,
            .mon = mon - 1,
            .mday = static_cast<int>(days - detail::days_to(year, mon, 1)) + 1,
            .hour = rest / 3600,
            .min = rest / 60 % 60,
            .sec = rest % 60,
            .wday = static_cast<int>(detail::floor_mod(days + 4, 7)),   // 1970 began on a Thursday
            .yday = static_cast<int>(days - detail::days_to(year, 1, 1))};
}
/// The same in libc's struct, whose year is an int; `offset` seconds are added first.
template <class Tm>
void fill_tm(time64_t secs, int offset, Tm& to) noexcept {
    const calendar_time c = calendar_of(detail::wrapping_add(secs, offset));
    to.tm_year = static_cast<int>(c.year - 1900);
    to.tm_mon = c.mon;
    to.tm_mday = c.mday;
    to.tm_hour = c.hour;
    to.tm_min = c.min;
    to.tm_sec = c.sec;
    to.tm_wday = c.wday;
    to.tm_yday = c.yday;
}

}   // namespace bottomhalf
