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

using schedules = schedule_ops<engine>;

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
}   // namespace impl

inline constexpr impl::current_t current{};

/// Says when the next schedule() may end.  Order: a full barrier, so that a condition may be tested after it
/// [task.state].
inline void set_current_state(long state) noexcept { impl::schedules::set_state(static_cast<std::uint32_t>(state)); }
inline void __set_current_state(long state) noexcept { set_current_state(state); }

/// Ends the sleep of a task, or the one it is about to begin.  Context: any.  Return: 1 if there was one.
inline int wake_up_process(struct task_struct* task) noexcept { return impl::schedules::wake(*task) ? 1 : 0; }

/// Sleeps until woken; in TASK_RUNNING, only gives the CPU away.  Context: process.
inline void schedule(location at = location::current()) noexcept {
    impl::schedules::schedule_until(arch::forever, "schedule", at);
}

/// Sleeps until woken, or until `timeout` whole ticks have passed; in TASK_RUNNING, not at all (reported).
/// Context: process.  Return: the ticks that are left.
inline long schedule_timeout(long timeout, location at = location::current()) noexcept {
    if (!impl::schedules::check_timeout(timeout, at)) return 0;
    if (timeout == MAX_SCHEDULE_TIMEOUT) return schedule(at), timeout;
    const arch::ns_t until = impl::deadline(static_cast<unsigned long>(timeout), at);
    impl::schedules::schedule_until(until, "schedule_timeout", at);
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
