// SPDX-License-Identifier: MIT
// interface.hpp: the C++ face.  The kernel's verbs, over items that hold any callable, without allocation.
//
//   namespace bh = bottomhalf;
//   bh::work hello{[] { std::puts("in process context, may sleep"); }};
//   bh::workqueue wq{"demo"};              // threads demo/0, demo/1, ...; its destructor drains and joins
//   bh::queue_work(wq, hello);             // from anywhere, a signal handler included
//   bh::flush_work(hello);
//
// An item must outlive its last run, or end itself as its handler's last act; declared before the queue, it does.
#pragma once

#include <system_error>
#include <type_traits>
#include <utility>

#include <bottomhalf/arch/threads.hpp>
#include <bottomhalf/delayed_work.hpp>
#include <bottomhalf/irq_source.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/workqueue.hpp>

namespace bottomhalf {

// ---- machine ----------------------------------------------------------------------------------------------------------

/// A machine with a scope.  Its queues go before it; whatever is left at its end is drained, and reported.
/// Errors: std::system_error if a thread or memory could not be had (without exceptions: is_up() is false then).
template <class Arch>
class scoped_machine : public basic_machine<Arch> {
public:
    explicit scoped_machine(machine_options o = {}, location at = location::current()) {
        if (!this->boot(at, o)) fail();
    }
    ~scoped_machine() { this->shut_down(true, location::current()); }

private:
    static void fail() {
#if BOTTOMHALF_EXCEPTIONS
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again), "bottomhalf::machine");
#endif
    }
};
using machine = scoped_machine<arch::threads>;

[[nodiscard]] inline basic_machine<arch::threads>& default_machine() noexcept {
    return default_machine_of<arch::threads>();
}

/// Starts the default machine and the threads of its default queue, for a program whose first call comes from a signal
/// handler.  Context: process.  Return: false if there were no threads to be had.
inline bool boot(location at = location::current()) noexcept { return default_machine().events(at) != nullptr; }

// ---- items --------------------------------------------------------------------------------------------------------------

/// What the verbs take.  Destroyed while it is pending or running elsewhere, it says so, is cancelled and waited for.
template <class Arch>
class basic_work : public work_item {
public:
    basic_work(const basic_work&) = delete;
    basic_work& operator=(const basic_work&) = delete;

protected:
    explicit basic_work(work_func f) noexcept { func = f; }
    /// To be called by the most derived class, while its callable still lives.
    void end() noexcept {
        using ops = workqueue_ops<Arch>;
        if (detail::data_of<Arch>(*this).load(acquire) == 0) return;   // never queued
        if (ops::in_child()) return;                                   // whoever has it stayed with the parent
        const bool mine = ops::current_work() == this;                 // the last act of its own handler
        if (!was_pending<Arch>(*this) && (mine || !ops::is_running(*this))) return;
        detail::say(channel::advice, severity::bug, "~work", location::current(),
                    "a work item was destroyed while %s; cancelled, and waited for",
                    was_pending<Arch>(*this) ? "pending" : "running");
        if (mine)
            ops::cancel(*this, &ops::no_timer);
        else
            ops::cancel_sync(*this, &ops::no_timer, "~work", location::current());
    }
    ~basic_work() {
        if constexpr (Arch::simulated) Arch::forget(static_cast<work_item*>(this), sizeof(work_item));
    }
};

template <class F, class Arch = arch::threads>
class work final : public basic_work<Arch> {
public:
    explicit work(F f) noexcept(std::is_nothrow_move_constructible_v<F>) : basic_work<Arch>(&call), f_(std::move(f)) {}
    ~work() { this->end(); }

private:
    static void call(work_item* w) {
        auto& self = *static_cast<work*>(w);
        if constexpr (std::is_invocable_v<F&, work&>)
            self.f_(self);
        else
            self.f_();
    }
    F f_;
};
template <class F>
work(F) -> work<F>;

template <class Arch>
class basic_delayed_work : public delayed_item {
public:
    basic_delayed_work(const basic_delayed_work&) = delete;
    basic_delayed_work& operator=(const basic_delayed_work&) = delete;

protected:
    explicit basic_delayed_work(work_func f) noexcept {
        delayed_item::work.func = f;
        timer.function = &delayed_ops<Arch>::expire;
        timer.flags = timer_irqsafe | timer_of_work;
    }
    void end() noexcept {
        using ops = workqueue_ops<Arch>;
        work_item& w = delayed_item::work;
        if (detail::data_of<Arch>(w).load(acquire) == 0 || ops::in_child()) return;
        if (!was_pending<Arch>(w) && (ops::current_work() == &w || !ops::is_running(w))) return;
        detail::say(channel::advice, severity::bug, "~delayed_work", location::current(),
                    "a delayed work item was destroyed while %s; cancelled, and waited for",
                    was_pending<Arch>(w) ? "pending" : "running");
        if (ops::current_work() == &w)
            ops::cancel(w, &delayed_ops<Arch>::stop_timer);
        else
            ops::cancel_sync(w, &delayed_ops<Arch>::stop_timer, "~delayed_work", location::current());
    }
    ~basic_delayed_work() {
        if constexpr (Arch::simulated) Arch::forget(static_cast<delayed_item*>(this), sizeof(delayed_item));
    }
};

