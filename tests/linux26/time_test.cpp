// SPDX-License-Identifier: MIT
//
// <linux/time.h>, <linux/ktime.h>, and what <linux/jiffies.h> and <linux/delay.h> have beyond timer_test.cpp: on threads,
// against libc's clocks, and as drivers write them.  Exact times are in time_sim_test.cpp.
#include <linux/jiffies.h>   // first: it brings all it needs

#include <ctime>
#include <type_traits>

#include <sys/time.h>

#include "linux26/support.hpp"

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/time.h>

#if USER_HZ != 100 || MAX_UDELAY_MS != 5
#error "both are for the preprocessor, too"
#endif

namespace {

s64 libc_ns(clockid_t which) {
    struct timespec t;
    ::clock_gettime(which, &t);
    return timespec_to_ns(&t);
}

// As drivers wrote it.  A field and a parameter may have the variable's name.
struct device {
    unsigned long jiffies;   // of the last packet
    struct timeval stamp;
    ktime_t last;
};
bool stalled(const struct device* d, unsigned long timeout) { return time_after(jiffies, d->jiffies + timeout); }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
unsigned int age_of(unsigned long jiffies) { return jiffies_to_msecs(jiffies); }
#pragma GCC diagnostic pop
void packet(struct device* d) {
    d->jiffies = jiffies;
    do_gettimeofday(&d->stamp);
    d->last = ktime_get();
}

}   // namespace

TEST_CASE("do_gettimeofday, getnstimeofday, ktime_get_real: the time of day", "[time]") {
    const s64 before = libc_ns(CLOCK_REALTIME);
    struct timeval tv;
    struct timespec ts;
    do_gettimeofday(&tv);
    getnstimeofday(&ts);
    const s64 real = ktime_to_ns(ktime_get_real());
    const s64 after = libc_ns(CLOCK_REALTIME);
    CHECK(timeval_to_ns(&tv) > before - 1000);   // microseconds, rounded down
    CHECK(timeval_to_ns(&tv) <= after);
    CHECK(timespec_to_ns(&ts) >= before);
    CHECK(timespec_to_ns(&ts) <= after);
    CHECK(real >= timespec_to_ns(&ts));
    CHECK(real <= after);

    CHECK(get_seconds() >= static_cast<unsigned long>(before / NSEC_PER_SEC));
    CHECK(get_seconds() <= static_cast<unsigned long>(libc_ns(CLOCK_REALTIME) / NSEC_PER_SEC));
    ts = CURRENT_TIME;
    CHECK(timespec_to_ns(&ts) > before - static_cast<s64>(TICK_NSEC));
    CHECK(timespec_to_ns(&ts) <= libc_ns(CLOCK_REALTIME));
}

TEST_CASE("ktime_get, ktime_get_ts: the clock that nobody sets", "[time][ktime]") {
    const s64 before = libc_ns(CLOCK_MONOTONIC);
    const ktime_t t = ktime_get();
    struct timespec ts;
    ktime_get_ts(&ts);
    CHECK(t.tv64 >= before);
    CHECK(timespec_to_ns(&ts) >= t.tv64);
    do_posix_clock_monotonic_gettime(&ts);
    CHECK(timespec_to_ns(&ts) <= libc_ns(CLOCK_MONOTONIC));
    getrawmonotonic(&ts);
    CHECK(timespec_to_ns(&ts) >= before);
}

TEST_CASE("a driver: stamps, ages and time-outs", "[time]") {
    struct device d;
    packet(&d);
    CHECK_FALSE(stalled(&d, 1000 * HZ));
    d.jiffies = jiffies - 11;
    CHECK(stalled(&d, 10));
    CHECK(age_of(5) == 20);
    CHECK(ktime_to_ns(ktime_sub(ktime_get(), d.last)) >= 0);
    struct timeval now;
    do_gettimeofday(&now);
    CHECK(timeval_compare(&now, &d.stamp) >= 0);
    CHECK(time_in_range(round_jiffies(jiffies + 5 * HZ), jiffies + 3 * HZ, jiffies + 7 * HZ));
    CHECK_FALSE(time_in_range_open(jiffies + 5 * HZ, jiffies, jiffies + 5 * HZ - 100));
}

