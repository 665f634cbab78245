// SPDX-License-Identifier: MIT
//
// sim/race_detector.hpp: what nothing orders is a race, and said with both its ends; what something orders is none.
#include "sim/instrumented/driver.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <climits>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include <bottomhalf/atomic_reserve.hpp>
#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>
#include <bottomhalf/sim/instrumented.hpp>

namespace sim = bottomhalf::sim;
namespace arch = bottomhalf::arch;
using engine = arch::sim;
using driver::device;
using memory = bottomhalf::atomic_heap<engine>;
using Catch::Matchers::ContainsSubstring;

namespace {

sim::options some(std::uint64_t schedules = 300) {
    sim::options o;
    o.name = "test";
    o.schedules = schedules;
    o.depth = 2;
    o.boots = false;
    return o;
}

/// Two tasks with one device.
template <class One, class Two>
sim::result explore(One one, Two two, const sim::options& o = some()) {
    return sim::explore(o, [&] {
        device d;
        sim::actor first("one", [&] { one(d); });
        sim::actor second("two", [&] { two(d); });
    });
}

#define IS_A_RACE(expression)                 \
    do {                                      \
        const sim::result r_ = (expression);  \
        INFO(r_);                             \
        CHECK(r_.kind == sim::verdict::race); \
    } while (false)
#define IS_NO_RACE(expression)               \
    do {                                     \
        const sim::result r_ = (expression); \
        INFO(r_);                            \
        CHECK(r_);                           \
    } while (false)

struct cpu : arch::cpu_port {
    device* d = nullptr;
    void (*top_half)(device&) = nullptr;
    cpu() {
        owner = this;
        enter = [](arch::cpu_port& port) {
            auto& self = *static_cast<cpu*>(port.owner);
            engine::atomic_ref<std::uint64_t>(self.pending).exchange(0, std::memory_order_acq_rel);
            self.top_half(*self.d);
            return true;
        };
    }
};

}   // namespace

TEST_CASE("a race is found in the first schedule, and both ends are said", "[race]") {
    const auto r = explore(driver::increment, driver::copy);
    CHECK(r.kind == sim::verdict::race);
    CHECK(r.at == 1);
    CHECK_THAT(r.what, ContainsSubstring("a write by one, at driver.cpp:" + std::to_string(driver::line_of_increment)));
    CHECK_THAT(r.what, ContainsSubstring("a read by two, at driver.cpp:"));
    CHECK_THAT(r.report(), ContainsSubstring("test: a race, in schedule 1"));
    auto o = some();
    o.races = false;
    CHECK(explore(driver::increment, driver::copy, o));
}

TEST_CASE("two reads do not race, nor do neighbours", "[race]") {
    IS_NO_RACE(explore(driver::is_limited, driver::is_limited));
    IS_NO_RACE(explore(driver::increment, driver::set_limit));
}

TEST_CASE("a flag that is polled must be marked", "[race]") {
    IS_A_RACE(explore(driver::is_limited, driver::set_limit));
    IS_NO_RACE(explore(driver::poll, driver::set_level));
    IS_NO_RACE(explore(driver::atomically, driver::atomically));
    IS_A_RACE(explore(driver::atomically, driver::copy));   // one of the two is not enough
}

TEST_CASE("a lock orders", "[race]") {
    const auto locked = [](device& d) {
        driver::lock(d);
        driver::increment(d);
        driver::unlock(d);
    };
    IS_NO_RACE(explore(locked, locked));
    IS_A_RACE(explore(locked, driver::copy));
}

TEST_CASE("release and acquire order, each alone does not", "[race]") {
    const auto pair = [](std::memory_order writes, std::memory_order reads) {
        return explore([=](device& d) { driver::publish(d, static_cast<int>(writes)); },
                       [=](device& d) { sim::expect(driver::consume(d, static_cast<int>(reads)) == 42, "too early"); });
    };
    using enum std::memory_order;
    IS_NO_RACE(pair(release, acquire));
    IS_NO_RACE(pair(seq_cst, seq_cst));
    IS_A_RACE(pair(relaxed, acquire));
    IS_A_RACE(pair(release, relaxed));
    IS_A_RACE(pair(relaxed, relaxed));
}

