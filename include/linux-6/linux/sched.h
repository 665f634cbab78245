// SPDX-License-Identifier: MIT
// <linux/sched.h>: who is running.  `current` is an object, not a macro: fields of that name are safe.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/limits.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr unsigned int PF_WQ_WORKER = 0x00000020;
inline constexpr unsigned int PF_KTHREAD = 0x00200000;
inline constexpr unsigned int TASK_COMM_LEN = arch::comm_len;
inline constexpr long MAX_SCHEDULE_TIMEOUT = LONG_MAX;

struct mm_struct;

namespace impl {
// Read-only answers at the place of a field.  Each stands at offset 0 of the engine's task, and looks from there.
struct task_flags {
    std::uint32_t bottomhalf_word;
    operator unsigned int() const noexcept {   // NOLINT: reads like the field
        return reinterpret_cast<const arch::task*>(this)->worker != nullptr ? PF_WQ_WORKER | PF_KTHREAD : 0;
    }
};
struct task_mm {
    std::uint32_t bottomhalf_word;
    operator mm_struct*() const noexcept {      // NOLINT: reads like the field
        auto* t = const_cast<task_mm*>(this);   // any address will do: nobody can look into a struct mm_struct
        return reinterpret_cast<arch::task*>(t)->worker != nullptr ? nullptr : reinterpret_cast<mm_struct*>(t);
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
    char bottomhalf_b[offsetof(arch::task, comm) - offsetof(arch::task, pid) - sizeof(std::int32_t)];
    char comm[TASK_COMM_LEN];   // of a worker kworker/CPU:NUMBER, as in the kernel; ps shows its thread's own name
};
static_assert(offsetof(task_struct, flags) == 0 && offsetof(task_struct, mm) == 0);
static_assert(offsetof(task_struct, pid) == offsetof(arch::task, pid) &&
              offsetof(task_struct, comm) == offsetof(arch::task, comm) && sizeof(task_struct) <= sizeof(arch::task));

inline struct task_struct* get_current() noexcept {
    arch::task& t = engine::current();
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

inline int task_pid_nr(struct task_struct* t) noexcept { return t->pid; }
inline void cpu_relax() noexcept {
    impl::up(location::current());   // so that a loop which polls `jiffies` ends
    engine::relax(0);
}
inline int cond_resched() noexcept {
    engine::relax(64);
    return 0;
}
inline void yield() noexcept { engine::relax(64); }
/// Context: process.  Return: 0, the time is over; there is nobody to wake the sleeper before.
inline long schedule_timeout_uninterruptible(long timeout, location at = location::current()) noexcept {
    if (timeout > 0) impl::sleep_until(impl::deadline(static_cast<unsigned long>(timeout)), "schedule_timeout", at);
    return 0;
}
inline long schedule_timeout_interruptible(long timeout, location at = location::current()) noexcept {
    return schedule_timeout_uninterruptible(timeout, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::cond_resched;
using bottomhalf::linux6::cpu_relax;
using bottomhalf::linux6::current;
using bottomhalf::linux6::get_current;
using bottomhalf::linux6::MAX_SCHEDULE_TIMEOUT;
using bottomhalf::linux6::mm_struct;
using bottomhalf::linux6::PF_KTHREAD;
using bottomhalf::linux6::PF_WQ_WORKER;
using bottomhalf::linux6::schedule_timeout_interruptible;
using bottomhalf::linux6::schedule_timeout_uninterruptible;
using bottomhalf::linux6::TASK_COMM_LEN;
using bottomhalf::linux6::task_pid_nr;
using bottomhalf::linux6::task_struct;
using bottomhalf::linux6::yield;
