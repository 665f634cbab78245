// SPDX-License-Identifier: MIT
//
// ktime.hpp: the kernel's results, below zero and where they do not fit, too.
#include "support/catch.hpp"

#include <cstdint>
#include <ctime>

#include <bottomhalf/ktime.hpp>

using namespace bottomhalf;

namespace {

constexpr long long s = 1'000'000'000;

bool same(timespec64 a, timespec64 b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }
/// What C does with the same two numbers in 128 bits, cut to 64: the kernel's wrapping sums.
long long cut(__int128 n) { return static_cast<long long>(static_cast<unsigned long long>(n)); }

}   // namespace

TEST_CASE("constants: what a second has, and how far ktime_t reaches", "[ktime]") {
    CHECK(NSEC_PER_SEC == NSEC_PER_USEC * USEC_PER_SEC);
    CHECK(NSEC_PER_MSEC == NSEC_PER_USEC * USEC_PER_MSEC);
    CHECK(NSEC_PER_SEC == NSEC_PER_MSEC * MSEC_PER_SEC);
    CHECK(PSEC_PER_SEC == PSEC_PER_NSEC * NSEC_PER_SEC);
    CHECK(FSEC_PER_SEC == 1000 * PSEC_PER_SEC);
    CHECK(KTIME_MAX == INT64_MAX);
    CHECK(KTIME_MIN == INT64_MIN);
    CHECK(KTIME_SEC_MAX == 9'223'372'036);
    CHECK(KTIME_SEC_MIN == -9'223'372'036);
}

TEST_CASE("ktime_set: seconds and nanoseconds, KTIME_MAX for what does not fit", "[ktime][ktime_set]") {
    static_assert(ktime_set(1, 5) == s + 5);
    CHECK(ktime_set(0, 0) == 0);
    CHECK(ktime_set(0, 2'500'000'000) == 2'500'000'000);   // not normalised: the sum
    CHECK(ktime_set(-1, 500'000'000) == -500'000'000);
    CHECK(ktime_set(KTIME_SEC_MAX - 1, 999'999'999) == (KTIME_SEC_MAX - 1) * s + 999'999'999);
    CHECK(ktime_set(KTIME_SEC_MAX, 0) == KTIME_MAX);
    CHECK(ktime_set(KTIME_SEC_MAX + 1, 0) == KTIME_MAX);
    CHECK(ktime_set(TIME64_MAX, 0) == KTIME_MAX);
    CHECK(ktime_set(TIME64_MIN, 0) == cut(static_cast<__int128>(TIME64_MIN) * s));   // wraps
}

TEST_CASE("ns_to_ktime, us_, ms_: and back, towards zero", "[ktime]") {
    CHECK(ns_to_ktime(7) == 7);
    CHECK(us_to_ktime(7) == 7'000);
    CHECK(ms_to_ktime(7) == 7'000'000);
    CHECK(ktime_to_ns(1'999'999) == 1'999'999);
    CHECK(ktime_to_us(1'999'999) == 1'999);
    CHECK(ktime_to_ms(1'999'999) == 1);
    CHECK(ktime_to_ns(-1) == -1);
    CHECK(ktime_to_us(-1'999) == -1);
    CHECK(ktime_to_ms(-1'999'999) == -1);
    CHECK(ktime_to_ms(-999'999) == 0);
    CHECK(ktime_divns(7 * s, 2 * s) == 3);
    CHECK(ktime_divns(-7, 2) == -3);
}

TEST_CASE("ktime_add, ktime_sub: wrap, as the kernel's do", "[ktime]") {
    CHECK(ktime_add(2, 3) == 5);
    CHECK(ktime_sub(2, 3) == -1);
    CHECK(ktime_add(KTIME_MAX, 1) == KTIME_MIN);
    CHECK(ktime_sub(KTIME_MIN, 1) == KTIME_MAX);
    CHECK(ktime_add_unsafe(KTIME_MAX, 2) == KTIME_MIN + 1);
    CHECK(ktime_add_ns(5, 2) == 7);
    CHECK(ktime_add_ns(5, -7) == -2);
    CHECK(ktime_sub_ns(5, 7) == -2);
    CHECK(ktime_add_us(5, 2) == 2'005);
    CHECK(ktime_sub_us(5, 2) == -1'995);
    CHECK(ktime_add_ms(5, 2) == 2'000'005);
    CHECK(ktime_sub_ms(5, 2) == -1'999'995);
    CHECK(ktime_add_ms(0, UINT64_MAX) == -1'000'000);
}

TEST_CASE("ktime_add_safe: saturates, also where the sum is negative", "[ktime][ktime_add_safe]") {
    CHECK(ktime_add_safe(2, 3) == 5);
    CHECK(ktime_add_safe(0, KTIME_MAX) == KTIME_MAX);
    CHECK(ktime_add_safe(1, KTIME_MAX) == KTIME_MAX);
    CHECK(ktime_add_safe(KTIME_MAX, KTIME_MAX) == KTIME_MAX);
    CHECK(ktime_add_safe(-5, 3) == KTIME_MAX);
    CHECK(ktime_add_safe(10, -3) == KTIME_MAX);   // less than a summand
    CHECK(ktime_add_safe(-3, 10) == KTIME_MAX);
}

TEST_CASE("ktime_compare: and its family", "[ktime][ktime_compare]") {
    for (const ktime_t a : {KTIME_MIN, ktime_t{-1}, ktime_t{0}, ktime_t{1}, KTIME_MAX})
        for (const ktime_t b : {KTIME_MIN, ktime_t{-1}, ktime_t{0}, ktime_t{1}, KTIME_MAX}) {
            INFO(a << ", " << b);
            CHECK(ktime_compare(a, b) == (a < b ? -1 : a == b ? 0 : 1));
            CHECK(ktime_after(a, b) == (a > b));
            CHECK(ktime_before(a, b) == (a < b));
            CHECK(ktime_equal(a, b) == (a == b));
        }
}

TEST_CASE("ktime_us_delta, ktime_ms_delta: whole ones between two times", "[ktime]") {
    CHECK(ktime_us_delta(3'999, 1'000) == 2);
    CHECK(ktime_us_delta(1'000, 3'999) == -2);
    CHECK(ktime_ms_delta(3'999'999, 1'000'000) == 2);
    CHECK(ktime_ms_delta(1'000'000, 3'999'999) == -2);
}

TEST_CASE("ns_to_timespec64: tv_nsec is never negative", "[ktime][timespec64]") {
    static_assert(ns_to_timespec64(1'500'000'000).tv_nsec == 500'000'000);
    CHECK(same(ns_to_timespec64(0), {0, 0}));
    CHECK(same(ns_to_timespec64(999'999'999), {0, 999'999'999}));
    CHECK(same(ns_to_timespec64(s), {1, 0}));
    CHECK(same(ns_to_timespec64(-1), {-1, 999'999'999}));
    CHECK(same(ns_to_timespec64(-s), {-1, 0}));
    CHECK(same(ns_to_timespec64(-s - 1), {-2, 999'999'999}));
    CHECK(same(ns_to_timespec64(KTIME_MAX), {9'223'372'036, 854'775'807}));
    CHECK(same(ns_to_timespec64(KTIME_MIN), {-9'223'372'037, 145'224'192}));
    CHECK(same(ktime_to_timespec64(-1), {-1, 999'999'999}));

    timespec64 ts{7, 7};
    CHECK_FALSE(ktime_to_timespec64_cond(0, &ts));
    CHECK(same(ts, {7, 7}));
    CHECK(ktime_to_timespec64_cond(s + 1, &ts));
    CHECK(same(ts, {1, 1}));
}

TEST_CASE("timespec64_to_ns: turns it round, and saturates at both ends", "[ktime][timespec64]") {
    const auto ns = [](timespec64 ts) { return timespec64_to_ns(&ts); };
    for (const long long n :
         {0LL, 1LL, s - 1, s, -1LL, -s, -s - 1, 9'223'372'035 * s + 999'999'999, -9'223'372'035 * s}) {
        INFO(n << " ns");
        CHECK(ns(ns_to_timespec64(n)) == n);
        CHECK(timespec64_to_ktime(ns_to_timespec64(n)) == n);
    }
    CHECK(ns({KTIME_SEC_MAX, 0}) == KTIME_MAX);
    CHECK(ns({KTIME_SEC_MAX, 854'775'807}) == KTIME_MAX);
    CHECK(ns({TIME64_MAX, 0}) == KTIME_MAX);
    CHECK(ns({KTIME_SEC_MIN, 0}) == KTIME_MIN);
    CHECK(ns({TIME64_MIN, 999'999'999}) == KTIME_MIN);
    CHECK(timespec64_to_ktime({KTIME_SEC_MAX, 0}) == KTIME_MAX);
}

TEST_CASE("timespec64_add, timespec64_sub: carry and borrow", "[ktime][timespec64]") {
    CHECK(same(timespec64_add({1, 600'000'000}, {2, 500'000'000}), {4, 100'000'000}));
    CHECK(same(timespec64_add({1, 400'000'000}, {2, 600'000'000}), {4, 0}));
    CHECK(same(timespec64_add({-1, 999'999'999}, {0, 1}), {0, 0}));
    CHECK(same(timespec64_sub({3, 100'000'000}, {1, 200'000'000}), {1, 900'000'000}));
    CHECK(same(timespec64_sub({1, 200'000'000}, {3, 100'000'000}), {-2, 100'000'000}));
    CHECK(same(timespec64_sub({5, 5}, {5, 5}), {0, 0}));

    CHECK(same(timespec64_add_safe({1, 600'000'000}, {2, 500'000'000}), {4, 100'000'000}));
    CHECK(same(timespec64_add_safe({TIME64_MAX, 0}, {0, 999'999'999}), {TIME64_MAX, 999'999'999}));
    CHECK(same(timespec64_add_safe({TIME64_MAX, 500'000'000}, {0, 500'000'000}), {TIME64_MAX, 0}));
    CHECK(same(timespec64_add_safe({TIME64_MAX, 0}, {1, 0}), {TIME64_MAX, 0}));

    timespec64 ts{};
    set_normalized_timespec64(&ts, 5, -1);
    CHECK(same(ts, {4, 999'999'999}));
    set_normalized_timespec64(&ts, 5, 3 * s + 1);
    CHECK(same(ts, {8, 1}));
    set_normalized_timespec64(&ts, 0, -3 * s);
    CHECK(same(ts, {-3, 0}));
}

TEST_CASE("timespec64_add_ns: any number of them", "[ktime][timespec64]") {
    timespec64 ts{1, 999'999'999};
    timespec64_add_ns(&ts, 0);
    CHECK(same(ts, {1, 999'999'999}));
    timespec64_add_ns(&ts, 1);
    CHECK(same(ts, {2, 0}));
    timespec64_add_ns(&ts, 10'000'000'007);
    CHECK(same(ts, {12, 7}));
    ts = {-2, 500'000'000};
    timespec64_add_ns(&ts, 600'000'000);
    CHECK(same(ts, {-1, 100'000'000}));
}

TEST_CASE("timespec64_compare, timespec64_equal: the seconds decide first", "[ktime][timespec64]") {
    const auto compare = [](timespec64 a, timespec64 b) { return timespec64_compare(&a, &b); };
    const auto equal = [](timespec64 a, timespec64 b) { return timespec64_equal(&a, &b); };
    CHECK(compare({1, 0}, {0, 999'999'999}) == 1);
    CHECK(compare({0, 999'999'999}, {1, 0}) == -1);
    CHECK(compare({1, 7}, {1, 5}) == 2);
    CHECK(compare({1, 5}, {1, 7}) == -2);
    CHECK(compare({1, 5}, {1, 5}) == 0);
    CHECK(compare({TIME64_MIN, 0}, {TIME64_MAX, 0}) == -1);
    CHECK(equal({1, 5}, {1, 5}));
    CHECK_FALSE(equal({1, 5}, {1, 6}));
    CHECK_FALSE(equal({1, 5}, {2, 5}));
}

TEST_CASE("timespec64_valid: after zero and normalised", "[ktime][timespec64]") {
    const auto valid = [](timespec64 ts) { return timespec64_valid(&ts); };
    const auto strict = [](timespec64 ts) { return timespec64_valid_strict(&ts); };
    CHECK(valid({0, 0}));
    CHECK(valid({0, 999'999'999}));
    CHECK_FALSE(valid({-1, 0}));
    CHECK_FALSE(valid({0, -1}));
    CHECK_FALSE(valid({0, 1'000'000'000}));
    CHECK(valid({KTIME_SEC_MAX, 0}));
    CHECK_FALSE(strict({KTIME_SEC_MAX, 0}));
    CHECK(strict({KTIME_SEC_MAX - 1, 0}));
    CHECK_FALSE(strict({-1, 0}));
}

TEST_CASE("mktime64, calendar_of: agree with libc over a thousand years", "[ktime][calendar]") {
    CHECK(mktime64(1970, 1, 1, 0, 0, 0) == 0);
    CHECK(mktime64(2000, 2, 29, 12, 34, 56) == 951'827'696);
    CHECK(mktime64(2005, 3, 1, 0, 0, 0) == 1'109'635'200);
    CHECK(mktime64(2004, 2, 29, 24, 0, 0) == mktime64(2004, 3, 1, 0, 0, 0));   // midnight has two names
    CHECK(mktime64(1969, 12, 31, 23, 59, 59) == -1);
    CHECK(calendar_of(TIME64_MAX).year ==
          292'277'026'596);   // the ends, where days would overflow if counted carelessly
    CHECK(calendar_of(TIME64_MIN).sec == 52);

    // Steps of a prime number of seconds, some five months: every month, weekday and leap year rule gets its turn.
    for (time64_t t = -16'000'000'000; t < 16'000'000'000; t += 12'345'701) {
        INFO(t << " s");
        const std::time_t libc = static_cast<std::time_t>(t);
        std::tm tm{};
        REQUIRE(::gmtime_r(&libc, &tm) != nullptr);
        const calendar_time c = calendar_of(t);
        CHECK(c.year == tm.tm_year + 1900);
        CHECK(c.mon == tm.tm_mon);
        CHECK(c.mday == tm.tm_mday);
        CHECK(c.hour == tm.tm_hour);
        CHECK(c.min == tm.tm_min);
        CHECK(c.sec == tm.tm_sec);
        CHECK(c.wday == tm.tm_wday);
        CHECK(c.yday == tm.tm_yday);
        CHECK(mktime64(static_cast<unsigned>(c.year), static_cast<unsigned>(c.mon) + 1, static_cast<unsigned>(c.mday),
                       static_cast<unsigned>(c.hour), static_cast<unsigned>(c.min), static_cast<unsigned>(c.sec)) == t);
    }
}
