// SPDX-License-Identifier: MIT
// <linux/random.h> on either engine: in range, and in the simulator the same for the same seed.
#include "support/facade.hpp"

#include <set>
#include <vector>

#include <linux/random.h>

using support::on_this_engine;

TEST_CASE("random: numbers are in range, and differ", "[linux6][random]") {
    on_this_engine([] {
        std::set<u64> seen;
        bool below[5] = {}, both[2] = {};
        for (int i = 0; i < 500; ++i) {
            seen.insert(get_random_u64());
            const u32 n = get_random_u32_below(5);
            REQUIRE(n < 5);
            below[n] = true;
            CHECK(get_random_u32_above(0xfffffffd) >= 0xfffffffe);
            const u32 m = get_random_u32_inclusive(3, 4);
            CHECK((m == 3 || m == 4));
            both[m - 3] = true;
            CHECK(prandom_u32_max(2) < 2);
        }
        CHECK(seen.size() == 500);
        for (const bool b : below) CHECK(b);
        CHECK((both[0] && both[1]));
        unsigned char bytes[100] = {};
        get_random_bytes(bytes + 1, 97);
        CHECK((bytes[0] == 0 && bytes[98] == 0));
        int zeroes = 0;
        for (int i = 1; i < 98; ++i) zeroes += bytes[i] == 0;
        CHECK(zeroes < 20);
        std::set<u32> small;
        for (int i = 0; i < 200; ++i) {
            small.insert(get_random_u8());
            small.insert(get_random_u16());
            small.insert(get_random_u32());
            small.insert(static_cast<u32>(get_random_long()));
            small.insert(get_random_int());
        }
        CHECK(small.size() > 500);
    });
}

#if defined(BOTTOMHALF_SIM)
TEST_CASE("random: in the simulator a seed decides", "[linux6][random]") {
    const auto draw = [](std::uint64_t seed) {
        std::vector<u64> numbers;
        bottomhalf::arch::sim::world world{{.seed = seed}};
        world.run([&] {
            for (int i = 0; i < 10; ++i) numbers.push_back(get_random_u64());
        });
        return numbers;
    };
    CHECK(draw(7) == draw(7));
    CHECK(draw(7) != draw(8));
    CHECK(draw(0) == draw(0));
}
#endif
