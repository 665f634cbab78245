// SPDX-License-Identifier: MIT
//
// <linux/sort.h>.
#include <linux/sort.h>

#include <algorithm>
#include <random>
#include <vector>

#include "support/catch.hpp"

namespace {

struct three {
    short key;
    char rest[5];
};
int by_key(const void* a, const void* b) {
    return static_cast<const three*>(a)->key - static_cast<const three*>(b)->key;
}
int swaps;

}   // namespace

TEST_CASE("sort: any number of elements of any size, moved as a whole", "[linux6][sort]") {
    std::mt19937 random{42};
    for (const std::size_t n : {0U, 1U, 2U, 3U, 7U, 64U, 1000U}) {
        std::vector<three> all(n);
        for (auto& e : all) {
            e.key = static_cast<short>(random() % 100);
            for (char& c : e.rest) c = static_cast<char>(e.key);
        }
        std::vector<short> want;
        for (const auto& e : all) want.push_back(e.key);
        std::sort(want.begin(), want.end());
        sort(all.data(), all.size(), sizeof(three), by_key, nullptr);
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(all[i].key == want[i]);
            CHECK(all[i].rest[4] == static_cast<char>(want[i]));
        }
    }
}

TEST_CASE("sort: by the caller's own exchange", "[linux6][sort]") {
    short all[] = {5, 3, 9, 1, 1, 7};
    swaps = 0;
    sort(
        all, 6, sizeof *all,
        [](const void* a, const void* b) { return *static_cast<const short*>(a) - *static_cast<const short*>(b); },
        [](void* a, void* b, int size) {
            CHECK(size == 2);
            std::swap(*static_cast<short*>(a), *static_cast<short*>(b));
            ++swaps;
        });
    CHECK(std::is_sorted(std::begin(all), std::end(all)));
    CHECK(swaps > 0);
}
