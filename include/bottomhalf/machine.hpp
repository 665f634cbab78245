// SPDX-License-Identifier: MIT
// machine.hpp: CPUs, clock, queues and interrupt lines as one object that boots and shuts down.
//
//   bottomhalf::machine m{{.cpus = 4}};      // boots here, drains and joins at the end of the scope
//   bottomhalf::default_machine()            // the one that the facades use
//
// Several may live in one process.  The default machine is constant-initialised and never destroyed; its threads start at
// the first use and stop at exit (on the simulator: at its world's end), when it says what it has dropped.  A use after
// that, in a static destructor, starts them again.  Starting threads is not async-signal-safe: a program whose very first
// call comes from a signal handler of its own calls boot() before.
#pragma once

#include <cstdint>
#include <memory>

#include <bottomhalf/basic_machine.hpp>
#include <bottomhalf/sync/kthread.hpp>
#include <bottomhalf/sync/rcu.hpp>

namespace bottomhalf {

namespace detail {
template <class Arch>
struct default_machine_of {
    BOTTOMHALF_STATE static inline constinit basic_machine<Arch> machine{};
    BOTTOMHALF_STATE static inline constinit std::uint32_t at_exit = 0;   // A: whether the stop at exit is arranged
    BOTTOMHALF_STATE static inline constinit std::int32_t in_exit = 0;    // A: the thread in exit(), 0: nobody yet
};
}   // namespace detail

/// The machine of those who do not make one.  Constant-initialised, never destroyed; boots at the first use.
template <class Arch>
[[nodiscard]] basic_machine<Arch>& default_machine_of() noexcept {
    return detail::default_machine_of<Arch>::machine;
}
/// Where the interrupts of the caller's CPU of the default machine arrive; null while that is down, and in the child of a
/// fork(), where nobody is left to take them.  Context: any.
template <class Arch>
arch::cpu_port* home_port() noexcept {
    if (!Arch::simulated && workqueue_ops<Arch>::in_child()) return nullptr;
    auto& m = default_machine_of<Arch>();
    return m.irqs().port(0) != nullptr ? m.irqs().port(workqueue_ops<Arch>::this_cpu(m.nr_cpus())) : nullptr;
}

// Implementation

template <class Arch>
void basic_machine<Arch>::arrange_exit() noexcept {
    using the = detail::default_machine_of<Arch>;
    if (this != &the::machine || atomic<std::uint32_t>(the::at_exit).exchange(1, acq_rel) != 0) return;
    Arch::template at_exit<&end_default>();
}
/// `lost`: the world that it was part of was abandoned, with all its tasks.  The next one begins with a machine that has
/// not booted yet.
template <class Arch>
void basic_machine<Arch>::end_default(bool lost) noexcept {
    using the = detail::default_machine_of<Arch>;
    atomic<std::uint32_t>(the::at_exit).store(0, release);
    if constexpr (!Arch::simulated) atomic<std::int32_t>(the::in_exit).store(Arch::thread_id(), release);
    if (!lost) the::machine.shut_down(false, location::current());
    rcu_domain<Arch>::end();
    if constexpr (Arch::simulated) {
        kthread_ops<Arch>::forget();
        if (lost) the::machine.lose_parts();
        std::construct_at(&the::machine);   // its destructor does nothing
    }
}

template <class Arch>
bool basic_machine<Arch>::is_ending() noexcept {
    using the = detail::default_machine_of<Arch>;
    const std::int32_t who = atomic<std::int32_t>(the::in_exit).load(acquire);
    return who != 0 && who != Arch::thread_id() && this == &the::machine;
}

}   // namespace bottomhalf
