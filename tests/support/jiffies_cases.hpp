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
    for (unsigned u : {0U, 1U, 999U, 1000U, 1001U, 3999U, 4000U, 4001U, 10'000U, 10'001U, 1'000'000U, 4'294'967'295U}) {
        INFO(u << " us");
        const jiffies_t j = usecs_to_jiffies(u);
        CHECK(j * 1'000'000 >= std::uint64_t{u} * hz);
        if (j > 0) CHECK((j - 1) * 1'000'000 < std::uint64_t{u} * hz);
    }
}

TEST_CASE("jiffies_to_msecs: turns msecs_to_jiffies() round", "[jiffies]") {
    for (jiffies_t j : {0UL, 1UL, 2UL, 3UL, hz - 1, hz, hz + 1, 60 * hz, 86'400 * hz}) {
        INFO(j << " ticks");
        CHECK(msecs_to_jiffies(jiffies_to_msecs(j)) == j);
        if (j <= 60 * hz) CHECK(jiffies_to_usecs(j) == j * (1'000'000 / hz));
    }
    CHECK(jiffies_to_msecs(hz) == 1000);
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
