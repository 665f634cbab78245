// SPDX-License-Identifier: MIT
//
// The arithmetic of ticks, for whatever BOTTOMHALF_HZ the including test was compiled with.
#pragma once

#include <bottomhalf/jiffies.hpp>

#include <cstdint>
#include <limits>

#include "support/catch.hpp"

namespace {

using namespace bottomhalf;

struct conversion {
    unsigned int from;
    jiffies_t to;
};

TEST_CASE("msecs_to_jiffies: rounds up, so that nobody waits less than he asked for", "[jiffies]") {
    for (unsigned m :
         {0U, 1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 10U, 11U, 99U, 100U, 999U, 1000U, 1001U, 86'400'000U, 2'147'483'647U}) {
        INFO(m << " ms");
        const jiffies_t j = msecs_to_jiffies(m);
        CHECK(j * 1000 >= std::uint64_t{m} * hz);                   // long enough,
        if (j > 0) CHECK((j - 1) * 1000 < std::uint64_t{m} * hz);   // and not a tick more
    }
    CHECK(msecs_to_jiffies(2'147'483'648U) == max_jiffy_offset);   // negative as int: for ever
    CHECK(msecs_to_jiffies(static_cast<unsigned>(-1)) == max_jiffy_offset);
}

TEST_CASE("usecs_to_jiffies: rounds up", "[jiffies]") {
    for (unsigned u : {0U, 1U, 999U, 1000U, 1001U, 3999U, 4000U, 4001U, 10'000U, 10'001U, 1'000'000U, 4'294'900'000U}) {
        INFO(u << " us");
        const jiffies_t j = usecs_to_jiffies(u);
        CHECK(j * 1'000'000 >= std::uint64_t{u} * hz);
        if (j > 0) CHECK((j - 1) * 1'000'000 < std::uint64_t{u} * hz);
    }
    CHECK(usecs_to_jiffies(static_cast<unsigned>(-1)) == max_jiffy_offset);   // for ever, as in the kernel
}

TEST_CASE("nsecs_to_jiffies: rounds down", "[jiffies]") {
    constexpr std::uint64_t tick = tick_ns;
    for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, tick - 1, tick, tick + 1, 7 * tick - 1, 7 * tick,
                                  std::uint64_t{1'000'000'000}, std::numeric_limits<std::uint64_t>::max()}) {
        INFO(n << " ns");
        const jiffies_t j = nsecs_to_jiffies(n);
        CHECK(j * tick <= n);
        CHECK(n - j * tick < tick);
        CHECK(nsecs_to_jiffies64(n) == j);
    }
    CHECK(nsecs_to_jiffies(tick - 1) == 0);
    CHECK(nsecs_to_jiffies(1'000'000'000) == hz);
}

TEST_CASE("secs_to_jiffies: exact", "[jiffies]") {
    CHECK(secs_to_jiffies(0) == 0);
    CHECK(secs_to_jiffies(7) == 7 * hz);
    CHECK(secs_to_jiffies(4'294'967'296) == 4'294'967'296 * hz);
}

TEST_CASE("jiffies_to_msecs: turns msecs_to_jiffies() round", "[jiffies]") {
    for (jiffies_t j : {0UL, 1UL, 2UL, 3UL, hz - 1, hz, hz + 1, 60 * hz, 86'400 * hz}) {
        INFO(j << " ticks");
        CHECK(msecs_to_jiffies(jiffies_to_msecs(j)) == j);
        if (j <= 60 * hz) CHECK(jiffies_to_usecs(j) == j * (1'000'000 / hz));
    }
    CHECK(jiffies_to_msecs(hz) == 1000);
    // What does not fit is cut off.
    constexpr jiffies_t last = std::numeric_limits<jiffies_t>::max();
    CHECK(jiffies_to_msecs(last) == static_cast<unsigned>(-1000 / static_cast<int>(hz)));
    CHECK(jiffies_to_usecs(last) == static_cast<unsigned>(-1'000'000 / static_cast<int>(hz)));
}

TEST_CASE("jiffies_to_nsecs: by way of 32 bits of microseconds, as in the kernel", "[jiffies]") {
    CHECK(jiffies_to_nsecs(0) == 0);
    CHECK(jiffies_to_nsecs(1) == static_cast<std::uint64_t>(tick_ns));
    CHECK(jiffies_to_nsecs(4294 * hz) == 4'294'000'000'000);
    CHECK(jiffies_to_nsecs(4295 * hz) == (4'295'000'000 - (1ULL << 32)) * 1000);
}

TEST_CASE("jiffies64_to_msecs, jiffies64_to_nsecs: a hundred years are exact", "[jiffies]") {
    constexpr std::uint64_t century = 100ULL * 365 * 86'400;
    CHECK(jiffies64_to_msecs(century * hz) == century * 1000);
    CHECK(jiffies64_to_nsecs(century * hz) == century * 1'000'000'000);
    CHECK(jiffies64_to_msecs(1) == 1000 / hz);
    CHECK(jiffies64_to_nsecs(1) == static_cast<std::uint64_t>(tick_ns));
}

TEST_CASE("jiffies_delta_to_msecs, jiffies_delta_to_clock_t: nothing below zero", "[jiffies]") {
    CHECK(jiffies_delta_to_msecs(-1) == 0);
    CHECK(jiffies_delta_to_msecs(std::numeric_limits<long>::min()) == 0);
    CHECK(jiffies_delta_to_msecs(7) == jiffies_to_msecs(7));
    CHECK(jiffies_delta_to_clock_t(-10'000) == 0);
    CHECK(jiffies_delta_to_clock_t(10'000) == jiffies_to_clock_t(10'000));
}

TEST_CASE("timespec_to_jiffies: rounds up, and knows for ever", "[jiffies]") {
    using bottomhalf::detail::timespec_to_jiffies;
    constexpr long tick = tick_ns;
    CHECK(timespec_to_jiffies(0, 0) == 0);
    CHECK(timespec_to_jiffies(0, 1) == 1);
    CHECK(timespec_to_jiffies(0, tick) == 1);
    CHECK(timespec_to_jiffies(0, tick + 1) == 2);
    CHECK(timespec_to_jiffies(3, 0) == 3 * hz);
    CHECK(timespec_to_jiffies(3, 999'999'999) == 4 * hz);
    CHECK(timespec_to_jiffies(4'000'000'000, 1) == 4'000'000'000 * hz + 1);
    const jiffies_t for_ever = timespec_to_jiffies(std::numeric_limits<std::int64_t>::max(), 0);
    CHECK(for_ever > 4'000'000'000 * hz);
    CHECK(for_ever <= max_jiffy_offset);
    CHECK(timespec_to_jiffies(-1, 0) == for_ever);
    CHECK(timespec_to_jiffies(10'000'000'000, 999'999'999) == for_ever);
}

TEST_CASE("time_after64, time_after32: right over the wrap of their width, and their families", "[jiffies]") {
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    CHECK(time_after64(0, last));
    CHECK_FALSE(time_after64(last, 0));
    CHECK_FALSE(time_after64(5, 5));
    CHECK(time_before64(last, 0));
    CHECK_FALSE(time_before64(5, 5));
    CHECK(time_after_eq64(5, 5));
    CHECK(time_after_eq64(0, last));
    CHECK_FALSE(time_after_eq64(last, 0));
    CHECK(time_before_eq64(5, 5));
    CHECK(time_before_eq64(last, 0));
    CHECK_FALSE(time_before_eq64(0, last));
    CHECK(time_after64(1ULL << 62, 0));
    CHECK(time_in_range64(0, last, 0));
    CHECK(time_in_range64(last, last, 0));
    CHECK_FALSE(time_in_range64(1, last, 0));
    CHECK_FALSE(time_in_range64(last - 1, last, 0));

    CHECK(time_after32(0x1'0000'0000, 0xffff'ffff));
    CHECK(time_after32(0, 0xffff'ffff));   // the lower halves only
    CHECK_FALSE(time_after32(0x1'0000'0005, 5));
    CHECK_FALSE(time_after32(5, 5));
    CHECK(time_before32(0xffff'ffff, 0));
    CHECK_FALSE(time_before32(5, 5));
    CHECK(time_between32(0xffff'fffe, 1, 0));
    CHECK(time_between32(0xffff'fffe, 1, 0xffff'fffe));
    CHECK(time_between32(0xffff'fffe, 1, 1));
    CHECK_FALSE(time_between32(0xffff'fffe, 1, 2));
    CHECK_FALSE(time_between32(0xffff'fffe, 1, 0xffff'fffd));
}

TEST_CASE("time_in_range: has both its ends, time_in_range_open() the lower", "[jiffies]") {
    constexpr jiffies_t last = std::numeric_limits<jiffies_t>::max();
    for (const jiffies_t from : {100UL, last - 1, last}) {
        INFO("from " << from);
        const jiffies_t to = from + 5;
        CHECK_FALSE(time_in_range(from - 1, from, to));
        CHECK(time_in_range(from, from, to));
        CHECK(time_in_range(to, from, to));
        CHECK_FALSE(time_in_range(to + 1, from, to));
        CHECK_FALSE(time_in_range_open(from - 1, from, to));
        CHECK(time_in_range_open(from, from, to));
        CHECK(time_in_range_open(to - 1, from, to));
        CHECK_FALSE(time_in_range_open(to, from, to));
    }
}

TEST_CASE("round_jiffies: to the nearest second, down only in its first quarter", "[jiffies][round_jiffies]") {
    constexpr jiffies_t second = 1000 * hz, now = second - 10 * hz;
    for (const jiffies_t rest : {0UL, 1UL, hz / 4 - 1, hz / 4, hz / 2, hz - 1}) {
        INFO(rest << " ticks into it");
        CHECK(round_jiffies(second + rest, 0, false, now) == (rest < hz / 4 ? second : second + hz));
        CHECK(round_jiffies(second + rest, 0, true, now) == second + hz);
    }
}

TEST_CASE("round_jiffies: each CPU has its second 3 ticks before that of the one before", "[jiffies][round_jiffies]") {
    constexpr jiffies_t second = 1000 * hz, now = second - 10 * hz;
    for (const unsigned cpu : {0U, 1U, 2U, 7U}) {
        INFO("CPU " << cpu);
        CHECK(round_jiffies(second + 1 - cpu * 3, cpu, false, now) == second - cpu * 3);
        CHECK(round_jiffies(second - 1 - cpu * 3, cpu, false, now) == second - cpu * 3);
        CHECK(round_jiffies(second - cpu * 3, cpu, true, now) == second + hz - cpu * 3);
    }
}

TEST_CASE("round_jiffies: what would not be in the future stays as it is", "[jiffies][round_jiffies]") {
    constexpr jiffies_t second = 1000 * hz;
    CHECK(round_jiffies(second + 2, 0, false, second - 1) == second);
    CHECK(round_jiffies(second + 2, 0, false, second) == second + 2);   // now is not the future
    CHECK(round_jiffies(second + 2, 0, false, second + 1) == second + 2);
    CHECK(round_jiffies(second + 2, 0, true, second + 1) == second + hz);
    CHECK(round_jiffies(second + 2, 0, false, second + 5 * hz) == second + 2);
    CHECK(round_jiffies(second + 2, 0, true, second + hz) == second + 2);
    // Over the wrap: whole seconds are counted from 0 on either side of it.
    constexpr jiffies_t last = std::numeric_limits<jiffies_t>::max();
    CHECK(round_jiffies(hz - 1, 0, false, last) == hz);
    CHECK(round_jiffies(1, 0, false, last) == 0);
}

TEST_CASE("clock_t_to_jiffies: turns jiffies_to_clock_t() round by whole seconds", "[jiffies][clock_t]") {
    CHECK(user_hz == 100);
    for (const unsigned long seconds : {0UL, 1UL, 59UL, 86'400UL, 1'000'000'000UL}) {
        INFO(seconds << " s");
        CHECK(jiffies_to_clock_t(seconds * hz) == static_cast<long>(seconds * 100));
        CHECK(jiffies_64_to_clock_t(seconds * hz) == seconds * 100);
        CHECK(clock_t_to_jiffies(seconds * 100) == seconds * hz);
    }
    CHECK(clock_t_to_jiffies(std::numeric_limits<unsigned long>::max()) == std::numeric_limits<jiffies_t>::max());
}

TEST_CASE("time_after: is right over the wrap, and so is its family", "[jiffies]") {
    constexpr jiffies_t last = std::numeric_limits<jiffies_t>::max();
    CHECK(time_after(1, 0));
    CHECK_FALSE(time_after(0, 0));
    CHECK_FALSE(time_after(0, 1));
    CHECK(time_after(0, last));
    CHECK_FALSE(time_after(last, 0));
    CHECK(time_before(last, 0));
    CHECK(time_after_eq(5, 5));
    CHECK(time_after_eq(2, last));
    CHECK_FALSE(time_after_eq(last, 2));
    CHECK(time_before_eq(5, 5));
    CHECK(time_before_eq(last, 2));
    CHECK(time_after(last / 2, 0));
}

TEST_CASE("initial_jiffies: five minutes before the wrap of 32 bits", "[jiffies]") {
    CHECK(static_cast<std::uint32_t>(initial_jiffies + 300 * hz) == 0);
    CHECK(static_cast<std::uint32_t>(initial_jiffies) > 0xffffffffU - 300 * hz);
}

TEST_CASE("tick_clock: ticks since boot, and back", "[jiffies][tick_clock]") {
    const tick_clock c{.boot = 1'000'000'007};
    CHECK(c.at(c.boot) == initial_jiffies);
    CHECK(c.at(c.boot + tick_ns - 1) == initial_jiffies);
    CHECK(c.at(c.boot + tick_ns) == initial_jiffies + 1);
    CHECK(c.at(c.boot + 301 * static_cast<arch::ns_t>(hz) * tick_ns) == initial_jiffies + 301 * hz);   // beyond 32 bits
    for (jiffies_t j : {initial_jiffies, initial_jiffies + 1, initial_jiffies + 1000 * hz}) {
        CHECK(c.at(c.when(j)) == j);
        if (j != initial_jiffies) CHECK(c.at(c.when(j) - 1) == j - 1);
    }
    CHECK(c.when(initial_jiffies - 1) == c.boot);                         // the past: at once
    CHECK(c.when(initial_jiffies + max_jiffy_offset) == arch::forever);   // no such time on the clock
}

TEST_CASE("tick_clock: a delay is at least as long as asked for, and less than a tick longer",
          "[jiffies][tick_clock]") {
    const tick_clock c{.boot = 77};
    for (const arch::ns_t phase : {arch::ns_t{0}, arch::ns_t{1}, tick_ns / 2, tick_ns - 1})
        for (const jiffies_t delay : {0UL, 1UL, 2UL, hz}) {
            INFO("phase " << phase << ", delay " << delay);
            const arch::ns_t now = c.boot + 1234 * tick_ns + phase;
            const arch::ns_t waits = c.when(c.after(now, delay)) - now;
            CHECK(waits >= static_cast<arch::ns_t>(delay) * tick_ns);
            CHECK(waits < static_cast<arch::ns_t>(delay + 1) * tick_ns);
        }
    CHECK(c.after(c.boot, std::numeric_limits<jiffies_t>::max()) == initial_jiffies + max_jiffy_offset);
}

}   // namespace
