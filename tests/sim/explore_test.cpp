// SPDX-License-Identifier: MIT
//
// sim/explore.hpp: what is wrong is found, by each strategy; it is shortened and runs again; what is right is exhausted.
#include "support/catch.hpp"

#include <climits>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

#include "sim/parking_lock.hpp"

namespace sim = bottomhalf::sim;
namespace arch = bottomhalf::arch;
using engine = arch::sim;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

using word = std::uint32_t;
auto ref(word& w) { return support::step_at(w); }

using lock = support::parking_lock;

sim::options of(sim::plan how, std::uint64_t schedules = 100'000) {
    sim::options o;
    o.name = "test";
    o.how = how;
    o.schedules = schedules;
    o.depth = 3;
    o.boots = false;
    return o;
}

/// Two that take two locks, in the same order or not.
void abba(bool same_order) {
    lock a, b;
    sim::actor one("one", [&] { a.take(), b.take(), b.give(), a.give(); });
    sim::actor two("two", [&] {
        lock& first = same_order ? a : b;
        lock& second = same_order ? b : a;
        first.take(), second.take(), second.give(), first.give();
    });
}

/// A counter that is read and written in two steps.
void lost_update(bool fixed) {
    word n = 0;
    const auto increment = [&] {
        if (fixed)
            ref(n).fetch_add(1);
        else
            ref(n).store(ref(n).load() + 1);
    };
    {
        sim::actor one("one", increment);
        sim::actor two("two", increment);
    }
    sim::expect(n == 2, "an update was lost");
}

}   // namespace

