// SPDX-License-Identifier: MIT
// <linux/sched.h>: who is running.  `current` is an object, not a macro: fields of that name are safe.
#pragma once

#include <bottomhalf/sync/kthread.hpp>
#include <bottomhalf/sync/schedule.hpp>

#include <linux/bottomhalf.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/limits.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr unsigned int PF_WQ_WORKER = 0x00000020;
inline constexpr unsigned int PF_KTHREAD = 0x00200000;
inline constexpr unsigned int TASK_COMM_LEN = arch::comm_len;
inline constexpr long MAX_SCHEDULE_TIMEOUT = LONG_MAX;

inline constexpr unsigned int TASK_RUNNING = 0;
inline constexpr unsigned int TASK_INTERRUPTIBLE = 1;
inline constexpr unsigned int TASK_UNINTERRUPTIBLE = 2;
inline constexpr unsigned int TASK_PARKED = 0x40;
inline constexpr unsigned int TASK_DEAD = 0x80;
inline constexpr unsigned int TASK_WAKEKILL = 0x100;
inline constexpr unsigned int TASK_NOLOAD = 0x400;
inline constexpr unsigned int TASK_FREEZABLE = 0x2000;   // nothing is frozen here
inline constexpr unsigned int TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
inline constexpr unsigned int TASK_IDLE = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;
inline constexpr unsigned int TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

struct mm_struct;

namespace impl {
// Read-only answers at the place of a field.  Each stands at offset 0 of the engine's task, and looks from there.
struct task_flags {
    std::uint32_t bottomhalf_word;
    operator unsigned int() const noexcept {   // NOLINT: reads like the field
        const auto* t = reinterpret_cast<const arch::task*>(this);
        return t->worker != nullptr ? PF_WQ_WORKER | PF_KTHREAD : t->known_as != nullptr ? PF_KTHREAD : 0;
    }
};
struct task_mm {
    std::uint32_t bottomhalf_word;
    [[nodiscard]] unsigned int flags() const noexcept { return *reinterpret_cast<const task_flags*>(this); }
    operator mm_struct*() const noexcept {      // NOLINT: reads like the field
        auto* t = const_cast<task_mm*>(this);   // any address will do: nobody can look into a struct mm_struct
        return flags() != 0 ? nullptr : reinterpret_cast<mm_struct*>(t);
    }
};
}   // namespace impl

/// A task, as far as code of drivers looks at it.  The object is the engine's.
struct BOTTOMHALF_ALIASES task_struct {
    union {
        impl::task_flags flags;   // PF_WQ_WORKER and PF_KTHREAD, or 0
        impl::task_mm mm;         // null for threads of ours
    };
    char bottomhalf_a[offsetof(arch::task, pid) - sizeof(std::uint32_t)];
    std::int32_t pid;
    char bottomhalf_b[offsetof(arch::task, state) - offsetof(arch::task, pid) - sizeof(std::int32_t)];
    unsigned int __state;   // A: TASK_*, or a number of ours for one who has been woken and not run yet
    char bottomhalf_c[offsetof(arch::task, comm) - offsetof(arch::task, state) - sizeof(unsigned int)];
    char comm[TASK_COMM_LEN];   // of a worker kworker/CPU:NUMBER, as in the kernel; ps shows its thread's own name
};
static_assert(offsetof(task_struct, flags) == 0 && offsetof(task_struct, mm) == 0);
static_assert(offsetof(task_struct, __state) == offsetof(arch::task, state));
static_assert(offsetof(task_struct, pid) == offsetof(arch::task, pid) &&
              offsetof(task_struct, comm) == offsetof(arch::task, comm) && sizeof(task_struct) <= sizeof(arch::task));

inline struct task_struct* get_current() noexcept {
    arch::task& t = schedule_ops<engine>::self();
    if (t.comm[0] == '\0') engine::thread_name(t.comm);
    if (t.pid == 0) t.pid = engine::thread_id();
    return reinterpret_cast<task_struct*>(&t);
}
struct bottomhalf_current {
    struct task_struct* operator->() const noexcept {
        return get_current();
    }
    struct task_struct& operator*() const noexcept {
        return *get_current();
    }
    operator struct task_struct *() const noexcept { return get_current(); }   // NOLINT: it stands for the pointer
};
inline constexpr bottomhalf_current current{};

