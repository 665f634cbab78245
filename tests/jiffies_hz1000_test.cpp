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
