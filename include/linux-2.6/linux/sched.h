// SPDX-License-Identifier: MIT
// <linux/sched.h>: the caller as a task, and sleeping.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/errno.h>
#include <linux/hardirq.h>
#include <linux/jiffies.h>

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define MAX_SCHEDULE_TIMEOUT LONG_MAX

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

/// What the kernel calls a task is what the core does: comm, pid, state.
struct task_struct : arch::task {};

namespace impl {

/// Running, because somebody has woken it; as good as TASK_RUNNING, but schedule_timeout() knows that it was not
/// forgotten.
inline constexpr std::uint32_t woken = 0x8000'0000U;

inline task_struct* current_task() noexcept {
    arch::task& t = engine::current();
    if (t.comm[0] == '\0') engine::thread_name(t.comm);
    engine::thread_id();
    return static_cast<task_struct*>(&t);
}
/// `current`, without being a macro: std::source_location has a function of that name.
struct current_t {
    operator task_struct*() const noexcept { return current_task(); }   // NOLINT(google-explicit-constructor)
    task_struct* operator->() const noexcept { return current_task(); }
};
inline bool may_schedule(const char* function, location at) noexcept {
    if (!ctx::in_atomic() && !ctx::irqs_disabled()) [[likely]]
        return true;
    char comm[arch::comm_len];
    engine::thread_name(comm);
    detail::say(kernel, severity::bug, function, at, "scheduling while atomic: %s/0x%08x/%d", comm,
                static_cast<unsigned>(ctx::preempt_count()), static_cast<int>(engine::thread_id()));
    return false;
}
/// Sleeps in the state that set_current_state() has set, until woken or `until`.
inline void schedule_until(arch::ns_t until, const char* function, location at) noexcept {
    std::uint32_t& state = engine::current().state;
    const std::uint32_t s = atomic<std::uint32_t>(state).load(acquire);   // [task.state]
    if (may_schedule(function, at)) {
        if (s == TASK_RUNNING)
            engine::relax(64);   // gives the CPU away
        else if (s != woken)
            bottomhalf::detail::block<engine>(state, s, until, function);
    }
    atomic<std::uint32_t>(state).exchange(TASK_RUNNING, acq_rel);   // [task.state] what the waker wrote
}
inline int wake(arch::task& t) noexcept {
    // Only out of a sleep, or on the way to it.  Both sides change this word: either the sleeper finds it changed, or
    // it had not looked at its condition yet, and sees what we have written [task.state].
    atomic<std::uint32_t> state(t.state);
    std::uint32_t s = state.load(relaxed);   // relaxed: the exchange decides
    // Who has been woken already stays as he is; the exchange is there to publish what we wrote since.
    while (!state.compare_exchange_weak(s, s == TASK_RUNNING ? s : woken, acq_rel, relaxed)) {}
    if (s == TASK_RUNNING || s == woken) return 0;
    engine::unpark(t.state, 1);
    return 1;
}

}   // namespace impl

inline constexpr impl::current_t current{};

/// Says when the next schedule() may end.  Order: a full barrier, so that a condition may be tested after it
/// [task.state].
inline void set_current_state(long state) noexcept {
    impl::atomic<std::uint32_t>(engine::current().state).exchange(static_cast<std::uint32_t>(state), seq_cst);
}
inline void __set_current_state(long state) noexcept { set_current_state(state); }

/// Ends the sleep of a task, or the one it is about to begin.  Context: any.  Return: 1 if there was one.
inline int wake_up_process(struct task_struct* task) noexcept { return impl::wake(*task); }

/// Sleeps until woken; in TASK_RUNNING, only gives the CPU away.  Context: process.
inline void schedule(location at = location::current()) noexcept {
    impl::schedule_until(arch::forever, "schedule", at);
}

/// Sleeps until woken, or until `timeout` whole ticks have passed; in TASK_RUNNING, not at all (reported).
/// Context: process.  Return: the ticks that are left.
inline long schedule_timeout(long timeout, location at = location::current()) noexcept {
    if (timeout < 0) {
        detail::say(impl::kernel, severity::bug, "schedule_timeout", at, "schedule_timeout: wrong timeout value %lx",
                    timeout);
        set_current_state(TASK_RUNNING);
        return 0;
    }
    if (impl::atomic<std::uint32_t>(engine::current().state).load(relaxed) == TASK_RUNNING)   // relaxed: our own
        detail::say(impl::advice, severity::warn, "schedule_timeout", at,
                    "called in TASK_RUNNING: it does not sleep.  set_current_state(TASK_INTERRUPTIBLE) is missing");
    if (timeout == MAX_SCHEDULE_TIMEOUT) return schedule(at), timeout;
    const arch::ns_t until = impl::deadline(static_cast<unsigned long>(timeout), at);
    impl::schedule_until(until, "schedule_timeout", at);
    const unsigned long left = impl::ticks_left(until);
    return left > static_cast<unsigned long>(timeout) ? timeout : static_cast<long>(left);
}
inline long schedule_timeout_interruptible(long timeout, location at = location::current()) noexcept {
    set_current_state(TASK_INTERRUPTIBLE);
    return schedule_timeout(timeout, at);
}
inline long schedule_timeout_uninterruptible(long timeout, location at = location::current()) noexcept {
    set_current_state(TASK_UNINTERRUPTIBLE);
    return schedule_timeout(timeout, at);
}

/// Stands at the head of every function that may sleep; reports a caller that must not.
inline void might_sleep(location at = location::current()) noexcept { impl::ctx::might_sleep("might_sleep", at); }
inline int cond_resched(location at = location::current()) noexcept {
    impl::ctx::might_sleep("cond_resched", at);
    engine::step();
    return 0;
}
inline void yield() noexcept { engine::relax(64); }
/// Stands in the body of a loop that waits for somebody else.
inline void cpu_relax(location at = location::current()) noexcept {
    impl::let_jiffies_tick(at);
    engine::relax(0);
}
/// Signals are not delivered to emulated tasks.
inline int signal_pending(const struct task_struct*) noexcept { return 0; }
inline void flush_signals(const struct task_struct*) noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::__set_current_state;
using bottomhalf::linux26::cond_resched;
using bottomhalf::linux26::cpu_relax;
using bottomhalf::linux26::current;
using bottomhalf::linux26::flush_signals;
using bottomhalf::linux26::might_sleep;
using bottomhalf::linux26::schedule;
using bottomhalf::linux26::schedule_timeout;
using bottomhalf::linux26::schedule_timeout_interruptible;
using bottomhalf::linux26::schedule_timeout_uninterruptible;
using bottomhalf::linux26::set_current_state;
using bottomhalf::linux26::signal_pending;
using bottomhalf::linux26::task_struct;
using bottomhalf::linux26::wake_up_process;
using bottomhalf::linux26::yield;

#include <linux/delay.h>
#include <linux/smp.h>
