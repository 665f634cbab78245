// SPDX-License-Identifier: MIT
//
// The clocks and sleeps of the 2.6 facade in virtual time, where each has one right answer.
#define BOTTOMHALF_SIM
#include "linux26/support.hpp"

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/time.h>

#include "support/facade_world.hpp"

namespace {
constexpr s64 epoch = 1'109'635'200LL * NSEC_PER_SEC;   // 2005-03-01
constexpr s64 tick = 1'000'000'000 / HZ;
}   // namespace

TEST_CASE("the time of day: in each of its units", "[time][sim]") {
    support::in_world([] {
        constexpr s64 at = 5'234'567'891, cut = 5'232'000'000;
        ndelay(at);
        struct timeval tv;
        do_gettimeofday(&tv);
        CHECK(timeval_to_ns(&tv) == epoch + 5'234'567'000);
        struct timespec ts;
        getnstimeofday(&ts);
        CHECK(timespec_to_ns(&ts) == epoch + at);
        CHECK(ts.tv_sec == 1'109'635'205);
        ts = current_kernel_time();
        CHECK(timespec_to_ns(&ts) == epoch + cut);
        CHECK(get_seconds() == 1'109'635'205);
        ktime_get_ts(&ts);
        CHECK(timespec_to_ns(&ts) == at);
        getrawmonotonic(&ts);
        CHECK(timespec_to_ns(&ts) == at);
        CHECK(ktime_get().tv64 == at);
        CHECK(ktime_get_real().tv64 == epoch + at);
    });
}

TEST_CASE("ndelay: jiffies tick while it burns, if it is the first that is called, too", "[delay][jiffies][sim]") {
    support::in_world([] {
        ndelay(3 * tick);
        CHECK(jiffies == INITIAL_JIFFIES + 3);
    });
}

TEST_CASE("time_after: whoever compares jiffies wants them to move, if it is the first call, too", "[jiffies][sim]") {
    support::in_world([] {
        const unsigned long begin = jiffies;
        CHECK_FALSE(time_after(jiffies, begin));
        bottomhalf::arch::sim::delay(3 * tick);
        CHECK(jiffies == begin + 3);
    });
}

TEST_CASE("get_jiffies_64: steps at the tick, not a nanosecond before", "[jiffies][sim]") {
    support::in_world([] {
        bottomhalf::arch::sim::delay(7);   // the machine boots between two ticks of the clock
        CHECK(get_jiffies_64() == INITIAL_JIFFIES);
        ndelay(3 * tick - 1);
        CHECK(get_jiffies_64() == INITIAL_JIFFIES + 2);
        ndelay(1);
        CHECK(get_jiffies_64() == INITIAL_JIFFIES + 3);
    });
}

TEST_CASE("time_is_before_jiffies: and its family, around now", "[jiffies][sim]") {
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
            CHECK(time_in_range(t, now, now + 1) == !before);
            CHECK(time_in_range_open(t, now, now + 1) == (t == now));
        }
    });
}

TEST_CASE("round_jiffies: to a whole second of the CPU's, absolute and relative", "[jiffies][sim]") {
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

TEST_CASE("msleep, ssleep, usleep_range; mdelay, udelay, ndelay: take their time", "[delay][sim]") {
    support::in_world([] {
        get_jiffies_64();   // the machine boots; its ticks begin
        s64 begin = ktime_get().tv64;
        const auto took = [&] {
            const s64 was = begin;
            begin = ktime_get().tv64;
            return begin - was;
        };
        msleep(9);
        CHECK(took() == 3 * tick);   // whole ticks
        CHECK(msleep_interruptible(1) == 0);
        CHECK(took() == tick);
        ssleep(2);
        CHECK(took() == 2 * NSEC_PER_SEC);
        usleep_range(150, 200);
        CHECK(took() == 150 * NSEC_PER_USEC);
        mdelay(MAX_UDELAY_MS);
        CHECK(took() == 5 * NSEC_PER_MSEC);
        udelay(7);
        CHECK(took() == 7 * NSEC_PER_USEC);
        ndelay(7);
        CHECK(took() == 7);
    });
}
