// SPDX-License-Identifier: MIT
//
// The arithmetic of ticks at 1000 of them per second.
#define BOTTOMHALF_HZ 1000
#include "support/jiffies_cases.hpp"

TEST_CASE("msecs_to_jiffies: the kernel's results at 1000 Hz", "[jiffies]") {
    static_assert(hz == 1000);
    for (const auto& [ms, ticks] :
         {conversion{0, 0}, conversion{1, 1}, conversion{4, 4}, conversion{5, 5}, conversion{10, 10},
          conversion{11, 11}, conversion{1000, 1000}, conversion{1001, 1001}}) {
        INFO(ms << " ms");
        CHECK(msecs_to_jiffies(ms) == ticks);
    }
}

TEST_CASE("usecs_to_jiffies, nsecs_to_jiffies: the kernel's results at 1000 Hz", "[jiffies]") {
    for (const auto& [us, ticks] :
         {conversion{0, 0}, conversion{1, 1}, conversion{999, 1}, conversion{1000, 1}, conversion{1001, 2},
          conversion{10000, 10}, conversion{10001, 11}, conversion{1000000, 1000}, conversion{1000001, 1001}}) {
        INFO(us << " us");
        CHECK(usecs_to_jiffies(us) == ticks);
        CHECK(nsecs_to_jiffies(us * 1000ULL) == us / 1000);
    }
    // From here on a number of microseconds is for ever.
    CHECK(usecs_to_jiffies(4294965296U) == 4294966);
    CHECK(usecs_to_jiffies(4294965296U + 1) == max_jiffy_offset);
    CHECK(detail::timespec_to_jiffies(std::numeric_limits<std::int64_t>::max(), 0) == 4398046510000);
}

TEST_CASE("jiffies_to_clock_t, clock_t_to_jiffies: the kernel's results at 1000 Hz", "[jiffies][clock_t]") {
    for (const auto& [ticks, clocks] :
         {conversion{0, 0}, conversion{1, 0}, conversion{2, 0}, conversion{3, 0}, conversion{5, 0}, conversion{9, 0},
          conversion{10, 1}, conversion{19, 1}, conversion{249, 24}, conversion{250, 25}, conversion{251, 25},
          conversion{1000, 100}}) {
        INFO(ticks << " ticks");
        CHECK(jiffies_to_clock_t(ticks) == static_cast<long>(clocks));
    }
    for (const auto& [clocks, ticks] :
         {conversion{0, 0}, conversion{1, 10}, conversion{2, 20}, conversion{99, 990}, conversion{100, 1000}}) {
        INFO(clocks << " clocks");
        CHECK(clock_t_to_jiffies(clocks) == ticks);
    }
    CHECK(clock_t_to_jiffies(1844674407370955161UL - 1) == 18446744073709551600UL);   // the last that fits
    CHECK(clock_t_to_jiffies(1844674407370955161UL) == std::numeric_limits<jiffies_t>::max());
}
