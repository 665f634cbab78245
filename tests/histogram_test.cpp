// SPDX-License-Identifier: MIT
//
// bench/histogram.hpp: against the sorted values themselves.
#include <bottomhalf/bench/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "support/catch.hpp"

using bottomhalf::bench::histogram;

TEST_CASE("histogram: each value is in its bucket, and buckets are next to each other", "[histogram]") {
    for (std::size_t i = 0; i < histogram::nr_buckets; ++i) {
        REQUIRE(histogram::index_of(static_cast<std::uint64_t>(histogram::first_of(i))) == i);
        REQUIRE(histogram::index_of(static_cast<std::uint64_t>(histogram::last_of(i))) == i);
        const double width = static_cast<double>(histogram::last_of(i) - histogram::first_of(i) + 1);
        REQUIRE((width == 1 || width / static_cast<double>(histogram::first_of(i)) <= 1.0 / 128));
    }
    CHECK(histogram::last_of(255) == 255);
    CHECK(histogram::last_of(256) == 257);
    CHECK(histogram::index_of(histogram::limit - 1) + 1 == histogram::nr_buckets);
    CHECK(sizeof(histogram) < 48 * 1024);
}

TEST_CASE("histogram: percentiles, as of the sorted values", "[histogram]") {
    std::mt19937_64 random{7};
    for (int round = 0; round < 20; ++round) {
        histogram h, first, second;
        std::vector<std::int64_t> all;
        std::lognormal_distribution<double> latency(8 + round % 5, 0.5 + 0.1 * round);
        for (int i = 0; i < 1 + 997 * round; ++i) {
            const auto v = static_cast<std::int64_t>(latency(random));
            all.push_back(v);
            h.add(v);
            (i % 3 == 0 ? first : second).add(v);
        }
        std::sort(all.begin(), all.end());
        CHECK(h.count() == all.size());
        CHECK(h.min() == all.front());
        CHECK(h.max() == all.back());
        double sum = 0;
        for (const std::int64_t v : all) sum += static_cast<double>(v);
        CHECK(std::abs(h.mean() - sum / static_cast<double>(all.size())) <= 1e-6 * h.mean());
        first.add(second);
        for (const double p : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
            const auto rank = static_cast<std::size_t>(std::ceil(p / 100 * static_cast<double>(all.size()) - 1e-9));
            const std::int64_t exact = all[rank > 0 ? rank - 1 : 0];
            CAPTURE(p, all.size());
            CHECK(h.percentile(p) >= exact);
            CHECK(static_cast<double>(h.percentile(p)) <= static_cast<double>(exact) * (1 + 1.0 / 128) + 1);
            CHECK(first.percentile(p) == h.percentile(p));   // two halves are the whole
        }
        histogram again;
        h.for_each([&](std::int64_t from, std::int64_t, std::uint64_t n) { again.add(from, n); });
        CHECK(again.count() == h.count());
        CHECK(std::abs(static_cast<double>(again.percentile(50) - h.percentile(50))) <=
              1 + static_cast<double>(h.percentile(50)) / 128);
    }
}

TEST_CASE("histogram: nothing, what is negative, and what is too long", "[histogram]") {
    histogram h;
    CHECK(h.percentile(50) == 0);
    CHECK((h.min() == 0 && h.max() == 0 && h.mean() == 0));
    h.add(-5);
    CHECK((h.min() == 0 && h.max() == 0 && h.count() == 1));
    h.add(histogram::limit + 5);
    CHECK(h.max() == histogram::limit - 1);
    CHECK(h.percentile(100) == histogram::limit - 1);
    CHECK(h.percentile(50) == 0);
    h.add(10, 0);
    CHECK(h.count() == 2);
}
