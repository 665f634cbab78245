// SPDX-License-Identifier: MIT
// sim_options.hpp: how a simulated world is to be, and why one ends before its body does.
#pragma once

#include <cstdint>
#include <stdexcept>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/sim_choice.hpp>

namespace bottomhalf::arch {

enum class sim_time : std::uint8_t {
    when_idle,   // jumps to the next deadline when nobody can run, and spinning costs some
    when_told    // as above, but spinning costs none
};

struct sim_options {
    std::uint64_t seed = 0;                 // 0: round robin
    unsigned preempt_every = 1;             // steps until the next task gets a turn; 0: not before this one waits
    std::uint64_t max_steps = 50'000'000;   // of one run(), without those that pass() takes from one deadline to the
                                            // next: more are taken for a livelock.  A few seconds
    unsigned cpus = 2;                      // what allowed_cpus() says: the same on every machine
    sim_time time = sim_time::when_idle;
    bool one_burns =
        false;            // delays of tasks of one CPU come one after the other, as they must on a real one; otherwise
                          // tasks burn time beside each other, as on threads
    bool print = true;    // a failure goes to stderr, too
    bool report = true;   // and is put in words, for report()

    // For who explores (sim/explore.hpp).  With a chooser `seed` and `preempt_every` mean nothing: it is asked at every
    // step, and that time passes though somebody could run is one of the alternatives.
    sim_chooser* chooser = nullptr;
    sim_observer* observer = nullptr;
    ns_t patience = 20'000'000'000;     // how much time may pass so before it is the others' turn
    unsigned fairness = 30;             // how often a task that can run is passed over by others that wait in a loop
    std::uint64_t standstill = 2'000;   // steps in a row of one task that count as such a loop
    unsigned faults = 0;                // sim_fault: which may happen
    unsigned most_faults = 1;
    bool store_buffers = false;   // a store is seen by others at once, or later: see sim_store_buffer.hpp
    bool abandon = false;   // the stacks of a run that has failed are used again; what lives on them is never destroyed
};

#if BOTTOMHALF_EXCEPTIONS
/// Why a world ended.  what() is the report.
struct sim_failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct sim_deadlock final : sim_failure {   // nobody can run, and time brings nobody back
    using sim_failure::sim_failure;
};
struct sim_livelock final : sim_failure {   // max_steps
    using sim_failure::sim_failure;
};
struct sim_leftover final : sim_failure {   // the body has returned and left tasks behind
    using sim_failure::sim_failure;
};
struct sim_wrong final : sim_failure {   // somebody has said so: give_up()
    using sim_failure::sim_failure;
};
#endif

}   // namespace bottomhalf::arch
