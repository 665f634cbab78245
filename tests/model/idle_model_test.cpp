// SPDX-License-Identifier: MIT
//
// When the tick rests, [idle.rest] in arch/idle.hpp and timekeeper::run(): every interleaving.
//
// Each step is one access to shared memory there.  Actors: the timekeeper, which ticks or rests; two threads, each of which
// falls asleep in park(), wakes up at any moment, and is awake from then on; and time, which moves on at any moment.
//
// What must never be: somebody is awake while the tick rests, and nobody is about to end that; or somebody comes out of his
// sleep and finds the time of before the rest.
#include <algorithm>
#include <cstdint>
#include <iostream>

#include "model/explore.hpp"
#include "support/catch.hpp"

namespace {

using byte = std::uint8_t;

enum class bug : byte {
    none,
    counts_before_it_says_so,     // the timekeeper counts the sleepers, then says that it rests
    sleeper_looks_first,          // who wakes looks whether the tick rests, then takes himself off the count
    watch_read_after_the_count,   // the timekeeper reads the word that it will sleep on when it has decided to rest
    go_on_before_the_time,        // it says that it rests no longer, then writes the time
    nobody_writes_but_it,         // who wakes wakes the timekeeper only, and does not bring the time up to date himself
    bump_without_unpark,          // ... changes the word, and wakes nobody
};

constexpr byte sleepers = 2, end_of_time = 3;

enum keeper_pc : byte {
    k_write,
    k_watch,
    k_say,
    k_count,
    k_unsay,
    k_ticks,
    k_late_watch,
    k_park,
    k_parked,
    k_catch,
    k_go_on
};
enum sleeper_pc : byte { s_count, s_asleep, s_off, s_look, s_catch, s_bump, s_unpark, s_awake };

struct state {
    byte now = 0, cell = 0;   // time, and what shows it
    byte missed = 0;          // the last tick that came while the timekeeper slept
    byte rests = 0, asleep = 0, watch = 0;
    byte keeper = k_write, v = 0;
    byte all = 0;   // what the timekeeper has counted
    byte pc[sleepers] = {}, woke_at[sleepers] = {};
    byte surprised = 0;   // somebody woke up and found an old time
};

class clockwork {
public:
    explicit clockwork(bug b) : bug_(b) {}

