// SPDX-License-Identifier: MIT
//
// A machine whose timers are as precise as it was told: exact, or on one of the kernel's wheels.

#include <bottomhalf/bottomhalf.hpp>

#include <cstdlib>
#include <vector>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace bottomhalf;
using engine = arch::sim;
using support::make_delayed_work;
using support::on_engine;
using support::reports;
using support::wait_until;

namespace {

/// When a delayed item that is armed on a tick runs, in ticks from there.  Virtual time.
jiffies_t runs_after(timer_precision p, jiffies_t delay) {
    arch::sim_options o;
    o.time = arch::sim_time::when_told;
    engine::world world{o};
    jiffies_t after = 0;
    world.run([&] {
        scoped_machine<engine> m{{.cpus = 1, .timers = p}};
        basic_workqueue<engine> wq{m, "demo"};
        auto item = make_delayed_work<engine>([&] { after = m.time().jiffies() - initial_jiffies; });
        queue_delayed_work(wq, item, delay);
        m.run_until([&] { return after != 0; });
    });
    return after;
}
/// The kernel's sum for level n: the next multiple of 8^n after the tick.
jiffies_t next_multiple(jiffies_t delay, unsigned level) {
    const jiffies_t at = initial_jiffies + delay;
    return (((at >> (3 * level)) + 1) << (3 * level)) - initial_jiffies;
}

}   // namespace

TEST_CASE("timers = exact: at the tick", "[timer_precision]") {
    for (const jiffies_t delay : {1UL, 2UL, 63UL, 64UL, 500UL, 5'000UL, 1'000'000UL})
        CHECK(runs_after(timer_precision::exact, delay) == delay);
}
TEST_CASE("timers = v2_6: at the tick, however often it cascaded", "[timer_precision]") {
    for (const jiffies_t delay : {1UL, 2UL, 255UL, 256UL, 500UL, 16'384UL, 1'000'000UL})
        CHECK(runs_after(timer_precision::v2_6, delay) == delay);
}
TEST_CASE("timers = v6: late by as much as the kernel's wheel", "[timer_precision]") {
    for (const jiffies_t delay : {1UL, 2UL, 62UL}) CHECK(runs_after(timer_precision::v6, delay) == delay + 1);
    for (const jiffies_t delay : {63UL, 64UL, 100UL, 503UL})
        CHECK(runs_after(timer_precision::v6, delay) == next_multiple(delay, 1));
    for (const jiffies_t delay : {504UL, 1'000UL, 4'031UL})
        CHECK(runs_after(timer_precision::v6, delay) == next_multiple(delay, 2));
    CHECK(runs_after(timer_precision::v6, 100'000) == next_multiple(100'000, 4));
}

TEST_CASE("timers = v6: a delay that begins within a tick is not rounded up twice", "[timer_precision]") {
    arch::sim_options o;
    engine::world world{o};
    world.run([] {
        scoped_machine<engine> m{{.cpus = 1, .timers = timer_precision::v6}};
        basic_workqueue<engine> wq{m, "demo"};
        arch::ns_t ran = 0;
        auto item = make_delayed_work<engine>([&] { ran = engine::now(); });
        engine::delay(tick_ns / 2);
        const arch::ns_t armed = engine::now();
        queue_delayed_work(wq, item, 5);
        m.run_until([&] { return ran != 0; });
        CHECK(ran - armed >= 5 * tick_ns);
        CHECK(ran - armed < 6 * tick_ns);
    });
}

TEMPLATE_TEST_CASE("every kind of wheel: nothing early, nothing lost, and at the end all is given back",
                   "[timer_precision]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        for (const timer_precision p : {timer_precision::exact, timer_precision::v2_6, timer_precision::v6}) {
            scoped_machine<TestType> m{{.cpus = 2, .timers = p}};
            basic_workqueue<TestType> wq{m, "demo"};
            std::atomic<int> runs{0}, early{0};
            struct one {
                std::atomic<arch::ns_t> due{0};
            } all[3];
            const auto run = [&](one& o) {
                if (TestType::now() < o.due) ++early;
                ++runs;
            };
            auto a = make_delayed_work<TestType>([&] { run(all[0]); });
            auto b = make_delayed_work<TestType>([&] { run(all[1]); });
            auto c = make_delayed_work<TestType>([&] { run(all[2]); });
            for (jiffies_t delay = 0; delay < 4; ++delay) {
                const int before = runs;
                for (one& o : all) o.due = TestType::now() + static_cast<arch::ns_t>(delay) * tick_ns;
                queue_delayed_work(wq, a, delay);
                queue_delayed_work(wq, b, delay);
                queue_delayed_work(wq, c, 1000);
                mod_delayed_work(wq, c, delay);
                wait_until<TestType>([&] { return runs == before + 3; });
                flush_workqueue(wq);
            }
            CHECK(early == 0);
            queue_delayed_work(wq, a, 100'000);
            CHECK(cancel_delayed_work(a));
            CHECK(runs == 12);
        }
    });
}

TEST_CASE("BOTTOMHALF_TIMERS: for machines that are not told; nonsense is reported", "[timer_precision]") {
    const reports listening;
    REQUIRE(::setenv("BOTTOMHALF_TIMERS", "v6", 1) == 0);
    CHECK(machine_options::default_timers() == timer_precision::v6);
    ::setenv("BOTTOMHALF_TIMERS", "v2_6", 1);
    CHECK(machine_options::default_timers() == timer_precision::v2_6);
    ::setenv("BOTTOMHALF_TIMERS", "fuzzy", 1);
    CHECK(machine_options::default_timers() == timer_precision::exact);
    CHECK(reports::take("BOTTOMHALF_TIMERS=fuzzy"));
    ::unsetenv("BOTTOMHALF_TIMERS");
    CHECK(machine_options::default_timers() == timer_precision::exact);
}
