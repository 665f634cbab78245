// SPDX-License-Identifier: MIT
//
// One test, two engines: the body is a template over the engine and runs as it is on threads, and under several seeds
// in the simulator.
//
//   TEMPLATE_TEST_CASE("flush_work: ...", "[workqueue]", BOTTOMHALF_ENGINES) {
//       on_engine<TestType>([] {
//           scoped_machine<TestType> m{{.cpus = 2}};
//           ...
//       });
//   }
//
// Catch2's macros belong to the body; handlers and other tasks count, the body checks.  A report that the body has not
// taken (see reports.hpp) fails the test.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <utility>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/arch/threads.hpp>
#include <bottomhalf/bottomhalf.hpp>

#include "support/catch.hpp"
#include "support/reports.hpp"

#define BOTTOMHALF_ENGINES bottomhalf::arch::threads, bottomhalf::arch::sim

namespace support {

/// How many seeds a body runs under.  More of them: BOTTOMHALF_TEST_SEEDS in the environment.
inline std::uint64_t nr_seeds() {
    const char* env = std::getenv("BOTTOMHALF_TEST_SEEDS");
    const unsigned long long n = env != nullptr ? std::strtoull(env, nullptr, 10) : 0;
    return n > 0 ? n : 8;
}

inline void check_silence() {
    for (const std::string& text : reports::rest()) {
        INFO("a report that nobody expected: " << text);
        CHECK(false);
    }
}

template <class Arch, class Body>
void on_engine(Body body) {
    reports listening;
    if constexpr (Arch::simulated) {
        for (std::uint64_t seed = 0; seed < nr_seeds(); ++seed) {
            INFO("seed " << seed);
            typename Arch::world world{{.seed = seed}};
            world.run(body);
            check_silence();
        }
    } else {
        body();
        check_silence();
    }
}

/// Spins until `condition` holds.  For conditions that only others can make true; a wrong program ends by the test's
/// time limit, or as the simulator's livelock.
template <class Arch, class F>
void wait_until(F condition) {
    for (unsigned round = 0; !condition(); ++round) Arch::relax(round);
}

/// A work item of the C++ interface on a given engine: what CTAD does for the default one.
template <class Arch, class F>
[[nodiscard]] bottomhalf::work<F, Arch> make_work(F f) {
    return bottomhalf::work<F, Arch>{std::move(f)};
}
template <class Arch, class F>
[[nodiscard]] bottomhalf::delayed_work<F, Arch> make_delayed_work(F f) {
    return bottomhalf::delayed_work<F, Arch>{std::move(f)};
}

}   // namespace support
