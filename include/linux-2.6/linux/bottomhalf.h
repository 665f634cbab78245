// SPDX-License-Identifier: MIT
// <linux/bottomhalf.h>: the ground that the kernel's headers of 2.6 stand on; each of them includes it first.
//
// The facade is the interface of the article (Robert Love, "The New Work Queue Interface in the 2.6 Kernel"): handlers
// with a data argument, every work_struct can be delayed, create_workqueue() with threads of its own.  What 2.6 got
// wrong, one item running twice at once or lost as its queue ends, is safe here, and is said on the advice channel.
//
// Types and functions live in bottomhalf::linux26::on_threads (or on_sim, with BOTTOMHALF_SIM; the inner namespace is
// inline) and reach the global one by using-declarations: another file of the same program may use today's interface,
// and two different global `struct work_struct` would be merged by the linker.
//
// All standard headers that the facade needs, and those in which names like __init are parameters, are read here,
// before the first macro of the kernel's is defined.
#pragma once

#include <bit>
#include <cerrno>
#include <climits>
#include <csignal>   // seam-exempt: has an SA_INTERRUPT of its own
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>   // has parameters called __init
#include <type_traits>

#include <sys/param.h>   // has an HZ of its own; <linux/param.h> comes after it
#include <sys/types.h>

#include <bottomhalf/context.hpp>
#include <bottomhalf/delayed_work.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/jiffies_cell.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/sync/completion.hpp>
#include <bottomhalf/sync/mutex.hpp>
#include <bottomhalf/sync/schedule.hpp>
#include <bottomhalf/sync/semaphore.hpp>
#include <bottomhalf/workqueue.hpp>
#if defined(BOTTOMHALF_SIM)
#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/sim/boot.hpp>
#define BOTTOMHALF_ENGINE on_sim
#else
#include <bottomhalf/arch/threads.hpp>
#define BOTTOMHALF_ENGINE on_threads
#endif

#include <linux/types.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

#if defined(BOTTOMHALF_SIM)
using engine = arch::sim;
#else
using engine = arch::threads;
#endif

using bottomhalf::BOTTOMHALF_ENGINE::jiffies;

// What the headers share.  Nobody else's business.
namespace impl {

using machine_t = basic_machine<engine>;
using queue_t = basic_workqueue_struct<engine>;
using ops = workqueue_ops<engine>;
using delayed = delayed_ops<engine>;
using ctx = context<engine>;
using time_t = timekeeper<engine>;
template <class T>
using atomic = engine::atomic_ref<T>;

inline constexpr channel kernel = channel::kernel;
inline constexpr channel advice = channel::advice;

/// The default machine with its clock running and `jiffies` following it.
/// Context: process the first time, any from then on.  Return: null if there were no threads to be had.
inline machine_t* machine(location at) noexcept {
    machine_t& m = default_machine_of<engine>();
    if (m.is_up() && m.time().keeps_jiffies()) [[likely]]
        return &m;
    if (!m.boot(at)) return nullptr;
    bottomhalf::detail::keep_jiffies(m.time(), jiffies);
    return &m;
}
/// keventd's queue.  Return: null if it could not be had; that has been said then.
inline queue_t* events(location at) noexcept {
    if (queue_t* q = default_machine_of<engine>().events_if_up()) [[likely]]
        return q;
    machine_t* m = machine(at);
    return m != nullptr ? m->events(at) : nullptr;
}
#if defined(BOTTOMHALF_SIM)
inline sim::detail::boot_part comes_up{[] { return events(location::current()) != nullptr; }};
#endif
/// The bottom halves of the caller's CPU.
/// Return: null if there is no machine.
inline softirq_controller<engine>::cpu* bottom_halves(location at) noexcept {
    machine_t* m = machine(at);
    if (m == nullptr) return nullptr;
    return m->softirqs().of_cpu(ops::this_cpu(m->nr_cpus()));
}
/// Whoever compares jiffies, or waits for them, wants them to move.  A timer's function may have begun long ago.
inline void let_jiffies_tick(location at) noexcept {
    if (ctx::in_task()) {
        machine(at);
        engine::poll_time();   // it may be a signal handler, on a thread that sleeps
    } else if (ctx::in_serving_softirq()) {
        default_machine_of<engine>().time().catch_up();
    }
}
/// The deadline by which `delay` whole ticks have passed.  Without a machine: now.
inline arch::ns_t deadline(unsigned long delay, location at) noexcept {
    machine_t* m = machine(at);
    if (m == nullptr) return 0;
    if (delay > max_jiffy_offset) return arch::forever;
    const tick_clock& clock = m->time().clock();
    return clock.when(clock.after(engine::now(), delay));
}
/// How many ticks are left until `until`; 0 if none.
inline unsigned long ticks_left(arch::ns_t until) noexcept {
    if (until == arch::forever) return max_jiffy_offset;
    const arch::ns_t left = until - engine::now();
    return left <= 0 ? 0 : static_cast<unsigned long>((left + tick_ns - 1) / tick_ns);
}
/// Sleeps until `until`, whoever else wakes us.  Context: process, checked by the caller.
inline void sleep_until(arch::ns_t until, const char* why) noexcept {
    std::uint32_t never = 0;
    bottomhalf::detail::block<engine>(never, 0, until, why);
}
/// "This is the first time": for advice that is given once.
inline bool first_time(std::uint32_t& flag) noexcept {
    return atomic<std::uint32_t>(flag).load(relaxed) == 0 &&
           atomic<std::uint32_t>(flag).exchange(1, relaxed) == 0;   // relaxed: only a count
}
using bottomhalf::detail::read_as_it_is;
/// A handler's address as printf's %p wants it.
template <class R, class... Args>
const void* address(R (*f)(Args...)) noexcept {
    return reinterpret_cast<const void*>(f);
}

}   // namespace impl
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::jiffies;

#include <linux/param.h>