    template <class Emit>
    void steps(const state& s, Emit emit) const {
        if (s.now < end_of_time) {
            state b = s;
            ++b.now;
            if (b.keeper == k_parked) b.missed = b.now;
            emit(b, "time: a tick");
        }
        keeper(s, emit);
        for (unsigned i = 0; i < sleepers; ++i) sleeper(s, i, emit);
    }
    [[nodiscard]] const char* wrong(const state& s, bool is_end) const {
        if (s.surprised != 0) return "somebody woke up, and found the time of before the rest";
        if (!is_end) return nullptr;
        for (const byte pc : s.pc)
            if (pc != s_awake) return "somebody is stuck";
        return s.keeper == k_ticks ? nullptr : "everybody is awake, and the tick rests";
    }

private:
    template <class Emit>
    void keeper(const state& s, Emit emit) const {
        state b = s;
        const bool counts_first = bug_ == bug::counts_before_it_says_so;
        const auto go = [&](keeper_pc to, const char* how) {
            b.keeper = to;
            emit(b, how);
        };
        switch (s.keeper) {
            case k_write: b.cell = s.now; return go(k_watch, "timekeeper: writes the time");
            case k_watch:
                b.v = s.watch;
                return go(counts_first ? k_count : k_say, "timekeeper: reads the word that it would sleep on");
            case k_say:
                b.rests = 1;
                return go(counts_first ? after_count(s) : k_count, "timekeeper: says that it rests");
            case k_count:
                b.all = s.asleep == sleepers;
                if (counts_first)
                    return b.all != 0 ? go(k_say, "timekeeper: counts") : go(k_unsay, "timekeeper: counts");
                return go(after_count(b), "timekeeper: counts");
            case k_unsay: b.rests = 0; return go(k_ticks, "timekeeper: does not rest");
            case k_ticks:   // until the next tick
                if (s.now != s.cell) go(k_write, "timekeeper: wakes for the next tick");
                return;
            case k_late_watch: b.v = s.watch; return go(k_park, "timekeeper: reads the word late");
            case k_park: return go(s.watch == s.v ? k_parked : k_catch, "timekeeper: the futex looks at the word");
            case k_parked: return;   // see s_unpark
            case k_catch:
                if (bug_ == bug::go_on_before_the_time)
                    b.rests = 0;
                else
                    b.cell = s.now;
                return go(k_go_on, "timekeeper: is awake again");
            default:
                if (bug_ == bug::go_on_before_the_time)
                    b.cell = s.now;
                else
                    b.rests = 0;
                return go(k_write, "timekeeper: goes on");
        }
    }
    [[nodiscard]] keeper_pc after_count(const state& b) const {
        if (b.all == 0) return k_unsay;
        return bug_ == bug::watch_read_after_the_count ? k_late_watch : k_park;
    }
    template <class Emit>
    void sleeper(const state& s, unsigned i, Emit emit) const {
        state b = s;
        const auto go = [&](sleeper_pc to, const char* how) {
            b.pc[i] = to;
            if (to == s_awake && b.cell < std::min(b.woke_at[i], b.missed)) b.surprised = 1;
            emit(b, how);
        };
        const bool looks_first = bug_ == bug::sleeper_looks_first;
        switch (s.pc[i]) {
            case s_count: ++b.asleep; return go(s_asleep, "thread: falls asleep");
            case s_asleep: b.woke_at[i] = s.now; return go(looks_first ? s_look : s_off, "thread: wakes up");
            case s_off: --b.asleep; return go(looks_first ? s_awake : s_look, "thread: takes itself off the count");
            case s_look:
                if (s.rests != 0)
                    return go(bug_ == bug::nobody_writes_but_it ? s_bump : s_catch, "thread: the tick rests");
                return go(looks_first ? s_off : s_awake, "thread: the tick does not rest");
            case s_catch:
                if (s.now >= s.cell) b.cell = s.now;
                return go(s_bump, "thread: writes the time");
            case s_bump:
                ++b.watch;
                return go(bug_ == bug::bump_without_unpark ? done(looks_first) : s_unpark,
                          "thread: changes the timekeeper's word");
            case s_unpark:
                if (s.keeper == k_parked) b.keeper = k_catch;
                return go(done(looks_first), "thread: wakes the timekeeper");
            default: return;
        }
    }
    static sleeper_pc done(bool looks_first) { return looks_first ? s_off : s_awake; }

    bug bug_;
};

model::outcome check(bug b) {
    const clockwork c(b);
    return model::explore(
        state{}, [&](const state& s, auto emit) { c.steps(s, emit); },
        [&](const state& s, bool is_end) { return c.wrong(s, is_end); });
}

}   // namespace

TEST_CASE("idle: no interleaving lets the tick rest while somebody is awake", "[idle][model]") {
    const model::outcome o = check(bug::none);
    std::cout << "idle model: " << o.states << " states, " << o.ends << " ends\n";
    CHECK(o.wrong == "");
    CHECK(o.ends > 0);
}

TEST_CASE("idle: the model finds each planted way to let it", "[idle][model]") {
    constexpr struct {
        const char* name;
        bug planted;
    } plants[] = {
        {"counting before saying so", bug::counts_before_it_says_so},
        {"a sleeper that looks before it takes itself off", bug::sleeper_looks_first},
        {"the timekeeper's word read after the count", bug::watch_read_after_the_count},
        {"going on before the time is written", bug::go_on_before_the_time},
        {"a sleeper that does not write the time", bug::nobody_writes_but_it},
        {"a sleeper that wakes nobody", bug::bump_without_unpark},
    };
    for (const auto& each : plants) {
        const model::outcome o = check(each.planted);
        INFO(each.name);
        std::cout << "idle model, planted: " << each.name << ": " << o.wrong << "\n";
        CHECK(o.wrong != "");
    }
}
