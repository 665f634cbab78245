// SPDX-License-Identifier: MIT
// <linux/ktime.h>, <linux/timekeeping.h>, <linux/time.h>, <linux/time64.h>, <linux/jiffies.h>, <linux/delay.h> of today,
// on threads: against libc's clocks, and as drivers write them.  What needs a clock that stands still is in
// time_sim_test.cpp.
#include <linux/jiffies.h>   // first: it brings all it needs

#include <ctime>
#include <type_traits>

#include <sys/time.h>

#include "linux6/support.hpp"

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/time.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#if USER_HZ != 100 || MAX_UDELAY_MS != 5
#error "both are for the preprocessor, too"
#endif

namespace {

s64 libc_ns(clockid_t which) {
    struct timespec t {};
    ::clock_gettime(which, &t);
    return s64{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// As drivers write it.  A field and a parameter may have the variable's name.
struct device {
    unsigned long jiffies;   // of the last packet
    ktime_t last;
    struct timespec64 stamp;
    u64 packets;
};
bool stalled(const struct device* d, unsigned long timeout) { return time_after(jiffies, d->jiffies + timeout); }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
unsigned int age_of(unsigned long jiffies) { return jiffies_to_msecs(jiffies); }
#pragma GCC diagnostic pop
void packet(struct device* d) {
    d->jiffies = jiffies;
    d->last = ktime_get();
    ktime_get_real_ts64(&d->stamp);
    ++d->packets;
}

}   // namespace

TEST_CASE("get_jiffies_64: moves before anything else of the facade has been used", "[linux6][jiffies]") {
    const ktime_t begin = ktime_get();
    const u64 first = get_jiffies_64();
    CHECK(first >= INITIAL_JIFFIES);
    u64 now = first;
    while (now == first && ktime_ms_delta(ktime_get(), begin) < 10'000) now = get_jiffies_64();
    REQUIRE(now > first);
    while (time_is_after_jiffies(static_cast<unsigned long>(now) + 1)) {}
    CHECK(get_jiffies_64() > now);
}

TEST_CASE("get_jiffies_64: a tick after it has stepped it has stepped again, whoever is late", "[linux6][jiffies]") {
    bottomhalf_boot();
    for (int i = 0; i < 10; ++i) {
        const u64 before = get_jiffies_64();
        u64 first = before;
        while (first == before) first = get_jiffies_64();
        const ktime_t seen = ktime_get();   // the step was before
        while (ktime_to_ns(ktime_sub(ktime_get(), seen)) < static_cast<s64>(TICK_NSEC)) {}
        CHECK(get_jiffies_64() > first);
    }
}

TEST_CASE("ktime_get: libc's monotonic clock; ktime_get_real: its real one", "[linux6][timekeeping]") {
    const s64 mono = libc_ns(CLOCK_MONOTONIC), real = libc_ns(CLOCK_REALTIME);
    const ktime_t t = ktime_get(), wall = ktime_get_real();
    CHECK(mono <= t);
    CHECK(t <= libc_ns(CLOCK_MONOTONIC));
    CHECK(real <= wall);   // whoever sets the clock during this test will have to repeat it
    CHECK(wall <= libc_ns(CLOCK_REALTIME));

    const ktime_t later = ktime_get();
    CHECK(ktime_get_coarse() >= t - static_cast<s64>(TICK_NSEC));
    CHECK(ktime_get_coarse() <= ktime_get());
    CHECK(later >= t);
    CHECK(ktime_get_real_seconds() >= real / NSEC_PER_SEC);
}

TEST_CASE("types: printk() prints them as the kernel's", "[linux6][ktime]") {
    static_assert(std::is_same_v<ktime_t, s64> && std::is_same_v<time64_t, s64>);
    static_assert(std::is_same_v<decltype(ktime_to_ms(0)), s64> && std::is_same_v<decltype(ktime_get_ns()), u64>);
    static_assert(
        std::is_same_v<decltype(jiffies64_to_nsecs(0)), u64> && std::is_same_v<decltype(jiffies64_to_msecs(0)), u64> &&
        std::is_same_v<decltype(jiffies_to_nsecs(0)), u64> && std::is_same_v<decltype(nsecs_to_jiffies64(0)), u64> &&
        std::is_same_v<decltype(get_jiffies_64()), u64>);
    static_assert(std::is_same_v<decltype(NSEC_PER_SEC), const long>);
    static_assert(std::is_same_v<decltype(jiffies_to_clock_t(0)), ::clock_t>);
    char text[64];
    std::snprintf(text, sizeof text, "%lld us, %llu ns", ktime_to_us(ktime_set(1, 2000)), jiffies64_to_nsecs(1));
    CHECK(std::string(text) == "1000002 us, 4000000 ns");
}

TEST_CASE("a driver: stamps, ages and time-outs", "[linux6][ktime]") {
    struct device d {};
    packet(&d);
    CHECK(d.packets == 1);
    CHECK_FALSE(stalled(&d, 1000 * HZ));
    d.jiffies = jiffies - 11;
    CHECK(stalled(&d, 10));
    CHECK(age_of(5) == 20);
    CHECK(ktime_before(d.last, ktime_add_ms(ktime_get(), 1)));
    CHECK(ktime_to_ns(ktime_sub(ktime_get(), d.last)) >= 0);
    CHECK(ktime_us_delta(ktime_get(), d.last) >= 0);
    CHECK(timespec64_valid_strict(&d.stamp));
    const struct timespec64 twice = timespec64_add(d.stamp, d.stamp);
    CHECK(timespec64_compare(&twice, &d.stamp) > 0);
    CHECK(timespec64_to_ktime(d.stamp) <= ktime_get_real());
    const unsigned long later = round_jiffies(jiffies + 5 * HZ);
    CHECK(time_in_range(later, jiffies + 3 * HZ, jiffies + 7 * HZ));
    CHECK(round_jiffies_relative(5 * HZ) < 7 * HZ);
}

TEST_CASE("usleep_range: at least the lower end", "[linux6][delay]") {
    const ktime_t begin = ktime_get();
    usleep_range(1000, 2000);
    CHECK(ktime_us_delta(ktime_get(), begin) >= 1000);
}

TEST_CASE("time64_to_tm: into libc's struct tm, and mktime64() back", "[linux6][time]") {
    struct tm tm {};
    time64_to_tm(1'109'635'199, 0, &tm);   // the last second of February
    CHECK(tm.tm_year == 105);
    CHECK(tm.tm_mon == 1);
    CHECK(tm.tm_mday == 28);
    CHECK(tm.tm_hour == 23);
    CHECK(tm.tm_min == 59);
    CHECK(tm.tm_sec == 59);
    CHECK(tm.tm_wday == 1);
    CHECK(tm.tm_yday == 58);
    time64_to_tm(1'109'635'199, 3601, &tm);
    CHECK(tm.tm_mon == 2);
    CHECK(tm.tm_mday == 1);
    CHECK(tm.tm_hour == 1);
    CHECK(tm.tm_sec == 0);
    CHECK(mktime64(2005, 3, 1, 1, 0, 0) == 1'109'638'800);
}
