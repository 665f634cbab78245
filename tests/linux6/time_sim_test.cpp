// SPDX-License-Identifier: MIT
// The clocks and sleeps of today's facade in virtual time, where each has one right answer.
#define BOTTOMHALF_SIM
#include "linux6/support.hpp"

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/timekeeping.h>

#include "support/facade_world.hpp"

namespace {

constexpr s64 epoch = 1'109'635'200LL * NSEC_PER_SEC;   // 2005-03-01
constexpr s64 tick = TICK_NSEC;

s64 ns(const struct timespec64& ts) { return timespec64_to_ns(&ts); }

}   // namespace

TEST_CASE("what is left of a time-out: whole ticks, of which one has begun", "[linux6][sim]") {
    using namespace bottomhalf::linux6::impl;
    support::in_world([] {
        const auto now = ktime_get();
        CHECK(ticks_left(now + 5 * tick) == 5);
        CHECK(ticks_left(now + 5 * tick + 1) == 6);
        CHECK(ticks_left(now + 5 * tick - 1) == 5);
        CHECK(ticks_left(now + 2 * tick) == 2);
        CHECK(ticks_left(now + tick) == 1);
        CHECK(ticks_left(now + 1) == 1);
        CHECK(ticks_left(now) == 1);   // whoever asks was in time
    });
}

