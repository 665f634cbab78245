// SPDX-License-Identifier: MIT
// virtual_time.hpp: time in the hands of a test.  For code that uses one of the C facades on the simulator (link
// bottomhalf::sim, or define BOTTOMHALF_SIM), and its default machine.
//
//   bottomhalf::virtual_time::run([] {
//       my_driver_probe(&dev);                                  // arms a delayed work of 5 * HZ
//       bottomhalf::virtual_time::advance(5 * HZ - 1);
//       CHECK(dev.polls == 0);
//       bottomhalf::virtual_time::advance(1);                   // not a moment passes
//       CHECK(dev.polls == 1);
//       my_driver_remove(&dev);
//   });
//
// In there jiffies move while the body waits: in advance() and run_until(), in an msleep() of its own, or for somebody else
// (flush_scheduled_work() while a handler sleeps); and by what udelay(), mdelay() and a loop that polls jiffies cost.  They
// stand still while the body runs, and in run_until_idle().  If nothing will ever happen again, that is reported as a
// deadlock, and if there is no end of what happens, as a livelock: exceptions that leave run().
// At the end of run() the machine ends as a program's does: what is still armed or queued is reported.  The next run() boots
// a new one, with jiffies at their beginning.  One run() at a time in a process: the default machine is one for all threads.
#pragma once

#include <cstdint>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/jiffies_cell.hpp>
#include <bottomhalf/machine.hpp>

#if defined(BOTTOMHALF_ENGINE) && !defined(BOTTOMHALF_SIM)
#error \
    "the C facade in this file runs on threads: virtual time is for the simulator (link bottomhalf::sim, or define BOTTOMHALF_SIM)"
#endif

namespace bottomhalf::virtual_time {

/// Return: whether the caller is in a run(); if not, it is reported.
inline bool is_inside(const char* function, location at) noexcept {
    if (arch::sim_world::current() != nullptr) return true;
    detail::say(channel::advice, severity::bug, function, at, "called outside of virtual_time::run()");
    return false;
}

/// The default machine.  Context of all that follow: the body of run(), or a task of it.
[[nodiscard]] inline basic_machine<arch::sim>& machine(location at = location::current()) noexcept {
    auto& m = default_machine_of<arch::sim>();
    if (!m.is_up() && m.boot(at)) detail::keep_jiffies(m.time(), on_sim::jiffies);
    return m;
}
/// Runs `body` in a world of its own, on a machine that has just booted.  `seed` draws who comes first wherever several could;
/// 0: they take turns.
/// Errors: what `body` throws; arch::sim::failure and what derives from it.
template <class Body>
void run(Body&& body, std::uint64_t seed = 0) {
    arch::sim_options o;
    o.seed = seed;
    o.time = arch::sim_time::when_told;
    if (seed == 0) o.preempt_every = 0;   // each runs until it waits: that is fast
    arch::sim_world world{o};
    world.run([&body] {
        static_cast<void>(machine());
        body();
    });
}

/// `n` whole ticks pass, and all that is due by then has happened on return, with all that follows from it.
/// max_jiffy_offset: until nothing will ever happen again; jiffies stay where that is.
inline void advance(jiffies_t n, location at = location::current()) noexcept {
    if (is_inside("advance", at)) machine(at).advance(n, at);
}
/// Everybody runs until nobody can; no time passes.
inline void run_until_idle(location at = location::current()) noexcept {
    if (is_inside("run_until_idle", at)) machine(at).run_until_idle();
}
/// Everybody runs, and time jumps from event to event, until `done()`.
/// Return: false if that was not so within `limit` ticks, or nothing will ever happen again.
template <class Done>
bool run_until(Done done, jiffies_t limit = max_jiffy_offset, location at = location::current()) {
    return is_inside("run_until", at) && machine(at).run_until(done, limit);
}

}   // namespace bottomhalf::virtual_time
