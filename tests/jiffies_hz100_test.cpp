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
