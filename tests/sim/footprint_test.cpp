// SPDX-License-Identifier: MIT
//
// A long exploration has no more memory than a short one, also where each schedule fails, and its tasks are abandoned.
#include "sim/footprint.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

#include <bottomhalf/sim/actor.hpp>

namespace sim = bottomhalf::sim;
namespace arch = bottomhalf::arch;
using engine = arch::sim;
using support::check_footprint;

namespace {

using word = std::uint32_t;
engine::atomic_ref<word> ref(word& w) { return engine::atomic_ref<word>(w); }

sim::options of(sim::plan how) {
    sim::options o;
    o.name = "footprint";
    o.how = how;
    o.boots = false;
    return o;
}

void two_that_count() {
    word n = 0;
    const auto count = [&] {
        for (int i = 0; i < 2; ++i) ref(n).fetch_add(1);
    };
    {
        sim::actor one("one", count);
        sim::actor two("two", count);
    }
    sim::expect(n == 4, "an update was lost");
}

/// Others are there when it happens: one that sleeps, one that may have run.
template <class Body>
void among_others(Body body) {
    word never = 0, n = 0;
    sim::actor sleeper("sleeper", [&] { engine::park(never, 0, arch::forever, "nothing"); });
    sim::actor other("other", [&] { ref(n).store(1); });
    sim::actor last("last", body);
}

const std::string long_words(100, '!');

void check_all(std::uint64_t few, std::uint64_t many) {
    SECTION("draws") { check_footprint(of(sim::plan::random), few, many, false, two_that_count); }
    SECTION("priorities") { check_footprint(of(sim::plan::pct), few, many, false, two_that_count); }
    SECTION("each schedule is a deadlock") {
        check_footprint(of(sim::plan::random), few, many, true, [] { among_others([] {}); });
    }
    SECTION("something is wrong in each") {
        check_footprint(of(sim::plan::random), few, many, true,
                        [] { among_others([] { sim::expect(false, long_words.c_str()); }); });
    }
    SECTION("a task throws in each") {
        check_footprint(of(sim::plan::random), few / 10, many / 10, true,
                        [] { among_others([] { throw std::runtime_error(long_words); }); });
    }
    SECTION("the body throws in each, and leaves a task behind") {
        check_footprint(of(sim::plan::random), few / 10, many / 10, true, [] {
            engine::thread left;
            engine::spawn(
                left, 0, "left", false, [](void*) { engine::delay(1'000'000); }, nullptr);
            throw std::runtime_error(long_words);
        });
    }
    SECTION("memory is lost in each") {
        check_footprint(of(sim::plan::random), few / 10, many / 10, true, [] {
            engine::memory()->get(100, 8, false, bottomhalf::location::current());
            engine::step();
        });
    }
}

}   // namespace

TEST_CASE("footprint: ten times the schedules, the same memory", "[explore][footprint]") {
    check_all(100'000, 1'000'000);
}

TEST_CASE("footprint: ten million schedules, the same memory", "[.][long]") { check_all(100'000, 10'000'000); }
