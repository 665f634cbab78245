// SPDX-License-Identifier: MIT
//
// printk_ring.hpp: who prints.  In the simulator printk() writes at once; here the ring is looked at there all the same, so
// that others may strike between any two of its steps.
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/printed.hpp"

#include <cstdint>
#include <cstring>
#include <string>

#include <bottomhalf/printk_ring.hpp>

#include "support/engine.hpp"

namespace {

/// The simulator, passing for threads.
struct in_earnest : bottomhalf::arch::sim {
    static constexpr bool simulated = false;
};
using ring = bottomhalf::printk_ring<in_earnest>;
using support::call;

constexpr unsigned seeds = 6000;   // the hand-over is one step wide: one in four hundred strikes there

void say(const char* line) { ring::put(line, std::strlen(line)); }

}   // namespace

TEST_CASE("printk: what is said while somebody prints is printed by him, if not by who said it", "[printk]") {
    unsigned lost = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string text = support::printed([&] {
            in_earnest::world world{{.seed = seed}};
            world.run([] {
                // What has interrupted somebody leaves its message to others, who find it and queue behind it.
                ++in_earnest::current().ends_interrupt;
                say("first\n");
                --in_earnest::current().ends_interrupt;
                auto a = call<in_earnest>([] { say("a\n"); });
                auto b = call<in_earnest>([] { say("b\n"); });
            });
        });
        // Both have returned.  If something is left nobody prints it before somebody says more.
        const std::string left = support::printed([] { ring::flush(); });
        if (left.empty() && (text == "first\na\nb\n" || text == "first\nb\na\n")) continue;
        CAPTURE(seed, text, left);
        CHECK(++lost == 0);
    }
    CHECK(lost == 0);
}
