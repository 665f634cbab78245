// SPDX-License-Identifier: MIT
//
// A wheel and a model of it that does the same in the obvious way, driven by the same random operations.
//
// A model knows timers by number, and offers:  add(i, expires) -> what the wheel's returns, remove(i), move(i, expires),
// advance(now), clock(), has(i), size(); expects(i) says whether timer i, or -1 for none, may come next, and takes it off;
// good_next(tick) says whether a sleeper may be told to come back at that tick.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/timer.hpp>

#include "catch.hpp"

namespace support {

using bottomhalf::jiffies_t;

inline constexpr jiffies_t last_jiffy = std::numeric_limits<jiffies_t>::max();

/// Where a clock starts: the ordinary, and just before whatever could wrap.
struct start_tick {
    const char* name;
    jiffies_t at;
};
inline constexpr start_tick starts[] = {
    {"0", 0},
    {"before the wrap of 32 bits", (jiffies_t{1} << 32) - 75'000},
    {"before the wrap", last_jiffy - 75'000},
    {"a quarter before the wrap", last_jiffy - bottomhalf::max_jiffy_offset},
};

/// How many operations are affordable.
constexpr long operations(long n) noexcept { return BOTTOMHALF_ASAN || BOTTOMHALF_TSAN ? n / 10 : n; }

/// 0 to 2^`bits`, every order of magnitude alike.
inline jiffies_t random_length(std::mt19937_64& random, unsigned bits) {
    return random() >> (64 - bits + random() % bits);
}

/// From the past over the boundaries of all levels of all wheels to `bits` bits.
inline jiffies_t random_delay(std::mt19937_64& random, unsigned bits) {
    const jiffies_t near = random() % 3;
    switch (random() % 16) {
        case 0: return 0 - static_cast<jiffies_t>(random() % 100);   // in the past
        case 1:
        case 2:
        case 3: return near;
        case 4:
        case 5:
        case 6: return random() % 600;
        case 7: return 64 * (1 + random() % 4) + near - 1;
        case 8: return 4096 * (1 + random() % 3) + near - 1;
        case 9: return (jiffies_t{63} << (3 * (random() % 9))) + near - 1;
        case 10: return (jiffies_t{1} << (8 + 6 * (random() % 5))) + near - 1;
        default: return random_length(random, bits);
    }
}

struct failure {
    long step = -1;
    const char* what = nullptr;
    const char* start = "";
    std::uint64_t seed = 0;
};

/// How far: as 2^bits.  A model that counts the ticks sets limits.
struct range {
    unsigned delay = 62;
    unsigned jump = 62;   // seldom
    unsigned next = 62;   // to the next event
};

template <class Wheel, class Model>
failure compare(jiffies_t start, std::uint64_t seed, long steps, range r = {}) {
    std::mt19937_64 random(seed);
    Wheel wheel{start};
    Model model{start};
    std::vector<bottomhalf::timer_node> timers(300);
    for (long step = 0; step < steps; ++step) {
        const auto i = static_cast<int>(random() % timers.size());
        bottomhalf::timer_node& t = timers[static_cast<std::size_t>(i)];
        switch (random() % 8) {
            case 0:
            case 1:
            case 2: {
                const jiffies_t expires = model.clock() + random_delay(random, r.delay);
                if (model.has(i)) {
                    wheel.remove(t);
                    model.remove(i);
                } else if (wheel.add(t, expires) != model.add(i, expires)) {
                    return {step, "add(): what it returned"};
                }
                break;
            }
            case 3:
            case 4:   // often a little only, or not at all
                if (model.has(i)) {
                    const jiffies_t expires =
                        random() % 2 == 0 ? t.expires + random() % 4 : model.clock() + random_delay(random, r.delay);
                    wheel.move(t, expires);
                    model.move(i, expires);
                    if (t.expires != expires) return {step, "move(): expires"};
                }
                break;
            case 5: {   // seldom far, so that the upper levels turn over
                const jiffies_t to =
                    model.clock() + (random() % 200 == 0 ? random_length(random, r.jump) : random() % 300);
                wheel.advance(to);
                model.advance(to);
                break;
            }
            case 6: {   // exactly to the next event, as a timekeeper does
                const jiffies_t next = wheel.next_event();
                if (!bottomhalf::time_after(next, model.clock())) return {step, "next_event(): not in the future"};
                if (!model.good_next(next)) return {step, "next_event()"};
                if (((next - model.clock()) >> r.next) != 0) break;
                wheel.advance(next);
                model.advance(next);
                break;
            }
            default: {   // just before, at and after the boundaries
                constexpr jiffies_t sizes[] = {8, 64, 64, 256, 256, 512, 512, 4096};
                const jiffies_t to = (model.clock() | (sizes[random() % 8] - 1)) + random() % 3;
                wheel.advance(to);
                model.advance(to);
            }
        }
        if (wheel.clock() != model.clock()) return {step, "clock()"};
        // Mostly all that is due is taken.  Sometimes not yet, and life goes on while timers run.
        for (std::uint64_t n = random() % 4 == 0 ? random() % 3 : timers.size() + 1; n != 0; --n) {
            bottomhalf::timer_node* due = wheel.pop_due();
            if (!model.expects(due == nullptr ? -1 : static_cast<int>(due - timers.data())))
                return {step, "what is due"};
            if (due == nullptr) break;
        }
        if (wheel.size() != model.size()) return {step, "size()"};
    }
    return {};
}

/// Many short lives rather than a long one: each begins just before a wrap.
template <class Wheel, class Model>
failure compare_lives(long steps, range r = {}) {
    constexpr long life = 10'000;
    std::uint64_t seed = 20'050'301;
    for (long done = 0; done < operations(steps);)
        for (const start_tick& s : starts) {
            failure f = compare<Wheel, Model>(s.at, ++seed, life, r);
            f.start = s.name;
            f.seed = seed;
            if (f.what != nullptr) return f;
            done += life;
        }
    return {};
}

/// What a clock that stops, and starts again, does with a wheel.  For the test's thread, as the next one.
template <class Wheel>
void check_jumps_and_reset() {
    Wheel wheel{7};
    bottomhalf::timer_node t[4];
    wheel.add(t[0], 10);
    wheel.add(t[1], 20);
    wheel.advance(30);   // nobody takes them
    wheel.add(t[2], 40);
    wheel.add(t[3], 30 + bottomhalf::max_jiffy_offset);
    for (int i = 0; i < 2; ++i) wheel.advance(wheel.clock() + bottomhalf::max_jiffy_offset);
    int n = 0;
    wheel.for_each([&](bottomhalf::timer_node&) { ++n; });
    CHECK(n == 4);
    for (const bottomhalf::timer_node& each : t) CHECK(wheel.pop_due() == &each);
    wheel.add(t[0], 0);
    wheel.add(t[1], wheel.clock() + 5000);
    wheel.reset(bottomhalf::initial_jiffies);
    CHECK(wheel.clock() == bottomhalf::initial_jiffies);
    CHECK(wheel.pop_due() != nullptr);   // what waited is due
    CHECK(wheel.pop_due() != nullptr);
    CHECK(wheel.size() == 0);
    wheel.add(t[0], bottomhalf::initial_jiffies + 500);
    CHECK(wheel.next_event() - bottomhalf::initial_jiffies <= 512);   // and life goes on from there
    wheel.advance(bottomhalf::initial_jiffies + 512);
    CHECK(wheel.pop_due() == t);
}
inline void check_lives(const failure& f) {
    INFO("the clock started at " << f.start << ", seed " << f.seed << ", step " << f.step);
    CHECK(std::string_view(f.what == nullptr ? "" : f.what) == "");
}

}   // namespace support
