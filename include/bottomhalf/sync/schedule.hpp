// SPDX-License-Identifier: MIT
// schedule.hpp: sleeping the bare way: set_current_state(), look at the condition, schedule(); and being woken from it.
#pragma once

#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf {

/// A state is a number of the facade's (TASK_*); 0: running.
template <class Arch>
struct schedule_ops {
    using atomic = typename Arch::template atomic_ref<std::uint32_t>;

    static constexpr std::uint32_t running = 0;
    /// Running, because somebody has woken it; as good as `running`, but it was not forgotten.
    static constexpr std::uint32_t woken = 0x8000'0000U;

    /// The caller, as others know him.
    static arch::task& self() noexcept {
        arch::task& t = Arch::current();
        return t.known_as != nullptr ? *t.known_as : t;
    }
    /// Says when the next schedule() may end.  Order: a full barrier, so that a condition may be tested after it
    /// [task.state].
    static void set_state(std::uint32_t state) noexcept { atomic(self().state).exchange(state, seq_cst); }

    /// Sleeps in that state until woken, or `until`; in `running`, only gives the CPU away.  Context: process; elsewhere it is
    /// reported, and does not sleep.
    static void schedule_until(arch::ns_t until, const char* function, location at) noexcept {
        std::uint32_t& state = self().state;
        const std::uint32_t s = atomic(state).load(acquire);   // [task.state]
        if (may_schedule(function, at)) {
            if (s == running)
                Arch::relax(64);   // gives the CPU away
            else if (s != woken)
                detail::block<Arch>(state, s, until, function);
        }
        atomic(state).exchange(running, acq_rel);   // [task.state] what the waker wrote
    }
    /// What is wrong with schedule_timeout(timeout).  Return: false if it is not even to be tried.
    static bool check_timeout(long timeout, location at) noexcept {
        if (timeout < 0) {
            detail::say(channel::kernel, severity::bug, "schedule_timeout", at,
                        "schedule_timeout: wrong timeout value %lx", static_cast<unsigned long>(timeout));
            set_state(running);
            return false;
        }
        if (atomic(self().state).load(relaxed) == running)   // relaxed: our own
            detail::say(channel::advice, severity::warn, "schedule_timeout", at,
                        "called in TASK_RUNNING: it does not sleep.  set_current_state(TASK_INTERRUPTIBLE) is missing");
        return true;
    }

    /// Ends the sleep of a task, or the one it is about to begin, if its state has one of the bits of `mode`.
    /// Context: any, async-signal-safe.  Return: was there one?
    static bool wake(arch::task& t, std::uint32_t mode = any_sleep) noexcept {
        // Only out of a sleep, or on the way to it.  Both sides change this word: either the sleeper finds it changed, or
        // it had not looked at its condition yet, and sees what we have written [task.state].
        atomic state(t.state);
        std::uint32_t s = state.load(relaxed);   // relaxed: the exchange decides
        // Who has been woken already stays as he is; the exchange is there to publish what we wrote since.
        while (!state.compare_exchange_weak(s, sleeps(s, mode) ? woken : s, acq_rel, relaxed)) {}
        if (!sleeps(s, mode)) return false;
        Arch::unpark(t.state, 1);
        return true;
    }

private:
    static constexpr std::uint32_t any_sleep = ~woken;
    static bool sleeps(std::uint32_t s, std::uint32_t mode) noexcept { return s != woken && (s & mode) != 0; }

    static bool may_schedule(const char* function, location at) noexcept {
        if (!context<Arch>::in_atomic() && !context<Arch>::irqs_disabled()) [[likely]]
            return true;
        char comm[arch::comm_len];
        Arch::thread_name(comm);
        detail::say(channel::kernel, severity::bug, function, at, "scheduling while atomic: %s/0x%08x/%d", comm,
                    static_cast<unsigned>(context<Arch>::preempt_count()), static_cast<int>(Arch::thread_id()));
        return false;
    }
};

}   // namespace bottomhalf
