// SPDX-License-Identifier: MIT
// poll_lines.hpp: files as interrupt lines of engine 1 that can be polled, but never signal: eventfd, timerfd, epoll.
//
// One thread of the process, irq-poll, waits for all of them and raises their lines.  It is started for the first, and
// stays: asleep, and counted so, it costs nothing.  The epoll is edge-triggered, so the thread neither reads nor waits for
// anybody who does: each event of a file raises the line, coalesced where several come before the thread has looked.
//
// It has all signals blocked, but for those that report a crash and those that are lines (signal_lines.hpp): a signal to
// the process finds a thread that takes it, also in a program that has blocked it everywhere else.
#pragma once

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <new>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/arch/idle.hpp>
#include <bottomhalf/arch/threads.hpp>

namespace bottomhalf::arch {

namespace detail {

/// A file that is polled.  All of it under the lock.
struct poll_source {
    int fd = -1;   // -1: free
    line_target target = 0;
    std::uint32_t generation = 0;   // of the place: an event that is older than its present use is nobody's
};

struct poller {
    static constexpr unsigned nr_sources = 64;
    static constexpr std::uint64_t wake_up = ~std::uint64_t{0};   // in an event: not a file, but the thread is wanted

    std::atomic<int> state{0};   // [poller.state] 0: no thread, 1: somebody starts it, 2: it is there
    int epoll = -1, wake = -1;   // written before 2
    threads::thread* thread = nullptr;
    poll_source sources[nr_sources] = {};   // under the lock
    sigset_t let_in = {};                   // under the lock: signals that the thread is to take

