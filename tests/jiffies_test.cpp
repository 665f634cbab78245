// SPDX-License-Identifier: MIT
//
// The arithmetic of ticks at 250 of them per second.
#define BOTTOMHALF_HZ 250
#include "support/jiffies_cases.hpp"

TEST_CASE("msecs_to_jiffies: the kernel's results at 250 Hz", "[jiffies]") {
    static_assert(hz == 250);
    for (const auto& [ms, ticks] :
         {conversion{0, 0}, conversion{1, 1}, conversion{4, 1}, conversion{5, 2}, conversion{8, 2}, conversion{9, 3},
          conversion{10, 3}, conversion{1000, 250}, conversion{1001, 251}}) {
        INFO(ms << " ms");
        CHECK(msecs_to_jiffies(ms) == ticks);
    }
}

TEST_CASE("usecs_to_jiffies, nsecs_to_jiffies: the kernel's results at 250 Hz", "[jiffies]") {
    for (const auto& [us, ticks] :
         {conversion{0, 0}, conversion{1, 1}, conversion{999, 1}, conversion{1000, 1}, conversion{1001, 1},
          conversion{3999, 1}, conversion{4000, 1}, conversion{4001, 2}, conversion{10000, 3}, conversion{10001, 3},
          conversion{1000000, 250}, conversion{1000001, 251}}) {
        INFO(us << " us");
        CHECK(usecs_to_jiffies(us) == ticks);
        CHECK(nsecs_to_jiffies(us * 1000ULL) == us / 4000);
    }
    // From here on a number of microseconds is for ever.
    CHECK(usecs_to_jiffies(4294959296U) == 1073740);
    CHECK(usecs_to_jiffies(4294959296U + 1) == max_jiffy_offset);
    CHECK(detail::timespec_to_jiffies(std::numeric_limits<std::int64_t>::max(), 0) == 1099511627500);
}

TEST_CASE("jiffies_to_clock_t, clock_t_to_jiffies: the kernel's results at 250 Hz", "[jiffies][clock_t]") {
    for (const auto& [ticks, clocks] :
         {conversion{0, 0}, conversion{1, 0}, conversion{2, 0}, conversion{3, 1}, conversion{5, 2}, conversion{9, 3},
          conversion{10, 4}, conversion{19, 7}, conversion{249, 99}, conversion{250, 100}, conversion{251, 100},
          conversion{1000, 400}}) {
        INFO(ticks << " ticks");
        CHECK(jiffies_to_clock_t(ticks) == static_cast<long>(clocks));
    }
    for (const auto& [clocks, ticks] : {conversion{0, 0}, conversion{1, 2}, conversion{2, 5}, conversion{3, 7},
                                        conversion{99, 247}, conversion{100, 250}}) {
        INFO(clocks << " clocks");
        CHECK(clock_t_to_jiffies(clocks) == ticks);
    }
    CHECK(clock_t_to_jiffies(7378697629483820600UL - 1) == 184467440737095397UL);   // the last that fits
    CHECK(clock_t_to_jiffies(7378697629483820600UL) == std::numeric_limits<jiffies_t>::max());
}