template <class F, class Arch = arch::threads>
class delayed_work final : public basic_delayed_work<Arch> {
public:
    explicit delayed_work(F f) noexcept(std::is_nothrow_move_constructible_v<F>)
        : basic_delayed_work<Arch>(&call), f_(std::move(f)) {}
    ~delayed_work() { this->end(); }

private:
    static void call(work_item* w) {
        auto& self = static_cast<delayed_work&>(reinterpret_cast<delayed_item&>(*w));
        if constexpr (std::is_invocable_v<F&, delayed_work&>)
            self.f_(self);
        else
            self.f_();
    }
    F f_;
};
template <class F>
delayed_work(F) -> delayed_work<F>;

// ---- queues -------------------------------------------------------------------------------------------------------------

struct workqueue_options {
    bool single_thread = false;   // one thread, named exactly as the queue, instead of name/0, name/1, ...
};

/// A queue with threads of its own.  The end of its scope drains it (its handlers may still queue) and joins its threads.
/// Errors: std::system_error if a thread or memory could not be had, and nothing is left behind then (without exceptions:
/// native() is null).
template <class Arch>
class basic_workqueue {
public:
    explicit basic_workqueue(const char* name, workqueue_options o = {}, location at = location::current())
        : basic_workqueue(default_machine_of<Arch>(), name, o, at) {}
    basic_workqueue(basic_machine<Arch>& m, const char* name, workqueue_options o = {},
                    location at = location::current())
        : machine_(m),
          wq_(m.create_queue(name, o.single_thread ? queue_kind::single_thread : queue_kind::per_cpu, 0, this, at)) {
#if BOTTOMHALF_EXCEPTIONS
        if (wq_ == nullptr)
            throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                                    "bottomhalf::workqueue");
#endif
    }
    ~basic_workqueue() {
        if (wq_ != nullptr) machine_.destroy_queue(wq_, location::current());
    }
    basic_workqueue(const basic_workqueue&) = delete;
    basic_workqueue& operator=(const basic_workqueue&) = delete;

    [[nodiscard]] basic_workqueue_struct<Arch>* native() noexcept { return wq_; }
    [[nodiscard]] unsigned nr_cpus() const noexcept { return machine_.nr_cpus(); }

private:
    basic_machine<Arch>& machine_;
    basic_workqueue_struct<Arch>* wq_;
};
using workqueue = basic_workqueue<arch::threads>;

// ---- verbs --------------------------------------------------------------------------------------------------------------

