// SPDX-License-Identifier: MIT
// <linux/bottomhalf.h>: today's kernel interface (6.12), bound to an engine: threads, or the simulator with
// BOTTOMHALF_SIM.
//
// The facade is thin.  Its structs are plain, have the layout of the core's under the kernel's names, and live in
//
//   bottomhalf::linux6::on_threads    (or on_sim; inline, so users never write it)
//
// They reach the global namespace by using-declarations, because another file of the same program may use the facade of
// 2.6: two different global `struct work_struct` with inline functions would be merged by the linker.
//
// Everything works on the default machine, which boots at the first call that needs it.  A program whose very first
// call comes from a signal handler calls bottomhalf_boot() before.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bottomhalf/context.hpp>
#include <bottomhalf/delayed_work.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/jiffies_cell.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/workqueue.hpp>

#include <linux/types.h>

#if defined(BOTTOMHALF_SIM)
#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/sim/boot.hpp>
#define BOTTOMHALF_ENGINE on_sim
#else
#include <bottomhalf/arch/threads.hpp>
#define BOTTOMHALF_ENGINE on_threads
#endif

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

#if defined(BOTTOMHALF_SIM)
using engine = arch::sim;
#else
using engine = arch::threads;
#endif

/// A queue.  What alloc_workqueue() returns is the core's, under this name, and never looked into.  Only the system's
/// queues are objects of this type: they have constant addresses, as in the kernel, and point at the core's.
struct workqueue_struct {
    void* queue;   // A: basic_workqueue_struct<engine>*, null before the first use
    const char* name;
    unsigned int flags;
    int max_active;
};

enum wq_flags : unsigned int {
    WQ_BH = 1 << 0,
    WQ_UNBOUND = 1 << 1,
    WQ_FREEZABLE = 1 << 2,
    WQ_MEM_RECLAIM = 1 << 3,
    WQ_HIGHPRI = 1 << 4,
    WQ_CPU_INTENSIVE = 1 << 5,
    WQ_SYSFS = 1 << 6,
    WQ_POWER_EFFICIENT = 1 << 7,
    WQ_PERCPU = 1 << 8,
    __WQ_DESTROYING = 1 << 15,
    __WQ_DRAINING = 1 << 16,
    __WQ_ORDERED = 1 << 17,
    __WQ_LEGACY = 1 << 18,
};
enum wq_consts : int {
    WQ_MAX_ACTIVE = 512,
    WQ_UNBOUND_MAX_ACTIVE = WQ_MAX_ACTIVE,
    WQ_DFL_ACTIVE = WQ_MAX_ACTIVE / 2,
    WQ_DFL_MIN_ACTIVE = 8,
};