TEST_CASE("each strategy finds a lock order that is wrong, and none where it is right", "[explore]") {
    const auto how = GENERATE(sim::plan::automatic, sim::plan::random, sim::plan::pct, sim::plan::bounded);
    const auto bad = sim::explore(of(how), [] { abba(false); });
    CHECK_FALSE(bad);
    CHECK(bad.kind == sim::verdict::deadlock);
    CHECK_THAT(bad.what, ContainsSubstring("one             waits for a lock"));
    CHECK_THAT(bad.what, ContainsSubstring("two             waits for a lock"));
    CHECK(bad.preemptions <= 1);

    const auto good = sim::explore(of(how, 2'000), [] { abba(true); });
    CHECK(good);
    CHECK(good.schedules > 100);
    CHECK(good.distinct > 20);
}

TEST_CASE("a small space is exhausted, and that is known", "[explore]") {
    auto o = of(sim::plan::bounded);
    o.depth = 100;
    const auto good = sim::explore(o, [] { lost_update(true); });
    CHECK(good);
    CHECK(good.exhausted);
    CHECK(good.schedules < o.schedules);

    o.stops = false;
    const auto bad = sim::explore(o, [] { lost_update(false); });
    CHECK_FALSE(bad);
    CHECK(bad.exhausted);
    CHECK(bad.failures > 1);
    CHECK(bad.failures < bad.schedules);

    o.depth = 0;   // whoever comes goes through
    const auto none = sim::explore(o, [] { lost_update(false); });
    CHECK(none);
    CHECK_FALSE(none.exhausted);
    CHECK(none.exhausted_to == 0);
}

TEST_CASE("the search takes every schedule with so many preemptions, once", "[explore]") {
    // Two tasks of n steps each have (2n choose n) interleavings.  Theirs are: begin, the three loads, the end.
    const auto ways = [](unsigned bound) {
        std::uint64_t seen = 0;
        sim::options o = of(sim::plan::bounded);
        o.depth = bound;
        word w = 0;
        const auto r = sim::explore(o, [&] {
            sim::quietly set_up;
            sim::actor one("one", [&] {
                for (int i = 0; i < 3; ++i) ref(w).load();
            });
            sim::actor two("two", [&] {
                for (int i = 0; i < 3; ++i) ref(w).load();
            });
            bottomhalf::arch::sim_world::current()->choosing(true);
            one.join(), two.join();
            ++seen;
        });
        CHECK(r);
        CHECK(r.distinct <= r.schedules);
        return r;
    };
    const auto all = ways(20);
    CHECK(all.exhausted);
    const auto few = ways(1);
    CHECK(few.distinct < all.distinct);
    bool more = true;
    sim::bounded_search by(20);
    std::uint64_t runs = 0;
    sim::distinct_counter traces;
    arch::sim_options eng;
    eng.chooser = &by;
    eng.print = false;
    arch::sim_world world(eng);
    while ((more = by.begin())) {
        world.begin_again(eng);
        word w = 0;
        world.run([&] {
            sim::actor one("one", [&] { ref(w).load(), ref(w).load(); });
            sim::actor two("two", [&] { ref(w).load(), ref(w).load(); });
        });
        ++runs;
        traces.add(by.trace());
    }
    CHECK(runs == traces.count());   // none twice
    CHECK_FALSE(by.was_cut());
}

TEST_CASE("what failed is replayed by its token, and by nothing else of that name", "[explore]") {
    const auto bad = sim::explore(of(sim::plan::random), [] { lost_update(false); });
    REQUIRE_FALSE(bad);
    REQUIRE(bad.token.starts_with("test:"));
    CHECK_THAT(bad.report(), ContainsSubstring("BOTTOMHALF_REPLAY='" + bad.token + "'"));

    ::setenv("BOTTOMHALF_REPLAY", bad.token.c_str(), 1);
    int runs = 0;
    const auto again = sim::explore(of(sim::plan::random), [&] { ++runs, lost_update(false); });
    CHECK_FALSE(again);
    CHECK(again.kind == bad.kind);
    CHECK(again.token == bad.token);
    CHECK(again.schedules == 1);
    CHECK(runs == 3);   // the first of all, itself, and for the timeline
    const auto fixed = sim::explore(of(sim::plan::random), [] { lost_update(true); });
    CHECK(fixed);
    CHECK(fixed.schedules == 1);
    auto other = of(sim::plan::random, 10);
    other.name = "another";
    CHECK(sim::explore(other, [] { lost_update(true); }).schedules == 10);

    ::setenv("BOTTOMHALF_REPLAY", "test:1.x", 1);
    CHECK_THAT(sim::explore(of(sim::plan::random), [] {}).what, ContainsSubstring("no schedule"));
    ::unsetenv("BOTTOMHALF_REPLAY");
}

TEST_CASE("the same seed finds the same, and another something else", "[explore]") {
    const auto run = [](std::uint64_t seed) {
        auto o = of(sim::plan::random);
        o.seed = seed;
        o.shrinks = false;
        return sim::explore(o, [] { abba(false); });
    };
    const auto one = run(1), same = run(1), other = run(100);
    CHECK(one.token == same.token);
    CHECK(one.at == same.at);
    CHECK(one.token != other.token);
    auto o = of(sim::plan::random);
    o.seed = one.seed;   // of the draw that found it: it is the first then
    o.shrinks = false;
    const auto first = sim::explore(o, [] { abba(false); });
    CHECK(first.at == 1);
    CHECK(first.token == one.token);
}

TEST_CASE("whatever goes wrong says what it is", "[explore]") {
    const auto o = of(sim::plan::random, 10);
    SECTION("an exception of the body") {
        const auto r = sim::explore(o, [] { throw std::runtime_error("oh"); });
        CHECK(r.kind == sim::verdict::thrown);
        CHECK(r.what == "oh");
    }
    SECTION("an exception of a task") {
        const auto r = sim::explore(o, [] { sim::actor one("one", [] { throw std::runtime_error("oh dear"); }); });
        CHECK(r.kind == sim::verdict::thrown);
        CHECK_THAT(r.what, ContainsSubstring("oh dear"));
    }
    SECTION("a report of the library") {
        const auto r = sim::explore(o, [] {
            bottomhalf::detail::say(bottomhalf::channel::kernel, bottomhalf::severity::warn, "f",
                                    bottomhalf::location::current(), "that is not done");
        });
        CHECK(r.kind == sim::verdict::reported);
        CHECK_THAT(r.what, ContainsSubstring("that is not done"));
    }
    SECTION("a loop without an end") {
        auto few = o;
        few.max_steps = 1'000;
        const auto r = sim::explore(few, [] {
            word w = 0;
            while (ref(w).load() == 0) {}
        });
        CHECK(r.kind == sim::verdict::livelock);
    }
    SECTION("tasks left behind") {
        const auto r = sim::explore(o, [] {
            static engine::thread left;
            engine::spawn(
                left, 0, "left", false, [](void*) { engine::delay(1'000'000); }, nullptr);
        });
        CHECK(r.kind == sim::verdict::leftover);
        CHECK_THAT(r.what, ContainsSubstring("left"));
    }
    SECTION("in an interrupt") {
        const auto r = sim::explore(o, [] {
            arch::cpu_port port;
            port.enter = [](arch::cpu_port&) -> bool { return sim::expect(false, "in the top half"), true; };
            engine::attach(port);
            engine::raise(port, 1);
        });
        CHECK(r.kind == sim::verdict::wrong);
        CHECK_THAT(r.what, ContainsSubstring("in the top half"));
    }
}

TEST_CASE("a body that does not do the same again is found out", "[explore]") {
    int runs = 0;
    const auto r = sim::explore(of(sim::plan::random, 100), [&] {
        word w = 0;
        const int n = ++runs;
        sim::actor one("one", [&] {
            for (int i = 0; i < n; ++i) ref(w).load();
        });
    });
    CHECK(r.kind == sim::verdict::not_deterministic);
    runs = 0;
    const auto s = sim::explore(of(sim::plan::bounded, 100), [&] {
        word w = 0;
        const int n = ++runs % 3;
        sim::actor one("one", [&] {
            for (int i = 0; i < n; ++i) ref(w).load();
        });
    });
    CHECK(s.kind == sim::verdict::not_deterministic);
}

TEST_CASE("time passes while others could run, if that is wanted", "[explore]") {
    const auto late = [](bool passes) {
        auto o = of(sim::plan::automatic, 2'000);
        o.time_passes = passes;
        return sim::explore(o, [] {
            word w = 0;
            sim::actor one("one", [&] { ref(w).store(1); });
            word never = 0;
            engine::park(never, 0, 1'000'000, "a millisecond");
            sim::expect(w == 1, "a millisecond was not enough");
        });
    };
    CHECK_FALSE(late(true));
    CHECK(late(false));
}

TEST_CASE("two that wait in loops do not keep a third from running", "[explore]") {
    const auto how = GENERATE(sim::plan::pct, sim::plan::bounded, sim::plan::random);
    auto o = of(how, 200);
    o.max_steps = 20'000;
    const auto r = sim::explore(o, [] {
        word ready = 0;
        const auto wait = [&] {
            while (ref(ready).load() == 0) engine::relax(0);
        };
        sim::actor one("one", wait);
        sim::actor two("two", wait);
        sim::actor three("three", [&] { ref(ready).store(1); });
    });
    CHECK(r);
    // Not even if they do not say that they wait.
    const auto rude = sim::explore(o, [] {
        word ready = 0;
        sim::actor one("one", [&] {
            while (ref(ready).load() == 0) {}
        });
        sim::actor three("three", [&] { ref(ready).store(1); });
    });
    CHECK(rude);
}

TEST_CASE("an exploration ends when its time is over, and says so", "[explore]") {
    auto o = of(sim::plan::random);
    o.seconds = 1e-9;   // over before it begins
    const auto r = sim::explore(o, [] { lost_update(true); });
    CHECK(r);
    CHECK(r.out_of_time);
    CHECK(r.schedules == 0);
    CHECK_THAT(r.report(), ContainsSubstring("out of time"));
    o.seconds = 1e9;
    o.schedules = 10;
    CHECK_FALSE(sim::explore(o, [] { lost_update(true); }).out_of_time);
}

TEST_CASE("which reports fail a schedule is the test's to say, or who hears them", "[explore]") {
    static int heard;
    const auto says = [](bottomhalf::severity level) {
        bottomhalf::detail::say(bottomhalf::channel::kernel, level, "f", bottomhalf::location::current(), "so");
    };
    auto o = of(sim::plan::random, 5);
    CHECK(sim::explore(o, [&] { says(bottomhalf::severity::note); }));
    CHECK_FALSE(sim::explore(o, [&] { says(bottomhalf::severity::warn); }));
    o.fails_on = bottomhalf::severity::bug;
    CHECK(sim::explore(o, [&] { says(bottomhalf::severity::warn); }));
    CHECK_FALSE(sim::explore(o, [&] { says(bottomhalf::severity::bug); }));
    o.statics = false;
    heard = 0;
    o.hears = [](const bottomhalf::report&) { ++heard; };
    CHECK(sim::explore(o, [&] { says(bottomhalf::severity::bug); }));
    CHECK(heard > 5);
}

TEST_CASE("a failure of two lines is one row of the timeline", "[explore]") {
    const auto r = sim::explore(of(sim::plan::random, 1), [] { sim::expect(false, "one\ntwo"); });
    CHECK_THAT(r.timeline, ContainsSubstring("FAILS: one two"));
}

TEST_CASE("who sleeps in the C library is named: nobody else can run meanwhile", "[explore]") {
    const auto r = sim::explore(of(sim::plan::random, 4), [] {
        sim::actor sleeper("sleeper", [] {
            const timespec moment{0, 1'000};
            ::nanosleep(&moment, nullptr);
        });
        sim::actor other("other", [] { bottomhalf::arch::sim::step(); });
    });
    CHECK(r);   // nothing is wrong but that
    CHECK_THAT(r.sleeps, StartsWith("sleeper/"));
    CHECK_THAT(r.report(), ContainsSubstring("has slept in the C library"));

    const auto none = sim::explore(of(sim::plan::random, 4), [] {
        sim::actor busy("busy", [] { bottomhalf::arch::sim::delay(1'000'000'000); });   // virtual time
    });
    CHECK(none.sleeps.empty());
}

TEST_CASE("schedules are written down, and read", "[explore]") {
    const sim::schedule s{{3, 1}, {41, 2}};
    CHECK(to_string(s) == "3.1-41.2");
    CHECK(sim::schedule_from("3.1-41.2") == s);
    CHECK(sim::schedule_from("") == sim::schedule{});
    for (const char* wrong : {"3", "3.", ".1", "3.1-", "3.1-3.1", "4.1-3.1", "3.1 ", "x", "3.1--4.1"})
        CHECK_FALSE(sim::schedule_from(wrong).has_value());
}

TEST_CASE("different values are counted", "[explore]") {
    sim::distinct_counter c;
    for (std::uint64_t i = 0; i < 5'000; ++i) c.add(i * 0x9e3779b97f4a7c15), c.add(i / 2 * 0x9e3779b97f4a7c15);
    CHECK(c.count() == 5'000);
    CHECK(c.is_exact());
}
