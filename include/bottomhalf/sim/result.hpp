// SPDX-License-Identifier: MIT
// result.hpp: how an exploration is asked for, and what came of it.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <string>

#include <bottomhalf/arch/sim_choice.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf::sim {

/// What may go wrong in a schedule: see options::faults, and stopping_cpu in actor.hpp.
inline constexpr auto no_thread = static_cast<unsigned>(arch::sim_fault::no_thread);
inline constexpr auto no_memory = static_cast<unsigned>(arch::sim_fault::no_memory);
inline constexpr auto lost_edge = static_cast<unsigned>(arch::sim_fault::lost_edge);

enum class plan : std::uint8_t {
    automatic,   // a look at the schedules with no or one preemption, then draws, priorities, and the search to the end
    random,
    pct,
    bounded
};

/// With store_buffers: another task's store to a variable on the body's stack that is late when the body returns arrives all the
/// same, where that was.  An exchange or a fence before the return keeps it from that.  A store to one's own stack is never late.
struct options {
    const char* name = nullptr;         // what a token begins with; null: the place of the call, "driver_test.cpp:57"
    std::uint64_t schedules = 10'000;   // at most
    std::uint64_t seed = 1;
    unsigned cpus = 2;
    plan how = plan::automatic;
    unsigned depth = 3;                   // pct: its d.  Search: preemptions at most
    double seconds = 0;                   // of real time, at most; 0: as long as it takes
    unsigned fairness = 30;               // how often a task that can run is passed over by others that wait in loops
    std::uint64_t max_steps = 200'000;    // of one schedule: more are a livelock
    bool time_passes = true;              // though somebody could run: as on a machine that has better things to do
    bool boots = true;                    // the default machine is up before the body begins, and goes down after it
    severity fails_on = severity::warn;   // which reports of the library fail a schedule
    unsigned faults = 0;                  // no_thread | no_memory | lost_edge: they happen at any time, or never
    bool store_buffers = false;           // others may see a store later, as on x86
    unsigned most_faults = 1;             // in one schedule
    bool races = true;                  // are failures, where the code is such that they are seen: see instrumented.hpp
    report_listener* hears = nullptr;   // reports go there instead, and fail nothing
    bool stops = true;                  // at the first that fails; otherwise it is counted, and the search goes on
    bool shrinks = true;
    bool statics = true;   // the program's static data are what they were, in each schedule: see statics.hpp
    bool leaks = true;     // memory that the body has allocated, and nobody has freed, fails a schedule
    bool prints = false;   // says how far it has come, each second, to stderr
};

/// Why a schedule has failed.
enum class verdict : std::uint8_t {
    fine,
    wrong,              // expect(), or who else has called give_up()
    thrown,             // an exception has left the body, or a task
    reported,           // the library has said something
    deadlock,           // nobody can run, and no deadline will come
    livelock,           // too many steps
    leftover,           // the body has returned, and left tasks behind
    race,               // two accesses that nothing orders: see race_detector.hpp
    leaked,             // memory that nobody has freed
    memory,             // it was freed twice, or written to where or when it must not be
    crashed,            // a bad pointer, a division by zero
    not_deterministic   // the same schedule has done something else
};
[[nodiscard]] constexpr const char* to_string(verdict v) noexcept {
    constexpr const char* text[] = {"fine",       "wrong",          "an exception", "a report",
                                    "a deadlock", "a livelock",     "leftovers",    "a race",
                                    "a leak",     "a memory error", "a crash",      "not deterministic"};
    return text[static_cast<unsigned>(v)];
}

struct result {
    bool failed = false;
    verdict kind = verdict::fine;
    std::string what;              // in words
    std::string token;             // BOTTOMHALF_REPLAY=<token> runs this schedule, and only it
    std::string timeline;          // of the schedule, made as short as it gets
    std::uint64_t seed = 0;        // of the draw that has found it, if it was drawn
    std::uint64_t at = 0;          // the how manieth schedule failed first
    unsigned preemptions = 0;      // of the shortened schedule
    std::uint64_t schedules = 0;   // that were run
    std::uint64_t failures = 0;    // of those
    std::uint64_t distinct = 0;    // ways that were gone, among them
    std::uint64_t steps = 0;       // in all
    bool exhausted = false;        // there is no other schedule
    int exhausted_to = -1;         // preemptions up to which there is no other
    bool out_of_time = false;
    std::string sleeps;   // who has slept where no other task can run: "reader/2"; empty: nobody
    double seconds = 0;
    std::string name;

    explicit operator bool() const noexcept { return !failed; }

    /// "abba: a deadlock at schedule 184 of ..., 1 preemption, ...", and what belongs to it.
    [[nodiscard]] std::string report() const {
        char line[256];
        std::string text = name + ": ";
        if (failed) {
            std::snprintf(line, sizeof line, "%s, in schedule %" PRIu64 " (%u preemption%s when shortened)\n",
                          to_string(kind), at, preemptions, preemptions == 1 ? "" : "s");
            text += line + what;
            if (what.empty() || what.back() != '\n') text += '\n';
            text += timeline;
            text += "replay: BOTTOMHALF_REPLAY='" + token + "'\n";
        } else {
            text += "nothing found\n";
        }
        std::snprintf(line, sizeof line, "%" PRIu64 " schedules, %" PRIu64 " distinct, %" PRIu64 " failed, %.2f s; ",
                      schedules, distinct, failures, seconds);
        text += line;
        if (exhausted)
            text += "there are no others";
        else if (exhausted_to >= 0)
            text += "there are no others with " + std::to_string(exhausted_to) + " preemptions or fewer";
        else
            text += "there are others";
        text += out_of_time ? "; out of time\n" : "\n";
        if (!sleeps.empty()) text += words_of_sleep();
        return text;
    }
    [[nodiscard]] std::string words_of_sleep() const {
        return sleeps + " has slept in the C library: no other task can run then, and what ends it is no choice\n";
    }
    friend std::ostream& operator<<(std::ostream& out, const result& r) { return out << r.report(); }
};

}   // namespace bottomhalf::sim
