// SPDX-License-Identifier: MIT
//
// A few simulated worlds, as a plain program that needs no test framework: what the simulator does on another processor, or
// under a tool that watches each access, it does here.  Exit code 0 if all is as it must be.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <bottomhalf/bottomhalf.hpp>
#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

#include "sim/parking_lock.hpp"

namespace {

namespace arch = bottomhalf::arch;
namespace sim = bottomhalf::sim;
using engine = arch::sim;
using word = std::uint32_t;

int mistakes = 0;
void check(bool fact, const char* what) {
    if (fact) return;
    std::fprintf(stderr, "worlds: not so: %s\n", what);
    ++mistakes;
}

auto ref(word& w) { return support::step_at(w); }

using lock = support::parking_lock;

void abba(bool mended) {
    lock a, b;
    sim::actor one("one", [&] { a.take(), b.take(), b.give(), a.give(); });
    sim::actor two("two", [&] {
        lock& first = mended ? a : b;
        lock& second = mended ? b : a;
        first.take(), second.take(), second.give(), first.give();
    });
}

sim::options of(std::uint64_t schedules, bool boots = false) {
    sim::options o;
    o.name = "worlds";
    o.schedules = schedules;
    o.boots = boots;
    return o;
}

/// Tasks that call, printf() and throw on their own stacks, and one stack after the other.
void tasks_come_and_go() {
    engine::world w{{.seed = 7}};
    word sum = 0;
    w.run([&sum] {
        for (int round = 0; round < 20; ++round) {
            const auto throws = [&sum, round] {
                char text[64];
                std::snprintf(text, sizeof text, "%d, %.1f", round, 0.5 * round);
                try {
                    engine::delay(1'000);
                    throw std::runtime_error(text);
                } catch (const std::exception& e) {
                    engine::delay(1'000);   // left inside the catch block
                    ref(sum).fetch_add(e.what() == std::string(text));
                }
            };
            sim::actor one("one", throws);
            sim::actor two("two", throws);
        }
    });
    check(sum == 40, "each task has caught its own exception");
}

void a_bug_is_found_and_runs_again() {
    auto o = of(2'000);
    o.how = sim::plan::random;
    const sim::result r = sim::explore(o, [] { abba(false); });
    check(r.kind == sim::verdict::deadlock, "a dead-lock is found");
    check(r.preemptions == 1, "with one preemption");
    ::setenv("BOTTOMHALF_REPLAY", r.token.c_str(), 1);
    check(sim::explore(o, [] { abba(false); }).kind == sim::verdict::deadlock, "its token finds it again");
    ::unsetenv("BOTTOMHALF_REPLAY");
    check(static_cast<bool>(sim::explore(of(300), [] { abba(true); })), "none where there is none");

    o.stops = false;
    o.schedules = 300;
    const sim::result all = sim::explore(o, [] { abba(false); });
    check(all.failures > 10 && all.failures < 290, "some have it, some have not");
    check(sim::explore(o, [] { abba(false); }).failures == all.failures, "as many each time");
    const sim::result thrown =
        sim::explore(of(50), [] { sim::actor one("one", [] { throw std::runtime_error("oh"); }); });
    check(thrown.kind == sim::verdict::thrown && thrown.what.substr(0, 2) == "oh", "what a task throws is shown");
}

void items_run() {
    const sim::result r = sim::explore(of(100, true), [] {
        int runs = 0;
        const auto count = [&runs] { ++runs; };
        bottomhalf::work<decltype(count), engine> item{count};
        bottomhalf::basic_workqueue<engine> wq{"demo"};
        {
            sim::actor other("other", [&] { bottomhalf::queue_work(wq, item); });
            bottomhalf::queue_work(wq, item);
        }
        bottomhalf::flush_work(item);
        sim::expect(runs == 1 || runs == 2, "it has not run");
    });
    check(static_cast<bool>(r), r.report().c_str());
}

}   // namespace

int main() {
    tasks_come_and_go();
    a_bug_is_found_and_runs_again();
    items_run();
    return mistakes == 0 ? 0 : 1;
}
