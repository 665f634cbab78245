// SPDX-License-Identifier: MIT
//
// How much memory explorations leave behind.
#pragma once

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <malloc.h>
#include <unistd.h>

#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace support {

/// Bytes of this process that are in memory.
inline std::size_t resident_size() {
    unsigned long size = 0, resident = 0;
    std::FILE* const f = std::fopen("/proc/self/statm", "r");
    REQUIRE(f != nullptr);
    const int read = std::fscanf(f, "%lu %lu", &size, &resident);
    std::fclose(f);
    REQUIRE(read == 2);
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

inline constexpr std::size_t footprint_slack = std::size_t{1}
                                               << 20;   // a schedule in a thousand may not leave a KB behind

/// Runs `body` under `few` schedules, and then under `many` of them, in one exploration each, and counts what that has added.
template <class Body>
void check_footprint(bottomhalf::sim::options o, std::uint64_t few, std::uint64_t many, bool fails, Body body) {
#if BOTTOMHALF_ASAN || BOTTOMHALF_TSAN
    few = std::min<std::uint64_t>(few, 100);   // what is freed stays in a quarantine: only that it runs is seen
    many = std::min<std::uint64_t>(many, 1'000);
#endif
    o.stops = false;
    o.shrinks = false;
    const auto explore = [&](std::uint64_t n) {
        o.schedules = n;
        const bottomhalf::sim::result r = bottomhalf::sim::explore(o, body);
        CHECK(r.kind != bottomhalf::sim::verdict::not_deterministic);
        CHECK(r.schedules >= n);
        if (fails)
            CHECK(r.failures == r.schedules);
        else
            CHECK(r.failures == 0);
        ::malloc_trim(0);   // what is free does not count
        return resident_size();
    };
    const std::size_t before = explore(few);
    const std::size_t after = explore(many);
    CAPTURE(before, after, few, many);
#if !BOTTOMHALF_ASAN && !BOTTOMHALF_TSAN
    CHECK(after <= before + footprint_slack);
#endif
}

}   // namespace support
