// SPDX-License-Identifier: MIT
//
// A driver of the facade, each of whose accesses is a step: what is right is found to be, by schedules of thousands of steps;
// what is wrong races.
#include "sim/instrumented/card.hpp"
#include "support/catch.hpp"

#include <linux/interrupt.h>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>
#include <bottomhalf/sim/instrumented.hpp>

namespace sim = bottomhalf::sim;
using Catch::Matchers::ContainsSubstring;

namespace {

sim::result explore(card_fault fault, std::uint64_t schedules, sim::plan how = sim::plan::automatic) {
    sim::options o;
    o.name = "card";
    o.schedules = schedules;
    o.how = how;
    o.shrinks = false;
    return sim::explore(o, [=] {
        sim::expect(card_probe(fault) == 0, "probe");
        {
            sim::actor irq("irq", [=] {
                for (int i = 0; fault != polled_flag && i < 2; ++i) card_interrupt();
            });
            sim::actor ioctl("ioctl", [] { sim::expect(card_ioctl() <= 2, "there were two interrupts"); });
            sim::actor reader("reader", [] { sim::expect(card_touch() == 42, "it is published when it is there"); });
        }
        card_remove();
    });
}

}   // namespace

TEST_CASE("a driver that is right does not race", "[instrumented][race]") {
    const auto r = explore(no_timer, 400);
    INFO(r);
    CHECK(r);
    const auto with_timer = explore(none, 400, sim::plan::bounded);
    INFO(with_timer);
    CHECK(with_timer);
}

TEST_CASE("a count without its lock races with the top half", "[instrumented][race]") {
    const auto r = explore(unlocked_count, 1'000);
    INFO(r);
    CHECK(r.kind == sim::verdict::race);
    CHECK_THAT(r.what, ContainsSubstring("card.cpp:"));
}

TEST_CASE("a flag that a timer polls races when it is not marked", "[instrumented][race]") {
    const auto r = explore(polled_flag, 1'000);
    INFO(r);
    CHECK(r.kind == sim::verdict::race);
    CHECK_THAT(r.what, ContainsSubstring("in a softirq"));
}

TEST_CASE("a pointer that is published by WRITE_ONCE() alone races in what it points to", "[instrumented][race]") {
    const auto r = explore(unpublished_buffer, 1'000);
    INFO(r);
    CHECK(r.kind == sim::verdict::race);
}
