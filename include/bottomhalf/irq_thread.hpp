// SPDX-License-Identifier: MIT
// irq_thread.hpp: handlers in process context.  A handler that has said `wake_thread` has its thread, irq/N-name, run the
// other function.  Where the line is `oneshot` it stays masked until all threads that it was masked for are done.
//
//   handler:  threads_active + 1; calls |= run, and if it was set: - 1; under the line's lock threads_oneshot |= mask
//   thread:   calls &= ~run; the function; under the lock threads_oneshot &= ~mask, and unmasks; threads_active - 1
#pragma once

#include <climits>
#include <cstdint>
#include <cstdio>

#include <bottomhalf/context.hpp>
#include <bottomhalf/irq_desc.hpp>
#include <bottomhalf/irq_flow.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/sync/kthread.hpp>
#include <bottomhalf/sync/schedule.hpp>

namespace bottomhalf {

template <class Arch>
struct irq_threads {
    using line = irq_line<Arch>;
    using slot = irq_handler<Arch>;
    using atomic = typename Arch::template atomic_ref<std::uint32_t>;

    /// Context: process; starts a thread, which does nothing before start().  Return: false if it could not be had.
    static bool hire(slot& a, location at) noexcept {
        char comm[64];
        std::snprintf(comm, sizeof comm, "irq/%u-%s", a.irq, a.a.name != nullptr ? a.a.name : "");
        a.thread = kthread_ops<Arch>::create(&thread, &a, -1, comm, at);
        if (a.thread == nullptr) return false;
        kthread_ops<Arch>::get(a.thread->self, at);   // it ends by itself, before stop()
        return true;
    }
    /// What is a handler's goes with it.
    [[nodiscard]] static bool is_one(const kthread<Arch>& k) noexcept { return k.function == &thread; }
    static void start(slot& a) noexcept { schedule_ops<Arch>::wake(a.thread->self); }
    /// Ends the thread, after what it has been asked for.  Context: process, not the thread itself.
    static void dismiss(slot& a) noexcept {
        // An interrupt that has asked for it may be under way still, to wake it at its end [later.wake].
        for (unsigned round = 0; atomic(a.queued).load(acquire) != 0; ++round) Arch::relax(round);
        atomic(a.calls).fetch_or(slot::stop, acq_rel);   // [irq.thread]
        Arch::unpark(a.calls, 1);
        kthread_ops<Arch>::stop(*a.thread, "free_irq", location::current());
        kthread_ops<Arch>::put(a.thread->self, location::current());
        a.thread = nullptr;
    }
    static void call(slot& a) noexcept {
        auto result = irqreturn::none;
        detail::contain<Arch>("irq_thread", "interrupt's thread function", reinterpret_cast<const void*>(a.a.thread_fn),
                              [&] { result = a.a.thread_fn(static_cast<int>(a.irq), a.a.dev_id, a.a.thread_cookie); });
        if (result == irqreturn::handled)
            if (line* d = line_of(a)) atomic(d->threads_handled).fetch_add(1, relaxed);   // relaxed: a count
    }
    /// The scope in which a thread calls another line's handler, of a line behind a slow bus.  They nest.
    class nested {
    public:
        nested(line& d, const slot& a) noexcept : line_(d), slot_(a), outer_(Arch::current().nested_irq) {
            Arch::current().nested_irq = this;
        }
        ~nested() { Arch::current().nested_irq = outer_; }
        nested(const nested&) = delete;
        nested& operator=(const nested&) = delete;
        /// Whether the caller is in one of that line's, with that `dev_id`.
        [[nodiscard]] static bool is_in(const line& d, const void* const* dev_id) noexcept {
            for (const void* n = Arch::current().nested_irq; n != nullptr; n = static_cast<const nested*>(n)->outer_) {
                const auto& me = *static_cast<const nested*>(n);
                if (&me.line_ == &d && (dev_id == nullptr || *dev_id == me.slot_.a.dev_id)) return true;
            }
            return false;
        }

    private:
        const line& line_;
        const slot& slot_;
        void* outer_;
    };
    /// Whether the caller is a thread of the line: of the handler with that `dev_id`, if it is said.
    [[nodiscard]] static bool is_mine(line& d, const void* const* dev_id = nullptr) noexcept {
        if (nested::is_in(d, dev_id)) return true;
        const arch::task& me = schedule_ops<Arch>::self();
        detail::irq_lock<Arch> g(d.lock);
        for (const slot* a = d.action; a != nullptr; a = a->next)
            if (a->thread != nullptr && &a->thread->self == &me) return dev_id == nullptr || *dev_id == a->a.dev_id;
        return false;
    }
    /// One of the line's threads has done what it was asked for.
    static void done(line& d) noexcept {
        // [irq.threads] release: what it did is there for whoever waits
        if (atomic(d.threads_active).fetch_sub(1, acq_rel) == 1) Arch::unpark(d.threads_active, INT_MAX);
    }
    /// Waits until none of the line's threads is busy.  Context: process, if one is, and not that one.  Whoever may not sleep
    /// has been told so, and does not.
    static void wait_for_all(line& d, const char* function, location at) noexcept {
        if (atomic(d.threads_active).load(acquire) == 0) return;   // [irq.threads]
        if (is_mine(d)) {
            detail::say(channel::advice, severity::bug, function, at,
                        "called in a thread of irq %u, which would wait for itself; not waiting", d.irq_data.irq);
            return;
        }
        if (!context<Arch>::in_atomic() && !context<Arch>::irqs_disabled()) wait_until(d, arch::forever, function);
    }
    /// Return: false if one is busy still at `deadline`.
    static bool wait_until(line& d, arch::ns_t deadline, const char* function) noexcept {
        atomic active(d.threads_active);
        while (const std::uint32_t n = active.load(acquire))   // [irq.threads]
            if (!detail::block<Arch>(d.threads_active, n, deadline, function)) return false;
        return true;
    }

private:
    static int thread(void* p) { return run(*static_cast<slot*>(p)); }
    static line* line_of(slot& a) noexcept { return a.all->find(a.irq); }
    static int run(slot& a) noexcept {
        line& d = *line_of(a);
        atomic calls(a.calls);
        while (true) {
            const std::uint32_t c = calls.load(acquire);   // [irq.thread]
            if ((c & slot::run) != 0) {
                calls.fetch_and(~slot::run,
                                acq_rel);   // [irq.thread] what its handler wrote; from here on it may ask again
                call(a);
                if (a.thread_mask != 0) unmask(d, a);
                done(d);
            } else if ((c & slot::stop) != 0) {
                return 0;
            } else {
                detail::block<Arch>(a.calls, c, arch::forever, "an interrupt for its thread");
            }
        }
    }
    static void unmask(line& d, slot& a) noexcept {
        irq_chip_ops* chip = d.irq_data.chip;
        if (chip != nullptr && chip->bus_lock != nullptr) chip->bus_lock(&d.irq_data);
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(d.lock);
            // Its handler may be about to ask once more: its bit must not go before that is known.
            if (irq_flow<Arch>::in_progress(d)) continue;
            if ((atomic(a.calls).load(acquire) & slot::run) == 0) {   // [irq.thread]
                d.threads_oneshot &= ~a.thread_mask;
                irq_flow<Arch>::unmask_if_wanted(d);
            }
            break;
        }
        if (chip != nullptr && chip->bus_sync_unlock != nullptr) chip->bus_sync_unlock(&d.irq_data);
    }
};

}   // namespace bottomhalf
