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

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/arch/threads.hpp>
#include <bottomhalf/bottomhalf.hpp>
#include <bottomhalf/sim/distinct.hpp>

#include "support/catch.hpp"
#include "support/reports.hpp"

#define BOTTOMHALF_ENGINES bottomhalf::arch::threads, bottomhalf::arch::sim

namespace support {

/// How many seeds a body runs under, if somebody has said so: BOTTOMHALF_TEST_SEEDS in the environment.
inline std::uint64_t seeds_asked_for() {
    const char* env = std::getenv("BOTTOMHALF_TEST_SEEDS");
    return env != nullptr ? std::strtoull(env, nullptr, 10) : 0;
}
inline std::uint64_t nr_seeds() {
    const std::uint64_t asked = seeds_asked_for();
    return asked > 0 ? asked : 8;
}

/// How many different ways a body has gone.  Printed where the number of seeds was asked for: many seeds that lead the same
/// way say no more than one of them.
class ways {
public:
    ways() = default;
    ways(const ways&) = delete;
    ways& operator=(const ways&) = delete;
    ~ways() {
        if (seeds_asked_for() == 0) return;
        std::fprintf(stderr, "seeds: %" PRIu64 " distinct of %" PRIu64 ": %s\n", distinct_.count(), seeds_,
                     Catch::getResultCapture().getCurrentTestName().c_str());
    }
    void add(std::uint64_t trace) {
        ++seeds_;
        distinct_.add(trace);
    }

private:
    bottomhalf::sim::distinct_counter distinct_;
    std::uint64_t seeds_ = 0;
};

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
        ways gone;
        for (std::uint64_t seed = 0; seed < nr_seeds(); ++seed) {
            INFO("seed " << seed);
            typename Arch::world world{{.seed = seed}};
            world.run(body);
            gone.add(world.trace());
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