TEST_CASE("what comes after a release is not released, nor is what another store has hidden", "[race]") {
    constexpr auto release = static_cast<int>(std::memory_order_release),
                   acquire = static_cast<int>(std::memory_order_acquire);
    const auto in_turn = [](auto one, auto two) {
        auto o = some(1);   // the dull one: the first comes first
        o.how = sim::plan::bounded;
        return explore(one, two, o);
    };
    IS_NO_RACE(explore(driver::publish_by_exchange, [=](device& d) { driver::consume(d, acquire); }));
    IS_A_RACE(in_turn(
        [=](device& d) {
            driver::publish(d, release);
            driver::set_limit(d);
        },
        [=](device& d) {
            driver::consume(d, acquire);
            driver::is_limited(d);
        }));
    IS_A_RACE(in_turn(
        [=](device& d) {
            driver::publish(d, release);
            driver::set_limit(d);
            engine::atomic_ref<std::uint32_t>(d.ready).store(2, std::memory_order_relaxed);
        },
        [=](device& d) { driver::consume(d, acquire); }));
    auto o = some(1);
    o.how = sim::plan::bounded;
    IS_A_RACE(sim::explore(o, [] {
        device d;
        sim::actor late("late", [&] { driver::copy(d); });
        driver::increment(d);   // the task that has been started does not know of it
    }));
}

TEST_CASE("fences order, two of them", "[race]") {
    const auto relaxed = static_cast<int>(std::memory_order_relaxed),
               acquire = static_cast<int>(std::memory_order_acquire);
    IS_NO_RACE(explore(driver::publish_by_fence, [](device& d) { driver::consume_by_fence(d); }));
    IS_NO_RACE(explore(driver::publish_by_fence, [=](device& d) { driver::consume(d, acquire); }));
    IS_A_RACE(explore(driver::publish_by_fence, [=](device& d) { driver::consume(d, relaxed); }));
}

TEST_CASE("the start of a task orders, its end does for who waits for it, a wake-up does", "[race]") {
    IS_NO_RACE(sim::explore(some(), [] {
        device d;
        driver::increment(d);
        {
            sim::actor one("one", [&] { driver::increment(d); });
        }
        driver::increment(d);
        sim::expect(d.counter == 3, "three increments");
    }));
    IS_A_RACE(sim::explore(some(), [] {
        device d;
        sim::actor one("one", [&] { driver::increment(d); });
        driver::increment(d);
    }));
    // Who sleeps here wakes for the other, or when a microsecond has passed.
    const auto sleeper = [](bool minds) {
        return explore(
            [](device& d) {
                driver::increment(d);
                engine::unpark(d.lock, 1);
            },
            [=](device& d) {
                const bool woken = engine::park(d.lock, 0, engine::now() + 1'000, "the other");
                if (woken || !minds) driver::copy(d);
            });
    };
    IS_NO_RACE(sleeper(true));
    IS_A_RACE(sleeper(false));
}

TEST_CASE("an interrupt comes after what it has interrupted, and beside everybody else", "[race][irq]") {
    const auto with_interrupt = [](void (*top_half)(device&), void (*mine)(device&), void (*other)(device&)) {
        return sim::explore(some(), [=] {
            device d;
            cpu c;
            c.d = &d;
            c.top_half = top_half;
            engine::attach(c);
            {
                sim::actor raiser("raiser", [&] {
                    engine::raise(c, 3);
                    other(d);
                });
                mine(d);
            }
            engine::detach(c);
        });
    };
    IS_NO_RACE(with_interrupt(driver::increment, driver::increment, driver::nothing));
    IS_A_RACE(with_interrupt(driver::increment, driver::nothing, driver::increment));
}

TEST_CASE("memory that somebody else has had is new", "[race]") {
    // One after the other, and nothing orders the two: the allocator gives the second what the first has freed.
    const auto with_new = [](device& d) {
        engine::atomic_ref<std::uint32_t>(d.ready).fetch_add(1, std::memory_order_relaxed);
        const auto mine = std::make_unique<device>();
        driver::increment(*mine);
    };
    IS_NO_RACE(explore(with_new, with_new));
    const auto with_kmalloc = [](device& d) {
        engine::atomic_ref<std::uint32_t>(d.ready).fetch_add(1, std::memory_order_relaxed);
        void* const p = memory::get(sizeof(device));
        auto* const mine = new (p) device;
        driver::increment(*mine);
        memory::put(mine);
    };
    IS_NO_RACE(explore(with_kmalloc, with_kmalloc));
    // Tasks that nobody waits for, on one stack after the other.
    auto o = some();
    o.time_passes = false;   // each has ended before the next one begins
    IS_NO_RACE(sim::explore(o, [] {
        for (int i = 0; i < 3; ++i) {
            engine::thread t;
            engine::spawn(
                t, -1, "one", false,
                [](void*) {
                    device mine;
                    driver::increment(mine);
                },
                nullptr);
            engine::join_until(t, engine::now());   // lets it go
            engine::delay(1'000'000);
        }
    }));
}
