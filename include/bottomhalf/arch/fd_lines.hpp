// SPDX-License-Identifier: MIT
// fd_lines.hpp: a file descriptor as an interrupt line of engine 1.
//
// Pipes, FIFOs, sockets, ptys, inotify and UIO devices signal by themselves (O_ASYNC) what happens to them, to a thread
// that one names: here that of the line's CPU, whose handler is the top half.  Which fd it was is in the siginfo; the
// number is mapped to the line as it was given, for the file behind a number may have changed since.  Files that accept
// O_ASYNC and never signal (eventfd, timerfd, epoll) are polled instead: see poll_lines.hpp.
//
// Either way a line is edge-triggered: it is raised for what happens to the file, however much lies there unread, and once
// as it is set up if there is something to read already.  The library never reads.  The count that a read of a UIO device
// (4 bytes), an eventfd or a timerfd (8 bytes) returns is the driver's: it says how many events the edges stood for, and
// to some devices reading means more than looking.  A driver that reads makes the file non-blocking, for edges coalesce.
//
// A number is one line's at a time: given again, it moves.  Of a file that is closed without unwatch_fd() there are no more
// edges, unless a dup() keeps it open; what is opened under its number later has nothing to do with the line.
#pragma once

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <poll.h>

#include <bottomhalf/arch/threads.hpp>

