// SPDX-License-Identifier: MIT
// irq_source.hpp: what raises an interrupt line, when it is no device of the program's own that calls raise(): something
// happens to a file, a timer expires, somebody sends a signal.
//
//   irq_from_fd(irq, fd)                             a pipe, socket, pty, inotify, UIO device; eventfd, timerfd, epoll
//   irq_from_timer(irq, first_ns, period_ns)         a POSIX timer; irq_from_timer_counts() says what overran
//   irq_from_signal(irq, signo, whose)               `kill -RTMIN+9 <pid>`: from whom, has to be said
//
// in each of the interfaces; this is what they have in common.  They belong to the real world: the simulator refuses them,
// and says so.  There whatever the test does raises the line, at any virtual time it likes.
//
// A source raises its line on the line's CPU, and goes with it when irq_set_affinity() moves that.  It ends with
// irq_from_..._end(), or with its machine.  The child of a fork() has none.
#pragma once

#include <cerrno>
#include <cstdint>

#include <bottomhalf/context.hpp>
#include <bottomhalf/irq.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf {

using arch::irq_sender;
using arch::irq_timer_counts;

/// Signals that raised no line, since the program began.
struct irq_signal_counts {
    std::uint64_t spurious = 0;    // nobody's: forged, or late; an interrupt that finds nothing to do
    std::uint64_t refused = 0;     // of senders to whom the line is not opened
    std::uint64_t overflows = 0;   // the queue was full, and every file that signals was taken to have done so
};

template <class Arch>
struct irq_sources {
    using machine_t = basic_machine<Arch>;

    /// Context: process.  Return: 0; -EOPNOTSUPP (the simulator, or a file of which there is nothing to hear: a regular one);
    /// -EINVAL (no such line, or the wrong context); -EAGAIN (no machine, or no thread to poll with); -EBUSY (the program
    /// uses the library's signals); -ENOSPC (64 are there); -EBADF.
    static int watch_fd(machine_t& m, unsigned irq, int fd, location at) noexcept {
        if (const int err = prepare(m, irq, "irq_from_fd", at); err != 0) return err;
        return m.irqs().watch_fd(irq, fd);
    }
    /// To be called before the file is closed.  Context: process.
    static void unwatch_fd(int fd, location at) noexcept {
        if (context<Arch>::might_sleep("irq_from_fd_end", at)) Arch::unwatch_fd(fd);
    }

    /// Context: process.  Return: as watch_fd(); -EINVAL if a time is negative, too.
    static int watch_timer(machine_t& m, unsigned irq, arch::ns_t first, arch::ns_t period, location at) noexcept {
        if (const int err = prepare(m, irq, "irq_from_timer", at); err != 0) return err;
        if (first >= 0 && period >= 0) Arch::unwatch_timer(&m.port(0), m.nr_cpus(), irq);   // it may be at another CPU
        return Arch::watch_timer(port_of(m, irq), irq, first, period);
    }
    static void unwatch_timer(machine_t& m, unsigned irq, location at) noexcept {
        if (context<Arch>::might_sleep("irq_from_timer_end", at) && m.is_up())
            Arch::unwatch_timer(&m.port(0), m.nr_cpus(), irq);
    }
    static arch::irq_timer_counts timer_counts(machine_t& m, unsigned irq) noexcept {
        return m.is_up() ? Arch::timer_counts(&m.port(0), m.nr_cpus(), irq) : arch::irq_timer_counts{};
    }

    /// Context: process.  Return: as watch_fd(); -EINVAL if there is no such signal, or it reports a crash; -EBUSY, which is
    /// reported, if the program uses it.
    static int watch_signal(machine_t& m, unsigned irq, int signo, irq_sender whose, location at) noexcept {
        if (const int err = prepare(m, irq, "irq_from_signal", at); err != 0) return err;
        const int err = Arch::watch_signal(signo, port_of(m, irq), irq, whose);
        if (err == -EBUSY)
            detail::say(channel::advice, severity::bug, "irq_from_signal", at,
                        "the program, or this library, uses signal %d itself", signo);
        return err;
    }
    static void unwatch_signal(int signo, location at) noexcept {
        if (context<Arch>::might_sleep("irq_from_signal_end", at)) Arch::unwatch_signal(signo);
    }
    static irq_signal_counts signal_counts() noexcept {
        return {Arch::spurious_doorbells(), Arch::refused_signals(), Arch::signal_overflows()};
    }

private:
    static int prepare(machine_t& m, unsigned irq, const char* function, location at) noexcept {
        if constexpr (Arch::simulated) {
            detail::say(channel::advice, severity::warn, function, at,
                        "there are no files, timers and signals of the system in the simulator: raise the line");
            return -EOPNOTSUPP;
        }
        if (!context<Arch>::might_sleep(function, at) || irq >= nr_irqs) return -EINVAL;
        if (m.events(at) == nullptr) return -EAGAIN;   // its worker takes the CPU's interrupts
        if (Arch::install_doorbell()) return 0;
        detail::say(channel::advice, severity::bug, function, at, "the program uses the doorbell's signal itself");
        return -EBUSY;
    }
    static arch::cpu_port& port_of(machine_t& m, unsigned irq) noexcept {
        auto* line = m.irqs().find(irq);   // relaxed: where it went before is as good
        return m.port(line != nullptr ? typename Arch::template atomic_ref<std::uint32_t>(line->cpu).load(relaxed) : 0);
    }
};

}   // namespace bottomhalf