    /// In the child of a fork(): the files are shared with the parent, whose thread polls them.
    void forget() noexcept {
        if (epoll >= 0) ::close(epoll);
        if (wake >= 0) ::close(wake);
        epoll = wake = -1;
        for (poll_source& s : sources) s = {-1, 0, s.generation + 1};
        let_in = {};
        state.store(0, std::memory_order_relaxed);   // relaxed: we are alone
    }
};
BOTTOMHALF_STATE inline constinit poller the_poller{};

}   // namespace detail

/// Return: 0, -ENOSPC, -EAGAIN (no thread), -EOPNOTSUPP (it cannot be polled), or what epoll_ctl() says.
inline int detail::sources::watch_poll(int fd, cpu_port& port, unsigned line) noexcept {
    if (const int err = start_poller(); err != 0) return err;
    poller& p = the_poller;
    const changes_sources alone;
    for (poll_source& s : p.sources) {
        if (s.fd >= 0) continue;
        s = {fd, target_of(port, line), s.generation + 1};
        epoll_event what{};
        what.events = EPOLLIN | EPOLLPRI | EPOLLET;   // and EPOLLHUP, EPOLLERR
        what.data.u64 = std::uint64_t{s.generation} * poller::nr_sources + static_cast<unsigned>(&s - p.sources);
        if (::epoll_ctl(p.epoll, EPOLL_CTL_ADD, fd, &what) == 0) return 0;
        // The file was closed and taken back, under the same number, by somebody who had kept it open.
        if (errno == EEXIST && ::epoll_ctl(p.epoll, EPOLL_CTL_MOD, fd, &what) == 0) return 0;
        s.fd = -1;
        return errno == EPERM ? -EOPNOTSUPP : -errno;
    }
    return -ENOSPC;
}
/// On return the thread does not raise its line any more.
inline void detail::sources::unwatch_poll(int fd) noexcept {
    poller& p = the_poller;
    if (fd < 0 || p.state.load(std::memory_order_acquire) != 2) return;   // [poller.state]
    const changes_sources alone;
    for (poll_source& s : p.sources)
        if (s.fd == fd) forget_poll(p, s);
}
inline void detail::sources::unwatch_polls(const cpu_port* ports, unsigned n) noexcept {
    poller& p = the_poller;
    if (p.state.load(std::memory_order_acquire) != 2) return;   // [poller.state]
    const changes_sources alone;
    for (poll_source& s : p.sources)
        if (s.fd >= 0 && among(s.target, ports, n)) forget_poll(p, s);
}
inline void detail::sources::move_polls(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept {
    poller& p = the_poller;
    if (p.state.load(std::memory_order_acquire) != 2) return;   // [poller.state]
    const changes_sources alone;
    for (poll_source& s : p.sources)
        if (s.fd >= 0 && goes(s.target, ports, n, line, to)) s.target = target_of(to, line);
}
/// A signal that the thread, which has been started, is to take from now on.  Caller keeps others from changing sources, and has
/// a handler for it: one that waits already comes at once.
inline void detail::sources::let_poller_take(int signo) noexcept {
    poller& p = the_poller;
    ::sigaddset(&p.let_in, signo);
    const std::uint64_t once = 1;
    static_cast<void>(!::write(p.wake, &once, sizeof once));   // it cannot fail before it has been called 2^64 times
}

// Implementation

inline void detail::sources::forget_polls() noexcept { the_poller.forget(); }

/// The file may be closed, and its number another's: then the epoll knows nothing of it, which is as well.
inline void detail::sources::forget_poll(poller& p, poll_source& s) noexcept {
    epoll_event unused{};
    ::epoll_ctl(p.epoll, EPOLL_CTL_DEL, s.fd, &unused);
    s.fd = -1;
}

/// Return: 0 or -EAGAIN.
inline int detail::sources::start_poller() noexcept {
    poller& p = the_poller;
    for (unsigned round = 0;; threads::relax(round++)) {
        int none = 0;
        if (p.state.load(std::memory_order_acquire) == 2) return 0;   // [poller.state]
        if (p.state.compare_exchange_strong(none, 1, std::memory_order_acq_rel)) break;
    }
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.u64 = poller::wake_up;
    p.epoll = ::epoll_create1(EPOLL_CLOEXEC);
    p.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p.thread = new (std::nothrow) threads::thread;
    if (p.epoll >= 0 && p.wake >= 0 && ::epoll_ctl(p.epoll, EPOLL_CTL_ADD, p.wake, &wanted) == 0 &&
        p.thread != nullptr && threads::spawn(*p.thread, -1, "irq-poll", false, &poll_files, nullptr)) {
        threads::join_until(*p.thread, 0);   // lets it go: it lives until the process ends
        p.state.store(2, std::memory_order_release);
        return 0;
    }
    delete p.thread;
    p.thread = nullptr;
    if (p.epoll >= 0) ::close(p.epoll);
    if (p.wake >= 0) ::close(p.wake);
    p.epoll = p.wake = -1;
    p.state.store(0, std::memory_order_release);
    return -EAGAIN;
}

inline void detail::sources::poll_files(void*) noexcept {
    poller& p = the_poller;
    const int epoll = p.epoll;
    epoll_event events[16];
    for (;;) {
        int n;
        {
            const idle::asleep counted;   // the tick may rest meanwhile
            n = ::epoll_wait(epoll, events, 16, -1);
        }
        if (n < 0 && errno != EINTR) break;
        for (int i = 0; i < n; ++i) {
            const std::uint64_t what = events[i].data.u64;
            const changes_sources alone;   // nor does a port go while we raise a line there
            if (what == poller::wake_up) {
                std::uint64_t times;
                static_cast<void>(!::read(p.wake, &times, sizeof times));
                ::pthread_sigmask(SIG_UNBLOCK, &p.let_in, nullptr);   // one that is no line any more does nothing
                continue;
            }
            const poll_source& s = p.sources[what % poller::nr_sources];
            if (s.fd >= 0 && s.generation == what / poller::nr_sources)
                threads::raise(*port_of(s.target), line_of(s.target));
        }
    }
    constexpr char text[] = "bottomhalf: BUG: irq-poll: somebody has closed the epoll of its files\n";
    write_stderr(text, sizeof text - 1);
}

}   // namespace bottomhalf::arch