TEST_CASE("struct timespec: the kernel's arithmetic", "[time]") {
    struct timespec a = {1, 600'000'000}, b = {2, 500'000'000};
    struct timespec r = timespec_add(a, b);
    CHECK(r.tv_sec == 4);
    CHECK(r.tv_nsec == 100'000'000);
    r = timespec_sub(a, b);
    CHECK(r.tv_sec == -1);
    CHECK(r.tv_nsec == 100'000'000);
    timespec_add_ns(&a, 2'400'000'000ULL);
    CHECK(a.tv_sec == 4);
    CHECK(a.tv_nsec == 0);
    set_normalized_timespec(&a, 5, -1);
    CHECK(a.tv_sec == 4);
    CHECK(a.tv_nsec == 999'999'999);
    CHECK(timespec_compare(&a, &b) == 1);
    CHECK(timespec_compare(&b, &a) == -1);
    b = {4, 999'999'997};
    CHECK(timespec_compare(&a, &b) == 2);
    CHECK_FALSE(timespec_equal(&a, &b));
    CHECK(timespec_equal(&a, &a));
    CHECK(timespec_valid(&a));
    a.tv_nsec = NSEC_PER_SEC;
    CHECK_FALSE(timespec_valid(&a));

    a = ns_to_timespec(-1);
    CHECK(a.tv_sec == -1);
    CHECK(a.tv_nsec == 999'999'999);
    CHECK(timespec_to_ns(&a) == -1);
    struct timeval tv = ns_to_timeval(-1);
    CHECK(tv.tv_sec == -1);
    CHECK(tv.tv_usec == 999'999);
    CHECK(timeval_to_ns(&tv) == -1000);
    struct timeval other = {-1, 999'998};
    CHECK(timeval_compare(&tv, &other) == 1);
    CHECK(timeval_compare(&other, &tv) == -1);
    other.tv_sec = 0;
    CHECK(timeval_compare(&other, &tv) == 1);
}

TEST_CASE("ktime_t: a union, and its arithmetic", "[ktime]") {
    static_assert(std::is_union_v<ktime_t> && sizeof(ktime_t) == 8);
    const ktime_t t = ktime_set(1, 500'000'000);
    CHECK(t.tv64 == 1'500'000'000);
    CHECK(ktime_set(KTIME_SEC_MAX, 0).tv64 == KTIME_MAX);
    CHECK(ktime_to_ns(t) == 1'500'000'000);
    CHECK(ktime_to_us(t) == 1'500'000);
    CHECK(ktime_to_ms(t) == 1'500);
    CHECK(ktime_divns(t, 500'000'000) == 3);
    CHECK(ktime_to_timespec(t).tv_nsec == 500'000'000);
    CHECK(ktime_to_timeval(t).tv_usec == 500'000);
    CHECK(timespec_to_ktime({1, 5}).tv64 == 1'000'000'005);
    CHECK(timeval_to_ktime({1, 5}).tv64 == 1'000'005'000);
    CHECK(ns_to_ktime(7).tv64 == 7);
    CHECK(ktime_add(t, t).tv64 == 3'000'000'000);
    CHECK(ktime_sub(ktime_set(0, 5), ktime_set(0, 7)).tv64 == -2);
    CHECK(ktime_add_ns(t, 1).tv64 == 1'500'000'001);
    CHECK(ktime_sub_ns(t, 1).tv64 == 1'499'999'999);
    CHECK(ktime_add_us(t, 1).tv64 == 1'500'001'000);
    CHECK(ktime_sub_us(t, 1).tv64 == 1'499'999'000);
    CHECK(ktime_add_ms(t, 1).tv64 == 1'501'000'000);
    CHECK(ktime_sub_ms(t, 1).tv64 == 1'499'000'000);
    CHECK(ktime_add_safe(ns_to_ktime(KTIME_MAX), t).tv64 == KTIME_MAX);
    CHECK(ktime_equal(t, ktime_set(1, 500'000'000)));
    CHECK_FALSE(ktime_equal(t, ktime_set(1, 0)));
    CHECK(ktime_compare(t, ktime_set(1, 0)) == 1);
    CHECK(ktime_compare(t, ktime_set(2, 0)) == -1);
    CHECK(ktime_compare(t, t) == 0);
    CHECK(ktime_after(t, ktime_set(1, 0)));
    CHECK_FALSE(ktime_after(t, t));
    CHECK(ktime_before(t, ktime_set(2, 0)));
    CHECK_FALSE(ktime_before(t, t));
    CHECK(ktime_us_delta(t, ktime_set(1, 0)) == 500'000);
    CHECK(ktime_ms_delta(t, ktime_set(1, 0)) == 500);
}

TEST_CASE("timeval_to_jiffies, jiffies_to_timeval: up, and exactly", "[jiffies]") {
    struct timeval tv = {2, 1};
    CHECK(timeval_to_jiffies(&tv) == 2 * HZ + 1);
    tv = {2, 4'001};
    CHECK(timeval_to_jiffies(&tv) == 2 * HZ + 2);
    jiffies_to_timeval(3 * HZ + 1, &tv);
    CHECK(tv.tv_sec == 3);
    CHECK(tv.tv_usec == 4'000);
    CHECK(timeval_to_jiffies(&tv) == 3 * HZ + 1);
    struct timespec ts = {2, 1};
    CHECK(timespec_to_jiffies(&ts) == 2 * HZ + 1);
    ts = {2, 4'000'001};
    CHECK(timespec_to_jiffies(&ts) == 2 * HZ + 2);
    jiffies_to_timespec(3 * HZ + 1, &ts);
    CHECK(ts.tv_sec == 3);
    CHECK(ts.tv_nsec == 4'000'000);
    CHECK(timespec_to_jiffies(&ts) == 3 * HZ + 1);
}

TEST_CASE("mktime: the kernel's has six parameters, and libc's is still there", "[time]") {
    CHECK(mktime(2005, 3, 1, 0, 0, 0) == 1'109'635'200);
    struct tm tm {};
    time_to_tm(1'109'635'199, 3601, &tm);
    CHECK(tm.tm_year == 105);
    CHECK(tm.tm_mon == 2);
    CHECK(tm.tm_mday == 1);
    CHECK(tm.tm_hour == 1);
    CHECK(tm.tm_min == 0);
    CHECK(tm.tm_sec == 0);
    CHECK(tm.tm_wday == 2);
    CHECK(tm.tm_yday == 59);
    CHECK(mktime(&tm) != -1);
}

TEST_CASE("usleep_range: at least the lower end", "[delay]") {
    const ktime_t begin = ktime_get();
    usleep_range(1000, 2000);
    CHECK(ktime_us_delta(ktime_get(), begin) >= 1000);
}
