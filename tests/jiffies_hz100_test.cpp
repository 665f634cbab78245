// SPDX-License-Identifier: MIT
//
// The arithmetic of ticks at 100 of them per second.
#define BOTTOMHALF_HZ 100
#include "support/jiffies_cases.hpp"

TEST_CASE("msecs_to_jiffies: the kernel's results at 100 Hz", "[jiffies]") {
    static_assert(hz == 100);
    for (const auto& [ms, ticks] :
         {conversion{0, 0}, conversion{1, 1}, conversion{4, 1}, conversion{5, 1}, conversion{10, 1}, conversion{11, 2},
          conversion{20, 2}, conversion{1000, 100}, conversion{1001, 101}}) {
        INFO(ms << " ms");
        CHECK(msecs_to_jiffies(ms) == ticks);
    }
}

TEST_CASE("usecs_to_jiffies, nsecs_to_jiffies: the kernel's results at 100 Hz", "[jiffies]") {
    for (const auto& [us, ticks] : {conversion{0, 0}, conversion{1, 1}, conversion{999, 1}, conversion{1000, 1},
                                    conversion{1001, 1}, conversion{9999, 1}, conversion{10000, 1},
                                    conversion{10001, 2}, conversion{1000000, 100}, conversion{1000001, 101}}) {
        INFO(us << " us");
        CHECK(usecs_to_jiffies(us) == ticks);
        CHECK(nsecs_to_jiffies(us * 1000ULL) == us / 10000);
    }
    // From here on a number of microseconds is for ever.
    CHECK(usecs_to_jiffies(4294947296U) == 429495);
    CHECK(usecs_to_jiffies(4294947296U + 1) == max_jiffy_offset);
    CHECK(detail::timespec_to_jiffies(std::numeric_limits<std::int64_t>::max(), 0) == 549755813800);
}

TEST_CASE("jiffies_to_clock_t, clock_t_to_jiffies: the kernel's results at 100 Hz", "[jiffies][clock_t]") {
    for (const auto& [ticks, clocks] :
         {conversion{0, 0}, conversion{1, 1}, conversion{2, 2}, conversion{3, 3}, conversion{5, 5}, conversion{9, 9},
          conversion{10, 10}, conversion{19, 19}, conversion{249, 249}, conversion{250, 250}, conversion{251, 251},
          conversion{1000, 1000}}) {
        INFO(ticks << " ticks");
        CHECK(jiffies_to_clock_t(ticks) == static_cast<long>(clocks));
    }
    for (const auto& [clocks, ticks] :
         {conversion{0, 0}, conversion{1, 1}, conversion{2, 2}, conversion{99, 99}, conversion{100, 100}}) {
        INFO(clocks << " clocks");
        CHECK(clock_t_to_jiffies(clocks) == ticks);
    }
    CHECK(clock_t_to_jiffies(18446744073709551615UL - 1) == 18446744073709551614UL);   // the last that fits
    CHECK(clock_t_to_jiffies(18446744073709551615UL) == std::numeric_limits<jiffies_t>::max());
}
