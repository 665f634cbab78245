// SPDX-License-Identifier: MIT
//
// What the explorations of the library itself share.  Each is asked twice: with every access seen at once by everybody,
// and with stores that arrive late, as on x86.
#pragma once

#include "support/catch.hpp"

#include <cstdint>
#include <optional>

#include <bottomhalf/bottomhalf.hpp>
#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>
#include <bottomhalf/sync/completion.hpp>

namespace library {

namespace arch = bottomhalf::arch;
namespace sim = bottomhalf::sim;
using engine = arch::sim;
using word = std::uint32_t;
using bottomhalf::location;

inline engine::atomic_ref<word> ref(word& w) { return engine::atomic_ref<word>(w); }

/// What a test tells another task without ordering anything by it: a store that may be late, a load that does not wait.
inline void put(word& w, word value) { ref(w).store(value, bottomhalf::relaxed); }
inline word get(word& w) { return ref(w).load(bottomhalf::relaxed); }
inline word more(word& w) { return ref(w).fetch_add(1, bottomhalf::relaxed) + 1; }

/// Sleeps until somebody has done `done`, and asks nobody else for anything: if he who should do it sleeps, too, that is a
/// deadlock.
using completion = bottomhalf::completion_ops<engine>;
inline void wait(word& done) { completion::wait(done, arch::forever, "a test", location::current()); }

struct search {
    const char* name;
    std::uint64_t schedules;
    unsigned cpus = 1;
    bool boots = true;
    bool time_passes = false;
};

template <class Body>
void explored(const search& s, Body body) {
    for (const bool late : {false, true}) {
        sim::options o;
        o.name = s.name;
        // A switch of tasks is ten times as dear there, and it is there for what is done to memory; orders are seen without it.
        o.schedules = BOTTOMHALF_ASAN ? s.schedules / 8 + 1 : s.schedules;
        o.cpus = s.cpus;
        o.boots = s.boots;
        o.time_passes = s.time_passes;
        o.store_buffers = late;
        const auto r = sim::explore(o, body);
        INFO((late ? "stores arrive late\n" : "stores arrive at once\n") << r);
        CHECK(r);
    }
}

/// A queue of the machine that the explorer has booted.  It comes by the dull schedule; its end, too, unless it is explored.
struct queue {
    std::optional<bottomhalf::basic_workqueue<engine>> wq;

    explicit queue(bool single_thread = true) {
        const sim::quietly set_up;
        wq.emplace("explored", bottomhalf::workqueue_options{.single_thread = single_thread});
        engine::settle();   // its threads sleep
    }
    ~queue() {
        const sim::quietly end;
        wq.reset();
    }
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;
    bottomhalf::basic_workqueue<engine>& operator*() { return *wq; }
    /// Now, and in every order.
    void end() { wq.reset(); }
};

template <class F>
auto make_work(F f) {
    return bottomhalf::work<F, engine>{std::move(f)};
}
template <class F>
auto make_delayed_work(F f) {
    return bottomhalf::delayed_work<F, engine>{std::move(f)};
}

}   // namespace library
