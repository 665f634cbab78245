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