namespace bottomhalf::arch {

namespace detail {
/// An fd that signals.
struct fd_source {
    std::atomic<int> fd{-1};   // [fd.source] -1: free
    // One word: a handler that is so late that the place has been given to another fd finds either, and raises a line in
    // vain at worst.
    std::atomic<line_target> target{0};
    std::atomic<bool> moved{false};   // signals for it may be on their way to another thread than its port's
};
BOTTOMHALF_STATE inline constinit fd_source fd_sources[64] = {};
}   // namespace detail

/// From now on what happens to `fd` raises `line` at `port`, whichever way there is to hear of it.
/// Context: process.
/// Return:  0.  -EOPNOTSUPP: a regular file, of which there is nothing to hear.  -ENOSPC: 64 of them are there.  -EAGAIN: no
///          thread to poll it.  -ESRCH: the port has no thread.  Else -errno as fcntl() or epoll_ctl() said.
inline int threads::watch_fd(int fd, cpu_port& port, unsigned line) noexcept {
    detail::sources::prepare();
    unwatch_fd(fd);
    const int err = detail::sources::watch_async(fd, port, line);
    if (err != -EOPNOTSUPP) return err;
    return detail::sources::watch_poll(fd, port, line);
}
/// From now on it raises nothing, except that a signal which the CPU's thread has just taken may still do so; an edge may be
/// pending at the line, too.  Context: process.
inline void threads::unwatch_fd(int fd) noexcept {
    for (detail::fd_source& s : detail::fd_sources) {
        int it = fd;
        if (fd < 0 || s.fd.load(std::memory_order_acquire) != fd) continue;   // [fd.source]
        const detail::changes_sources alone;
        if (s.fd.load(std::memory_order_relaxed) != fd) continue;   // relaxed: whoever changes it is kept out
        const int flags = ::fcntl(fd, F_GETFL);
        if (flags >= 0) ::fcntl(fd, F_SETFL, flags & ~O_ASYNC);
        s.fd.compare_exchange_strong(it, -1, std::memory_order_acq_rel);
    }
    detail::sources::unwatch_poll(fd);
}
/// What raises `line` at one of these ports does so at `to` from now on; nothing that happens meanwhile is lost.  Where the
/// system refuses, it stays where it is.  Context: process.
inline void threads::move_sources(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept {
    if (!detail::any_sources.load(std::memory_order_acquire)) return;
    detail::sources::move_asyncs(ports, n, line, to);
    detail::sources::move_polls(ports, n, line, to);
    detail::sources::move_timers(ports, n, line, to);
    detail::sources::move_signals(ports, n, line, to);
}
/// Ends all sources of a machine's `n` ports; files stay as they are, they are their owners'.
inline void threads::unwatch_ports(const cpu_port* ports, unsigned n) noexcept {
    for (detail::fd_source& s : detail::fd_sources) {
        const detail::changes_sources alone;
        int fd = s.fd.load(std::memory_order_acquire);   // [fd.source]
        if (fd >= 0 &&
            detail::among(s.target.load(std::memory_order_relaxed), ports, n))   // relaxed: behind the acquire
            s.fd.compare_exchange_strong(fd, -1, std::memory_order_seq_cst);     // [line.gone]
    }
    {
        const detail::changes_sources alone;
        detail::await_handlers();   // one may be about to raise a line that has moved
    }
    detail::sources::unwatch_polls(ports, n);
    detail::sources::unwatch_timers(ports, n);
    detail::sources::unwatch_signals(ports, n);
}

// Implementation

inline detail::changes_sources::changes_sources() noexcept : was_(threads::irq_save()) {
    for (unsigned round = 0; sources_lock.exchange(1, std::memory_order_acquire) != 0; ++round) threads::relax(round);
}
inline detail::changes_sources::~changes_sources() {
    sources_lock.store(0, std::memory_order_release);
    threads::irq_restore(was_);
}
inline void detail::await_handlers() noexcept {
    for (unsigned round = 0; handlers_under_way.load(std::memory_order_seq_cst) != 0; ++round)   // [line.gone]
        threads::relax(round);
}

/// What one has signalled to the thread before, that raises the line where it is now: see signalled().
inline void detail::sources::move_asyncs(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept {
    for (fd_source& s : fd_sources) {
        const int fd = s.fd.load(std::memory_order_acquire);                // [fd.source]
        const line_target was = s.target.load(std::memory_order_relaxed);   // relaxed: behind the acquire
        if (fd < 0 || !goes(was, ports, n, line, to)) continue;
        const f_owner_ex owner{F_OWNER_TID, attached_thread(to)};
        const changes_sources alone;
        // Is it that one still?  relaxed: whoever changes it is kept out
        if (s.fd.load(std::memory_order_relaxed) != fd || s.target.load(std::memory_order_relaxed) != was) continue;
        s.moved.store(true, std::memory_order_seq_cst);   // before a signal can come to the other thread
        s.target.store(target_of(to, line), std::memory_order_seq_cst);   // [fd.target] release: that it has moved
        if (owner.pid == 0 || ::fcntl(fd, F_SETOWN_EX, &owner) != 0) s.target.store(was, std::memory_order_seq_cst);
    }
}
inline int detail::sources::watch_async(int fd, cpu_port& port, unsigned line) noexcept {
    const f_owner_ex owner{F_OWNER_TID, attached_thread(port)};
    if (owner.pid == 0) return -ESRCH;
    {
        const changes_sources alone;   // until it is whole, or not there
        fd_source* s = nullptr;
        for (fd_source& each : fd_sources)
            // relaxed: whoever changes it is kept out
            if (s == nullptr && each.fd.load(std::memory_order_relaxed) == -1) s = &each;
        if (s == nullptr) return -ENOSPC;
        s->moved.store(false, std::memory_order_relaxed);   // relaxed, both: next line
        s->target.store(target_of(port, line), std::memory_order_relaxed);
        s->fd.store(fd, std::memory_order_release);   // [fd.source] from here on a signal finds the line
        threads::sigio_is_ours();                     // if it is not, an overflow of the signal queue goes unnoticed
        const int flags = ::fcntl(fd, F_GETFL);
        int err = 0;
        if (flags < 0 || ::fcntl(fd, F_SETSIG, threads::fd_signal()) != 0 || ::fcntl(fd, F_SETOWN_EX, &owner) != 0 ||
            ::fcntl(fd, F_SETFL, flags | O_ASYNC) != 0)
            err = -errno;
        else if ((::fcntl(fd, F_GETFL) & O_ASYNC) == 0)
            err = -EOPNOTSUPP;   // the flag does not stick: it would never signal
        if (err != 0) return s->fd.store(-1, std::memory_order_release), err;
    }
    pollfd before{fd, POLLIN, 0};   // of what came before nobody will signal
    if (::poll(&before, 1, 0) > 0 && (before.revents & POLLIN) != 0) threads::raise(port, line);
    return 0;
}

/// The thread that takes the port's doorbells.  One that was started a moment ago may not be there yet, and an fd whose
/// owner is thread 0 signals to nobody.  Return: 0 if there is none after a second or so.
inline std::int32_t detail::sources::attached_thread(cpu_port& port) noexcept {
    std::atomic_ref thread(port.thread);
    for (unsigned round = 0; round < 20'000; threads::relax(round++))
        if (const std::int32_t tid = thread.load(std::memory_order_acquire)) return tid;
    return 0;
}

/// Before the first source is set up.
inline void detail::sources::prepare() noexcept {
    own_pid.store(threads::pid(), std::memory_order_relaxed);   // relaxed: it does not change, see forget_all()
    if (!any_sources.exchange(true, std::memory_order_acq_rel)) threads::on_fork(&forget_all);
}
/// In the child of a fork().
inline void detail::sources::forget_all() noexcept {
    // relaxed, all of them: we are alone
    sources_lock.store(0, std::memory_order_relaxed);
    handlers_under_way.store(0, std::memory_order_relaxed);
    own_pid.store(threads::pid(), std::memory_order_relaxed);
    for (fd_source& s : fd_sources) s.fd.store(-1, std::memory_order_relaxed);
    forget_polls();
    forget_timers();
    forget_signals();
}

/// Of another machine's port, which may be gone, the address is compared and nothing more: an fd signals to the thread of
/// its own port.  Unless it has moved there from the port of the thread that hears it.
inline void detail::sources::signalled(const task& t, const fd_source& s, int fd) noexcept {
    // [fd.target] acquire: whoever sees where it has moved to sees that it has moved
    if (const line_target target = s.target.load(std::memory_order_acquire); port_of(target) == t.port) {
        std::atomic_ref(t.port->pending)
            .fetch_or(std::uint64_t{1} << line_of(target), std::memory_order_acq_rel);   // [irq.pending]
    } else if (s.moved.load(std::memory_order_relaxed)) {                                // relaxed: behind that
        const uses_source it;
        if (s.fd.load(std::memory_order_seq_cst) != fd) return;   // [line.gone]
        const line_target there = s.target.load(std::memory_order_seq_cst);
        cpu_port& port = *port_of(there);
        if (std::atomic_ref(port.pending).fetch_or(std::uint64_t{1} << line_of(there), std::memory_order_acq_rel) ==
                0 &&
            &port != t.port)
            threads::kick(port);   // [irq.pending]
    }
}
/// The signal of an fd, or of a timer; or a bare SIGIO.
inline void threads::on_fd(int sig, siginfo_t* info, void*) noexcept {
    task& t = current();
    if (t.port == nullptr) return answer(t);
    // An overflow of the signal queue is one bare SIGIO that names no fd: every line may have lost its edge.  TSan keeps one
    // signal of a number at a time, and drops those that come meanwhile: there any of them may stand for all.
    const bool all = sig == SIGIO || BOTTOMHALF_TSAN;
    if (sig == SIGIO) {
        overflows_.fetch_add(1, std::memory_order_relaxed);   // relaxed: a count
    } else if (info->si_code == SI_TIMER || (BOTTOMHALF_TSAN && info->si_code > 0)) {
        detail::sources::timer_expired(t, *info);
        if (!all) return answer(t);
    } else if (info->si_code <= 0) {   // an fd's signals come from the kernel, which says so; nobody else can
        spurious_.fetch_add(1, std::memory_order_relaxed);   // relaxed: a count
        return answer(t);
    }
    for (const detail::fd_source& s : detail::fd_sources) {
        const int number = s.fd.load(std::memory_order_acquire);   // [fd.source]
        if (number >= 0 && (all || number == info->si_fd)) detail::sources::signalled(t, s, number);
    }
    answer(t);
}

}   // namespace bottomhalf::arch
