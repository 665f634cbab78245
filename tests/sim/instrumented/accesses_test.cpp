// SPDX-License-Identifier: MIT
//
// sim/instrumented.hpp: each load and store of a driver is a step, and nothing else is.  This file is linked twice: itself
// plain, and itself instrumented.
#include "sim/instrumented/driver.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>
#include <bottomhalf/sim/instrumented.hpp>

namespace sim = bottomhalf::sim;
namespace arch = bottomhalf::arch;

namespace {

using call = void(driver::device&);

std::uint64_t steps_with(call* function) {
    std::uint64_t steps = 0;
    arch::sim_world world;
    world.run([&] {
        driver::device d;
        d.limit = 10;
        const std::uint64_t before = world.steps();
        function(d);
        steps = world.steps() - before;
    });
    return steps;
}
/// How many steps it takes where nobody else is.  Where this file is instrumented, too, it takes some of its own.
std::uint64_t steps_of(call* function) { return steps_with(function) - steps_with(driver::nothing); }

sim::options exhaustively() {
    sim::options o;
    o.name = "test";
    o.how = sim::plan::bounded;
    o.depth = 100;
    o.schedules = 1'000'000;
    o.boots = false;
    o.races = false;
    return o;
}

template <class Body>
sim::result of_two(const sim::options& o, Body body) {
    return sim::explore(o, [&] {
        driver::device d;
        {
            sim::actor other("other", [&] { body(d); });
            body(d);
        }
        sim::expect(d.counter == 2, "an update was lost");
    });
}

}   // namespace

TEST_CASE("each load and store of a driver is a step", "[instrumented]") {
    CHECK(steps_of(driver::increment) == 2);
    CHECK(steps_of(driver::copy) == 2);
    CHECK(steps_of(driver::saturate) >= 3);   // a compiler may keep what it has read
    CHECK(steps_of(driver::saturate) <= 4);
    CHECK(steps_of(driver::poll) == 1);
    CHECK(steps_of(driver::set_level) == 1);
}

TEST_CASE("a long copy is a few steps, whoever makes it", "[instrumented]") {
    const auto steps = steps_of([](driver::device&) {
        driver::packet a{}, b{};
        driver::send(a, b);
    });
    CHECK(steps >= 2);
    CHECK(steps <=
          12);   // some compilers copy word by word; and in a file that is instrumented there is what sets it to 0
}

TEST_CASE("a driver's own atomics are a step each, and do what they are to do", "[instrumented]") {
    CHECK(steps_of(driver::atomically) == 1);
    CHECK(steps_of(driver::widely) == 1);
    CHECK(steps_of([](driver::device& d) { driver::exchange(d, 0); }) >= 1);
    driver::device d;
    driver::atomically(d), driver::atomically(d);
    CHECK(d.counter == 2);
    CHECK(driver::exchange(d, 2));
    CHECK_FALSE(driver::exchange(d, 2));
    CHECK(d.counter == 3);
    driver::widely(d);
    CHECK(d.wide == 7);
}

TEST_CASE("what the library and the system's headers do for a driver is no step of its own", "[instrumented]") {
    CHECK(steps_of(driver::in_containers) == 1);
    CHECK(steps_of(driver::in_the_library) == 3);
}

TEST_CASE("outside of a world there are no steps", "[instrumented]") {
    driver::device d;
    driver::increment(d);
    CHECK(d.counter == 1);
    driver::lock(d), driver::unlock(d);
    CHECK(d.lock == 0);
}

TEST_CASE("an increment of two steps loses an update, and that is found", "[instrumented][explore]") {
    const auto r = of_two(exhaustively(), driver::increment);
    CHECK_FALSE(r);
    CHECK(r.kind == sim::verdict::wrong);
    CHECK(r.preemptions == 1);
}

TEST_CASE("what is atomic, or under a lock, loses none, and there are no other schedules", "[instrumented][explore]") {
    const auto atomic = of_two(exhaustively(), driver::atomically);
    CHECK(atomic);
    CHECK(atomic.exhausted);
    const auto locked = of_two(exhaustively(), [](driver::device& d) {
        driver::lock(d);
        driver::increment(d);
        driver::unlock(d);
    });
    INFO(locked);
    CHECK(locked);
    CHECK(locked.exhausted);
    CHECK(locked.distinct > 20);
}

TEST_CASE("the accesses of an interrupt are steps, though it strikes inside of one", "[instrumented][irq]") {
    struct cpu : arch::cpu_port {
        driver::device d;
        std::uint64_t steps = 0;
    } c;
    c.owner = &c;
    c.enter = [](arch::cpu_port& port) {
        auto& self = *static_cast<cpu*>(port.owner);
        self.pending = 0;
        const std::uint64_t before = arch::sim_world::current()->steps();
        driver::increment(self.d);
        self.steps = arch::sim_world::current()->steps() - before;
        return true;
    };
    arch::sim_world world;
    world.run([&] {
        arch::sim::attach(c);
        sim::actor raiser("raiser", [&] { arch::sim::raise(c, 3); });
        driver::device d;
        for (int i = 0; i < 20; ++i) driver::increment(d);
        raiser.join();
        arch::sim::detach(c);
    });
    CHECK(c.d.counter == 1);
    CHECK(c.steps >= 2);   // others may run meanwhile
}

TEST_CASE("a chooser may be instrumented", "[instrumented]") {
    struct first final : arch::sim_chooser {
        int asked = 0;
        std::size_t choose(const arch::sim_choice& among) noexcept override { return ++asked, among.size() - 1; }
    } chooser;
    arch::sim_options o;
    o.chooser = &chooser;
    o.max_steps = 10'000;
    arch::sim_world world(o);
    driver::device d;
    world.run([&] {
        sim::actor one("one", [&] { driver::increment(d); });
        sim::actor two("two", [&] { driver::copy(d); });
    });
    CHECK(d.counter == 1);
    CHECK(chooser.asked > 2);
}