/// Its name, into an array of at least TASK_COMM_LEN.
template <std::size_t N>
char* get_task_comm(char (&to)[N], const struct task_struct* t) noexcept {
    static_assert(N >= TASK_COMM_LEN);
    std::snprintf(to, N, "%s", t->comm);
    return to;
}
inline int task_pid_nr(const struct task_struct* t) noexcept { return t->pid; }
inline int task_tgid_nr(const struct task_struct*) noexcept { return engine::pid(); }
inline void cpu_relax() noexcept {
    impl::let_jiffies_tick(location::current());   // so that a loop which polls `jiffies` ends
    engine::relax(0);
}
inline int cond_resched() noexcept {
    engine::relax(64);
    return 0;
}
inline void yield() noexcept { engine::relax(64); }

namespace impl {
using schedules = schedule_ops<engine>;
}
/// Says when the next schedule() may end.  Order: a full barrier, so that a condition may be tested after it.
inline void set_current_state(unsigned int state) noexcept { impl::schedules::set_state(state); }
inline void __set_current_state(unsigned int state) noexcept { set_current_state(state); }

/// Ends the sleep of a task, or the one it is about to begin, if it is in one of those states.
/// Context: any, async-signal-safe.  Return: 1 if it was.
inline int wake_up_state(struct task_struct* t, unsigned int state) noexcept {
    return impl::schedules::wake(*reinterpret_cast<arch::task*>(t), state) ? 1 : 0;
}
inline int wake_up_process(struct task_struct* t) noexcept { return wake_up_state(t, TASK_NORMAL); }
/// relaxed: stale when read.
inline unsigned int get_current_state() noexcept {
    const std::uint32_t state = impl::atomic<std::uint32_t>(impl::schedules::self().state).load(relaxed);
    return state == impl::schedules::woken ? TASK_RUNNING : state;   // which is as good, and nobody else's business
}
inline int task_is_running(struct task_struct* t) noexcept {
    const unsigned int state = impl::atomic<unsigned int>(t->__state).load(relaxed);
    return state == TASK_RUNNING || state == impl::schedules::woken ? 1 : 0;
}
/// Sleeps until woken; in TASK_RUNNING, only gives the CPU away.  Context: process.
inline void schedule(location at = location::current()) noexcept {
    impl::schedules::schedule_until(arch::forever, "schedule", at);
}
/// Sleeps until woken, or until `timeout` whole ticks have passed; in TASK_RUNNING, not at all (reported).
/// Context: process.  Return: the ticks that are left, 0 if none.
inline long schedule_timeout(long timeout, location at = location::current()) noexcept {
    if (!impl::schedules::check_timeout(timeout, at)) return 0;
    if (timeout == MAX_SCHEDULE_TIMEOUT) return schedule(at), timeout;
    const arch::ns_t until = impl::deadline(static_cast<unsigned long>(timeout), at);
    impl::schedules::schedule_until(until, "schedule_timeout", at);
    if (until == arch::forever) return timeout;
    const arch::ns_t left = until - engine::now();
    return left <= 0 ? 0 : static_cast<long>((left + tick_ns - 1) / tick_ns);
}
inline long io_schedule_timeout(long timeout, location at = location::current()) noexcept {
    return schedule_timeout(timeout, at);
}
inline void io_schedule(location at = location::current()) noexcept { schedule(at); }
inline long schedule_timeout_interruptible(long timeout, location at = location::current()) noexcept {
    set_current_state(TASK_INTERRUPTIBLE);
    return schedule_timeout(timeout, at);
}
inline long schedule_timeout_killable(long timeout, location at = location::current()) noexcept {
    set_current_state(TASK_KILLABLE);
    return schedule_timeout(timeout, at);
}
inline long schedule_timeout_uninterruptible(long timeout, location at = location::current()) noexcept {
    set_current_state(TASK_UNINTERRUPTIBLE);
    return schedule_timeout(timeout, at);
}
inline long schedule_timeout_idle(long timeout, location at = location::current()) noexcept {
    set_current_state(TASK_IDLE);
    return schedule_timeout(timeout, at);
}
/// Signals are not delivered to emulated tasks.
inline int signal_pending(struct task_struct*) noexcept { return 0; }
inline int signal_pending_state(unsigned int, struct task_struct*) noexcept { return 0; }
inline int fatal_signal_pending(struct task_struct*) noexcept { return 0; }
inline void flush_signals(struct task_struct*) noexcept {}
inline void allow_signal(int) noexcept {}
inline void disallow_signal(int) noexcept {}
/// Nobody is asked to give way here.
inline bool need_resched() noexcept { return false; }
/// The system's scheduler decides by its own lights.
inline void set_user_nice(struct task_struct*, long) noexcept {}
inline void sched_set_fifo(struct task_struct*) noexcept {}
inline void sched_set_fifo_low(struct task_struct*) noexcept {}
inline void sched_set_normal(struct task_struct*, int) noexcept {}