TEST_CASE("timekeeping: each clock, in each of its units", "[linux6][timekeeping][sim]") {
    support::in_world([] {
        CHECK(ktime_get() == 0);
        CHECK(ktime_get_real() == epoch);
        constexpr s64 at = 5'234'567'891, cut = 5'232'000'000;
        ndelay(at);

        CHECK(ktime_get() == at);
        CHECK(ktime_get_boottime() == at);
        CHECK(ktime_get_raw() == at);
        CHECK(ktime_get_real() == epoch + at);
        CHECK(ktime_get_clocktai() == epoch + at);
        CHECK(ktime_get_coarse() == cut);
        CHECK(ktime_get_coarse_boottime() == cut);
        CHECK(ktime_get_coarse_real() == epoch + cut);
        CHECK(ktime_get_coarse_clocktai() == epoch + cut);

        CHECK(ktime_get_ns() == at);
        CHECK(ktime_get_boottime_ns() == at);
        CHECK(ktime_get_raw_ns() == at);
        CHECK(ktime_get_real_ns() == epoch + at);
        CHECK(ktime_get_clocktai_ns() == epoch + at);
        CHECK(ktime_get_coarse_ns() == cut);
        CHECK(ktime_get_coarse_boottime_ns() == cut);
        CHECK(ktime_get_coarse_real_ns() == epoch + cut);
        CHECK(ktime_get_coarse_clocktai_ns() == epoch + cut);
        CHECK(ktime_get_mono_fast_ns() == at);
        CHECK(ktime_get_raw_fast_ns() == at);
        CHECK(ktime_get_boot_fast_ns() == at);
        CHECK(ktime_get_real_fast_ns() == epoch + at);
        CHECK(ktime_get_tai_fast_ns() == epoch + at);

        CHECK(ktime_get_seconds() == 5);
        CHECK(ktime_get_boottime_seconds() == 5);
        CHECK(ktime_get_real_seconds() == 1'109'635'205);
        CHECK(ktime_get_clocktai_seconds() == 1'109'635'205);

        struct timespec64 ts {};
        ktime_get_ts64(&ts);
        CHECK(ns(ts) == at);
        CHECK(ts.tv_sec == 5);
        ktime_get_boottime_ts64(&ts);
        CHECK(ns(ts) == at);
        ktime_get_raw_ts64(&ts);
        CHECK(ns(ts) == at);
        ktime_get_real_ts64(&ts);
        CHECK(ns(ts) == epoch + at);
        ktime_get_clocktai_ts64(&ts);
        CHECK(ns(ts) == epoch + at);
        ktime_get_coarse_ts64(&ts);
        CHECK(ns(ts) == cut);
        ktime_get_coarse_boottime_ts64(&ts);
        CHECK(ns(ts) == cut);
        ktime_get_coarse_real_ts64(&ts);
        CHECK(ns(ts) == epoch + cut);
        ktime_get_coarse_clocktai_ts64(&ts);
        CHECK(ns(ts) == epoch + cut);
        getboottime64(&ts);
        CHECK(ns(ts) == epoch);
        CHECK(ktime_mono_to_real(7) == epoch + 7);
        CHECK(ktime_get_resolution_ns() == 1);
    });
}

TEST_CASE("get_jiffies_64: steps at the tick, not a nanosecond before", "[linux6][jiffies][sim]") {
    support::in_world([] {
        bottomhalf::arch::sim::delay(7);   // the machine boots between two ticks of the clock
        CHECK(get_jiffies_64() == INITIAL_JIFFIES);
        ndelay(3 * tick - 1);
        CHECK(get_jiffies_64() == INITIAL_JIFFIES + 2);
        ndelay(1);
        CHECK(get_jiffies_64() == INITIAL_JIFFIES + 3);
    });
}

TEST_CASE("time_is_before_jiffies: and its family, around now", "[linux6][jiffies][sim]") {
    support::in_world([] {
        const unsigned long now = get_jiffies_64();
        struct {
            unsigned long t;
            bool before, before_eq;
        } const rows[] = {{now - 1, true, true}, {now, false, true}, {now + 1, false, false}, {now - 1000, true, true}};
        for (const auto& [t, before, before_eq] : rows) {
            INFO("now " << static_cast<long>(t - now));
            CHECK(time_is_before_jiffies(t) == before);
            CHECK(time_is_before_eq_jiffies(t) == before_eq);
            CHECK(time_is_after_jiffies(t) == !before_eq);
            CHECK(time_is_after_eq_jiffies(t) == !before);
            CHECK(time_is_before_jiffies64(t) == before);
            CHECK(time_is_before_eq_jiffies64(t) == before_eq);
            CHECK(time_is_after_jiffies64(t) == !before_eq);
            CHECK(time_is_after_eq_jiffies64(t) == !before);
        }
    });
}

TEST_CASE("round_jiffies: to a whole second of the CPU's, absolute and relative", "[linux6][jiffies][sim]") {
    support::in_world([] {
        const unsigned long now = get_jiffies_64();
        const unsigned long second = now - now % HZ + 10 * HZ;
        CHECK(round_jiffies(second + 1) == second);
        CHECK(round_jiffies_up(second + 1) == second + HZ);
        CHECK(round_jiffies(second + HZ / 4) == second + HZ);
        CHECK(round_jiffies_relative(second + 1 - now) == second - now);
        CHECK(round_jiffies_up_relative(second + 1 - now) == second + HZ - now);
        CHECK(__round_jiffies(second + 1, 2) == second - 6);
        CHECK(__round_jiffies_up(second + 1, 2) == second + HZ - 6);
        CHECK(__round_jiffies_relative(second + 1 - now, 2) == second - 6 - now);
        CHECK(__round_jiffies_up_relative(second + 1 - now, 2) == second + HZ - 6 - now);
        CHECK(round_jiffies_relative(0) == 0);   // where rounding goes back, nothing changes
        CHECK(round_jiffies(now) == now);
    });
}

TEST_CASE("timespec64_to_jiffies, jiffies_to_timespec64: up, and exactly", "[linux6][jiffies]") {
    struct timespec64 ts = {2, 1};
    CHECK(timespec64_to_jiffies(&ts) == 2 * HZ + 1);
    jiffies_to_timespec64(3 * HZ + 1, &ts);
    CHECK(ts.tv_sec == 3);
    CHECK(ts.tv_nsec == tick);
    CHECK(timespec64_to_jiffies(&ts) == 3 * HZ + 1);
    CHECK(secs_to_jiffies(3) == 3 * HZ);
}

TEST_CASE("msleep, ssleep, usleep_range, fsleep; mdelay, udelay, ndelay: take their time", "[linux6][delay][sim]") {
    support::in_world([] {
        ktime_t begin = ktime_get();
        const auto took = [&] {
            const ktime_t was = begin;
            begin = ktime_get();
            return ktime_to_ns(ktime_sub(begin, was));
        };
        msleep(3);
        CHECK(took() == 3 * NSEC_PER_MSEC);
        CHECK(msleep_interruptible(3) == 0);
        CHECK(took() == 3 * NSEC_PER_MSEC);
        ssleep(2);
        CHECK(took() == 2 * NSEC_PER_SEC);
        usleep_range(150, 200);
        CHECK(took() == 150 * NSEC_PER_USEC);
        usleep_idle_range(150, 200);
        CHECK(took() == 150 * NSEC_PER_USEC);
        fsleep(10);
        CHECK(took() == 10 * NSEC_PER_USEC);
        fsleep(30'000);
        CHECK(took() == 30 * NSEC_PER_MSEC);
        mdelay(MAX_UDELAY_MS);
        CHECK(took() == 5 * NSEC_PER_MSEC);
        udelay(7);
        CHECK(took() == 7 * NSEC_PER_USEC);
        ndelay(7);
        CHECK(took() == 7);
    });
}

TEST_CASE("fsleep: up to 10 us may be burnt where nobody may sleep", "[linux6][delay][sim]") {
    support::in_world([] {
        const ear listener;
        preempt_disable();
        fsleep(10);
        CHECK(ear::all().empty());
        fsleep(11);
        CHECK(ear::has("usleep_range"));
        preempt_enable();
    });
}
