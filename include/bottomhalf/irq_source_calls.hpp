// SPDX-License-Identifier: MIT
// irq_source_calls.hpp: what <linux/bottomhalf_sources.h> of both facades consists of.  The facade that includes it says which
// it is, BOTTOMHALF_FACADE, and has an impl::booted().
#pragma once

#include <bottomhalf/irq_source.hpp>

#if defined(BOTTOMHALF_FACADE)

namespace bottomhalf::BOTTOMHALF_FACADE {
inline namespace BOTTOMHALF_ENGINE {

/// From now on what happens to `fd` raises line `irq`, once if there is something to read already.
/// Context: process.
/// Return:  0 or -errno; -EOPNOTSUPP for regular files, and on the simulator.
inline int irq_from_fd(unsigned int irq, int fd, location at = location::current()) noexcept {
    return irq_sources<engine>::watch_fd(impl::booted(at), irq, fd, at);
}
/// To be called before it is closed.  Context: process.
inline void irq_from_fd_end(int fd, location at = location::current()) noexcept {
    irq_sources<engine>::unwatch_fd(fd, at);
}
/// A timer raises line `irq` after `first_ns`, and every `period_ns` from then on (0: once).  A line has one.
/// Context: process.
/// Return:  0 or -errno.
inline int irq_from_timer(unsigned int irq, arch::ns_t first_ns, arch::ns_t period_ns,
                          location at = location::current()) noexcept {
    return irq_sources<engine>::watch_timer(impl::booted(at), irq, first_ns, period_ns, at);
}
inline void irq_from_timer_end(unsigned int irq, location at = location::current()) noexcept {
    irq_sources<engine>::unwatch_timer(default_machine_of<engine>(), irq, at);
}
inline bottomhalf::irq_timer_counts irq_from_timer_counts(unsigned int irq) noexcept {
    return irq_sources<engine>::timer_counts(default_machine_of<engine>(), irq);
}
/// Each signal `signo` from `whose` raises line `irq`; by default only those that this process sends itself.
/// Context: process.
/// Return:  0 or -errno; -EBUSY, which is reported, if the program uses that signal.
inline int irq_from_signal(unsigned int irq, int signo, irq_sender whose = {},
                           location at = location::current()) noexcept {
    return irq_sources<engine>::watch_signal(impl::booted(at), irq, signo, whose, at);
}
/// From now on it does nothing.
inline void irq_from_signal_end(int signo, location at = location::current()) noexcept {
    irq_sources<engine>::unwatch_signal(signo, at);
}
/// Signals that raised no line: nobody's, and of senders to whom the line is not opened.
inline bottomhalf::irq_signal_counts irq_from_signal_counts() noexcept { return irq_sources<engine>::signal_counts(); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::BOTTOMHALF_FACADE

#endif