// A kthread lives on as long as somebody has it; other tasks live as long as their threads.
inline struct task_struct* get_task_struct(struct task_struct* t, location at = location::current()) noexcept {
    kthread_ops<engine>::get(*reinterpret_cast<arch::task*>(t), at);
    return t;
}
inline void put_task_struct(struct task_struct* t, location at = location::current()) noexcept {
    kthread_ops<engine>::put(*reinterpret_cast<arch::task*>(t), at);
}
/// What a sleep that may last asks first, in a kthread.
inline bool bottomhalf_should_stop_or_park() noexcept {
    return kthread_ops<engine>::asked(kthread_flag::should_stop | kthread_flag::should_park);
}

namespace impl {
/// A relative time-out in nanoseconds.
inline arch::ns_t hr_deadline(ktime_t timeout) noexcept {
    const arch::ns_t now = engine::now();
    return timeout >= arch::forever - now ? arch::forever : now + timeout;
}
}   // namespace impl

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__set_current_state;
using bottomhalf::linux6::allow_signal;
using bottomhalf::linux6::bottomhalf_should_stop_or_park;
using bottomhalf::linux6::cond_resched;
using bottomhalf::linux6::cpu_relax;
using bottomhalf::linux6::current;
using bottomhalf::linux6::disallow_signal;
using bottomhalf::linux6::fatal_signal_pending;
using bottomhalf::linux6::flush_signals;
using bottomhalf::linux6::get_current;
using bottomhalf::linux6::get_current_state;
using bottomhalf::linux6::get_task_struct;
using bottomhalf::linux6::io_schedule;
using bottomhalf::linux6::io_schedule_timeout;
using bottomhalf::linux6::MAX_SCHEDULE_TIMEOUT;
using bottomhalf::linux6::mm_struct;
using bottomhalf::linux6::need_resched;
using bottomhalf::linux6::PF_KTHREAD;
using bottomhalf::linux6::PF_WQ_WORKER;
using bottomhalf::linux6::put_task_struct;
using bottomhalf::linux6::sched_set_fifo;
using bottomhalf::linux6::sched_set_fifo_low;
using bottomhalf::linux6::sched_set_normal;
using bottomhalf::linux6::schedule;
using bottomhalf::linux6::schedule_timeout;
using bottomhalf::linux6::schedule_timeout_idle;
using bottomhalf::linux6::schedule_timeout_interruptible;
using bottomhalf::linux6::schedule_timeout_killable;
using bottomhalf::linux6::schedule_timeout_uninterruptible;
using bottomhalf::linux6::set_current_state;
using bottomhalf::linux6::set_user_nice;
using bottomhalf::linux6::signal_pending;
using bottomhalf::linux6::signal_pending_state;
using bottomhalf::linux6::TASK_COMM_LEN;
using bottomhalf::linux6::TASK_DEAD;
using bottomhalf::linux6::TASK_FREEZABLE;
using bottomhalf::linux6::TASK_IDLE;
using bottomhalf::linux6::TASK_INTERRUPTIBLE;
using bottomhalf::linux6::task_is_running;
using bottomhalf::linux6::TASK_KILLABLE;
using bottomhalf::linux6::TASK_NOLOAD;
using bottomhalf::linux6::TASK_NORMAL;
using bottomhalf::linux6::TASK_PARKED;
using bottomhalf::linux6::get_task_comm;
using bottomhalf::linux6::task_pid_nr;
using bottomhalf::linux6::TASK_RUNNING;
using bottomhalf::linux6::task_struct;
using bottomhalf::linux6::task_tgid_nr;
using bottomhalf::linux6::TASK_UNINTERRUPTIBLE;
using bottomhalf::linux6::TASK_WAKEKILL;
using bottomhalf::linux6::wake_up_process;
using bottomhalf::linux6::wake_up_state;
using bottomhalf::linux6::yield;

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/time.h>
#include <linux/types.h>
#include <linux/wait.h>