/// Puts `w` on the queue of the CPU that the caller is on.
/// Context: any, async-signal-safe.  Never sleeps, never allocates.
/// Return:  true if this call made it pending.  false if it already was: the run to come sees what the caller wrote.
/// Order:   what the caller wrote before this call is visible to the handler [work.pending].
/// Source:  queue_work(), include/linux/workqueue.h.
template <class Arch>
bool queue_work(basic_workqueue<Arch>& wq, basic_work<Arch>& w, location at = location::current()) noexcept {
    return workqueue_ops<Arch>::queue_work(wq.native(), w, at);
}
/// The same, for the queue of emulated CPU `cpu`.  An item that still runs for this queue goes where it runs.
template <class Arch>
bool queue_work_on(unsigned cpu, basic_workqueue<Arch>& wq, basic_work<Arch>& w,
                   location at = location::current()) noexcept {
    return workqueue_ops<Arch>::queue_work_on(cpu, wq.native(), w, at);
}
/// The same, for the default machine's default queue.
template <class Arch>
bool schedule_work(basic_work<Arch>& w, location at = location::current()) noexcept {
    return workqueue_ops<Arch>::queue_work(default_machine_of<Arch>().events(at), w, at);
}
/// Queues `d` once `delay` whole ticks (of 1/hz s) have gone by; 0 queues at once.
/// Context, return, order: as queue_work().  A pending item keeps its time; mod_delayed_work() moves it.
template <class Arch>
bool queue_delayed_work(basic_workqueue<Arch>& wq, basic_delayed_work<Arch>& d, jiffies_t delay,
                        location at = location::current()) noexcept {
    return delayed_ops<Arch>::queue(wq.native(), d, delay, delayed_ops<Arch>::zero::now, at);
}
template <class Arch>
bool schedule_delayed_work(basic_delayed_work<Arch>& d, jiffies_t delay, location at = location::current()) noexcept {
    return delayed_ops<Arch>::queue(default_machine_of<Arch>().events(at), d, delay, delayed_ops<Arch>::zero::now, at);
}
/// Context: any that we manage.  Return: was it pending?  It is in any case afterwards, with the new delay.
template <class Arch>
bool mod_delayed_work(basic_workqueue<Arch>& wq, basic_delayed_work<Arch>& d, jiffies_t delay,
                      location at = location::current()) noexcept {
    auto* q = wq.native();
    return delayed_ops<Arch>::mod_on(q != nullptr ? workqueue_ops<Arch>::this_cpu(q->nr_cpus) : 0, q, d, delay, at);
}
/// Context: process.  Return: false if it was idle.  Waits for the instance that is queued, else for the one that runs.
template <class Arch>
bool flush_work(basic_work<Arch>& w, location at = location::current()) noexcept {
    return workqueue_ops<Arch>::flush_work(w, at);
}
template <class Arch>
bool flush_delayed_work(basic_delayed_work<Arch>& d, location at = location::current()) noexcept {
    return delayed_ops<Arch>::flush(d, at);
}
/// Waits for all that was queued before.  Context: process.
template <class Arch>
void flush_workqueue(basic_workqueue<Arch>& wq, location at = location::current()) noexcept {
    workqueue_ops<Arch>::flush_workqueue(wq.native(), at);
}
template <class Arch>
void drain_workqueue(basic_workqueue<Arch>& wq, location at = location::current()) noexcept {
    workqueue_ops<Arch>::drain_workqueue(wq.native(), "drain_workqueue", at);
}
/// Context: any that we manage.  Return: was it pending?  A handler that runs is not waited for.
template <class Arch>
bool cancel_work(basic_work<Arch>& w) noexcept {
    return workqueue_ops<Arch>::cancel(w, &workqueue_ops<Arch>::no_timer);
}
template <class Arch>
bool cancel_delayed_work(basic_delayed_work<Arch>& d) noexcept {
    return workqueue_ops<Arch>::cancel(d.delayed_item::work, &delayed_ops<Arch>::stop_timer);
}
/// Context: process.  Return: was it pending?  Afterwards it is neither pending nor running, and its memory may go.
template <class Arch>
bool cancel_work_sync(basic_work<Arch>& w, location at = location::current()) noexcept {
    return workqueue_ops<Arch>::cancel_sync(w, &workqueue_ops<Arch>::no_timer, "cancel_work_sync", at);
}
template <class Arch>
bool cancel_delayed_work_sync(basic_delayed_work<Arch>& d, location at = location::current()) noexcept {
    return workqueue_ops<Arch>::cancel_sync(d.delayed_item::work, &delayed_ops<Arch>::stop_timer,
                                            "cancel_delayed_work_sync", at);
}
template <class Arch>
[[nodiscard]] bool work_pending(const basic_work<Arch>& w) noexcept {
    return was_pending<Arch>(w);
}
template <class Arch>
[[nodiscard]] bool delayed_work_pending(const basic_delayed_work<Arch>& d) noexcept {
    return was_pending<Arch>(d.delayed_item::work);
}

// ---- what raises interrupt lines: see irq_source.hpp ------------------------------------------------------------------------

/// From now on what happens to `fd` raises line `irq` of the default machine, once if there is something to read already.
/// Context: process.
/// Return:  0 or -errno; -EOPNOTSUPP for regular files.
inline int irq_from_fd(unsigned irq, int fd, location at = location::current()) noexcept {
    return irq_sources<arch::threads>::watch_fd(default_machine(), irq, fd, at);
}
/// To be called before it is closed.  Context: process.
inline void irq_from_fd_end(int fd, location at = location::current()) noexcept {
    irq_sources<arch::threads>::unwatch_fd(fd, at);
}
/// A timer raises line `irq` after `first` ns, and every `period` ns from then on (0: once).  A line has one.
/// Context: process.
/// Return:  0 or -errno.
inline int irq_from_timer(unsigned irq, arch::ns_t first, arch::ns_t period,
                          location at = location::current()) noexcept {
    return irq_sources<arch::threads>::watch_timer(default_machine(), irq, first, period, at);
}
inline void irq_from_timer_end(unsigned irq, location at = location::current()) noexcept {
    irq_sources<arch::threads>::unwatch_timer(default_machine(), irq, at);
}
inline irq_timer_counts irq_from_timer_counts(unsigned irq) noexcept {
    return irq_sources<arch::threads>::timer_counts(default_machine(), irq);
}
/// Each signal `signo` from `whose` raises line `irq`; by default only those that this process sends itself.
/// Context: process.
/// Return:  0 or -errno; -EBUSY, which is reported, if the program uses that signal.
inline int irq_from_signal(unsigned irq, int signo, irq_sender whose = {}, location at = location::current()) noexcept {
    return irq_sources<arch::threads>::watch_signal(default_machine(), irq, signo, whose, at);
}
/// From now on it does nothing.
inline void irq_from_signal_end(int signo, location at = location::current()) noexcept {
    irq_sources<arch::threads>::unwatch_signal(signo, at);
}
/// Signals that raised no line: nobody's, and of senders to whom the line is not opened.
inline irq_signal_counts irq_from_signal_counts() noexcept { return irq_sources<arch::threads>::signal_counts(); }
/// Raises a line by software.  Context: any, async-signal-safe once the machine is up.
inline bool raise_irq(unsigned irq) noexcept { return default_machine().irqs().raise(irq); }

}   // namespace bottomhalf