namespace impl {

using ops = workqueue_ops<engine>;
using delayed = delayed_ops<engine>;
using core_queue = basic_workqueue_struct<engine>;
using core_machine = basic_machine<engine>;
using here = context<engine>;
template <class T>
using atomic = engine::atomic_ref<T>;

// ---- the system's queues --------------------------------------------------------------------------------------------

enum system_queue : unsigned {
    sys_events,
    sys_percpu,
    sys_highpri,
    sys_long,
    sys_unbound,
    sys_dfl,
    sys_freezable,
    sys_power_efficient,
    sys_freezable_power_efficient,
    sys_bh,
    sys_bh_highpri,
    nr_system_queues,
};
BOTTOMHALF_STATE inline constinit workqueue_struct system_queues[nr_system_queues] = {
    {nullptr, "events", 0, WQ_DFL_ACTIVE},   // two queues of one name: flushing one does not flush the other
    {nullptr, "events", WQ_PERCPU, WQ_DFL_ACTIVE},
    {nullptr, "events_highpri", WQ_HIGHPRI, WQ_DFL_ACTIVE},
    {nullptr, "events_long", 0, WQ_DFL_ACTIVE},
    {nullptr, "events_unbound", WQ_UNBOUND, WQ_MAX_ACTIVE},
    {nullptr, "events_unbound", WQ_UNBOUND, WQ_MAX_ACTIVE},
    {nullptr, "events_freezable", WQ_FREEZABLE, WQ_DFL_ACTIVE},
    {nullptr, "events_power_efficient", WQ_POWER_EFFICIENT, WQ_DFL_ACTIVE},
    {nullptr, "events_freezable_pwr_efficient", WQ_FREEZABLE | WQ_POWER_EFFICIENT, WQ_DFL_ACTIVE},
    {nullptr, "events_bh", WQ_BH, 0x7fffffff},
    {nullptr, "events_bh_highpri", WQ_BH | WQ_HIGHPRI, 0x7fffffff},
};

[[nodiscard]] inline bool is_system(const workqueue_struct* wq) noexcept {
    return reinterpret_cast<std::uintptr_t>(wq) - reinterpret_cast<std::uintptr_t>(system_queues) <
           sizeof system_queues;
}
/// The core's queue behind one of the system's, or null: none yet, or that of a machine which has gone down.
[[nodiscard]] inline core_queue* behind(workqueue_struct& s) noexcept {
    auto* q = static_cast<core_queue*>(atomic<void*>(s.queue).load(acquire));   // [system.queue]
    // The memory of queues keeps its type for good, so an old one may be looked at; it may be somebody else's by now.
    return q != nullptr && q->tag == &s && !q->is(wq_flag::dead) ? q : nullptr;
}
/// What the core has to know of the flags.
constexpr std::uint32_t wanted_by(unsigned int flags) noexcept {
    return ((flags & WQ_HIGHPRI) != 0 ? wq_flag::highpri : 0) |
           // An unbound pool does not count what runs anyway.
           ((flags & WQ_CPU_INTENSIVE) != 0 && (flags & WQ_UNBOUND) == 0 ? wq_flag::cpu_intensive : 0) |
           ((flags & WQ_FREEZABLE) != 0 ? wq_flag::freezable : 0) |
           ((flags & WQ_MEM_RECLAIM) != 0 ? wq_flag::mem_reclaim : 0) |
           ((flags & __WQ_LEGACY) != 0 ? wq_flag::legacy : 0);
}
constexpr queue_kind kind_by(unsigned int flags) noexcept {
    return (flags & WQ_BH) != 0 ? queue_kind::bh : (flags & WQ_UNBOUND) != 0 ? queue_kind::unbound : queue_kind::bound;
}
inline bool create_system_queues(core_machine& m, location at) noexcept {
    for (workqueue_struct& s : system_queues) {
        if (behind(s) != nullptr) continue;
        core_queue* q = m.create_queue(s.name, kind_by(s.flags), s.max_active, &s, at, wanted_by(s.flags));
        if (q == nullptr) return false;
        q->state().fetch_or(wq_flag::system, acq_rel);
        atomic<void*>(s.queue).store(q, release);   // [system.queue]
    }
    return true;
}

// ---- the machine ----------------------------------------------------------------------------------------------------

BOTTOMHALF_STATE inline constinit std::uint32_t ready = 0;   // A: 0 not yet, 1 somebody is at it, 2 done

/// The default machine, with `jiffies` ticking and the system's queues there: they exist before anybody asks for one,
/// so that a timer callback may be the first to.  Context: process the first time, any from then on.  Return: null if
/// there was no thread or memory to be had.
inline core_machine* up(location at) noexcept {
    core_machine& m = default_machine_of<engine>();
    atomic<std::uint32_t> state(ready);
    // Somebody else may have booted this one, and then the queues are those of the machine before.
    if (state.load(acquire) == 2 && m.is_up() && behind(system_queues[nr_system_queues - 1]) != nullptr &&
        m.time().keeps_jiffies()) [[likely]]
        return &m;
    if (!m.boot(at)) return nullptr;
    bottomhalf::detail::keep_jiffies(m.time(), ::bottomhalf::BOTTOMHALF_ENGINE::jiffies);
    if (here::in_atomic() || here::irqs_disabled()) return &m;   // the queues come with the first call that may sleep
    engine::quiet no_signals;
    for (unsigned round = 0; state.exchange(1, acq_rel) == 1; ++round) engine::relax(round);
    const bool ok = create_system_queues(m, at);
    state.store(ok ? 2 : 0, release);
    return ok ? &m : nullptr;
}
#if defined(BOTTOMHALF_SIM)
/// With the threads that take interrupts, which the first request_irq() would start.
inline sim::detail::boot_part comes_up{[] {
    for (workqueue_struct& s : system_queues) s.queue = nullptr;   // those of the world before
    ready = 0;
    core_machine* m = up(location::current());
    return m != nullptr && m->events(location::current()) != nullptr;
}};
#endif
/// Return: null if there is no machine; then nothing is armed anywhere either.
inline timekeeper<engine>* clock(location at) noexcept {
    core_machine* m = up(at);
    return m == nullptr ? nullptr : &m->time();
}
inline unsigned nr_cpus(location at) noexcept {
    core_machine* m = up(at);
    return m == nullptr ? 1 : m->nr_cpus();
}
inline unsigned this_cpu(location at) noexcept { return ops::this_cpu(nr_cpus(at)); }
/// The bottom halves of the caller's CPU.
/// Return: null if there is no machine.
inline softirq_controller<engine>::cpu* bottom_halves(location at) noexcept {
    core_machine* m = up(at);
    if (m == nullptr) return nullptr;
    return m->softirqs().of_cpu(ops::this_cpu(m->nr_cpus()));
}

/// A relative time-out in jiffies as a deadline on the engine's clock.  A negative one, as of a driver whose time has come
/// already (`end - jiffies`), is over at once, and reported.
inline arch::ns_t deadline(jiffies_t ticks, location at) noexcept {
    if (!here::in_interrupt()) up(at);   // jiffies shall show that the time has passed
    const arch::ns_t now = engine::now();
    if (static_cast<long>(ticks) < 0) [[unlikely]] {
        bottomhalf::detail::say(channel::kernel, severity::bug, "schedule_timeout", at,
                                "schedule_timeout: wrong timeout value %lx", ticks);
        return now;
    }
    if (ticks >= static_cast<jiffies_t>((arch::forever - now) / tick_ns)) return arch::forever;
    return now + static_cast<arch::ns_t>(ticks) * tick_ns;
}
/// What is left of it, a tick that has begun being a whole one: at least 1, since whoever asks was in time.
inline jiffies_t ticks_left(arch::ns_t until) noexcept {
    if (until == arch::forever) return max_jiffy_offset;
    const arch::ns_t left = until - engine::now();
    return left <= tick_ns ? 1 : static_cast<jiffies_t>((left + tick_ns - 1) / tick_ns);
}
/// Sleeps until `until`; the worker pool, if we are in one, starts the next item.
inline void sleep_until(arch::ns_t until, const char* function, location at) noexcept {
    if (!here::might_sleep(function, at)) return;
    up(at);   // jiffies shall show that the time has passed
    std::uint32_t never = 0;
    bottomhalf::detail::block<engine>(never, 0, until, function);
}

}   // namespace impl

/// Starts the default machine.  Context: process.  Return: false if there were no threads to be had.
inline bool bottomhalf_boot(location at = location::current()) noexcept { return impl::up(at) != nullptr; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_boot;
using bottomhalf::linux6::workqueue_struct;
using enum bottomhalf::linux6::wq_flags;
using enum bottomhalf::linux6::wq_consts;
