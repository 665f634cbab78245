// SPDX-License-Identifier: MIT
// timer_lines.hpp: a POSIX timer as an interrupt line of engine 1.
//
// The timer signals to the thread of the line's CPU (SIGEV_THREAD_ID), whose handler is the top half: one wake-up.  By a
// timerfd, which irq-poll would have to hear and pass on, it were two; tests and benches that want one use it as any fd.
// The kernel keeps one signal per timer and counts what expires while that waits, so nothing piles up.
//
// A signal that says SI_TIMER may be a forgery by another process of the same user.  What it claims is believed as far as
// time has gone: a timer that expires every millisecond has not expired twice in the first.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

#include <bottomhalf/arch/threads.hpp>

namespace bottomhalf::arch {

namespace detail {
struct timer_source {
    std::atomic<line_target> target{0};         // [line.gone] 0: free
    std::atomic<std::uint32_t> generation{0};   // of the place: a signal that is older than its present use is nobody's
    std::atomic<ns_t> first{0}, period{0};      // when it expires; period 0: once
    std::atomic<std::uint64_t> expirations{0};   // written by the CPU's thread
    std::atomic<std::uint64_t> overruns{0};      // likewise
    timer_t id{};                                // under the lock

    /// How often it has expired by `now`.
    [[nodiscard]] std::uint64_t due(ns_t now) const noexcept {   // relaxed: behind the load of the target
        const ns_t since = now - first.load(std::memory_order_relaxed);
        const ns_t each = period.load(std::memory_order_relaxed);
        if (since < 0) return 0;
        return each == 0 ? 1 : 1 + static_cast<std::uint64_t>(since / each);
    }
};
inline constexpr unsigned nr_timer_sources = 64;
BOTTOMHALF_STATE inline constinit timer_source timer_sources[nr_timer_sources] = {};

/// The line's timer, whichever of its machine's ports the line goes to by now.
inline timer_source* timer_of(const cpu_port* ports, unsigned n, unsigned line) noexcept {
    for (timer_source& s : timer_sources) {
        const line_target t = s.target.load(std::memory_order_relaxed);   // relaxed: under the lock
        if (among(t, ports, n) && line_of(t) == line) return &s;
    }
    return nullptr;
}
}   // namespace detail

/// Raises `line` at `port` after `first` ns, and then every `period` ns; 0: never again.  A line has one timer: a second one
/// takes its place, with counts of its own.
/// Context: process.
/// Return:  0.  -EINVAL: a negative time.  -ENOSPC: 64 of them are there.  -ESRCH: the port has no thread.  -EAGAIN: no
///          signal can be queued.
inline int threads::watch_timer(cpu_port& port, unsigned line, ns_t first, ns_t period) noexcept {
    const ns_t begin = now();
    if (first < 0 || period < 0 || first > forever - begin) return -EINVAL;
    detail::sources::prepare();
    const std::int32_t tid = detail::sources::attached_thread(port);
    if (tid == 0) return -ESRCH;
    const detail::changes_sources alone;
    detail::timer_source* s = detail::timer_of(&port, 1, line);
    if (s != nullptr) detail::sources::forget_timer(*s);
    for (detail::timer_source& each : detail::timer_sources)
        if (s == nullptr && each.target.load(std::memory_order_relaxed) == 0) s = &each;   // relaxed: under the lock
    if (s == nullptr) return -ENOSPC;

    const std::uint32_t generation = s->generation.load(std::memory_order_relaxed) + 1;
    if (const int err = detail::sources::make_timer(*s, generation, tid, s->id); err != 0) return err;
    s->generation.store(generation, std::memory_order_relaxed);   // relaxed: all of it is behind the target
    s->first.store(begin + first, std::memory_order_relaxed);
    s->period.store(period, std::memory_order_relaxed);
    s->expirations.store(0, std::memory_order_relaxed);
    s->overruns.store(0, std::memory_order_relaxed);
    s->target.store(detail::target_of(port, line), std::memory_order_seq_cst);   // [line.gone]
    const itimerspec when{to_timespec(period), to_timespec(begin + first)};
    if (::timer_settime(s->id, TIMER_ABSTIME, &when, nullptr) == 0) return 0;
    const int err = errno;
    detail::sources::forget_timer(*s);
    return -err;
}
/// On return the timer of that line, at any of the ports, does not raise it any more; one edge may be pending there.
/// Context: process.
inline void threads::unwatch_timer(const cpu_port* ports, unsigned n, unsigned line) noexcept {
    const detail::changes_sources alone;
    if (detail::timer_source* s = detail::timer_of(ports, n, line)) detail::sources::forget_timer(*s);
}
inline void detail::sources::unwatch_timers(const cpu_port* ports, unsigned n) noexcept {
    for (timer_source& s : timer_sources) {
        if (!among(s.target.load(std::memory_order_relaxed), ports, n)) continue;   // relaxed: looked at again
        const changes_sources alone;
        if (among(s.target.load(std::memory_order_relaxed), ports, n)) forget_timer(s);
    }
}
/// Of the timer of that line; zeros if it has none.  Context: process.
inline irq_timer_counts threads::timer_counts(const cpu_port* ports, unsigned n, unsigned line) noexcept {
    const detail::changes_sources alone;
    const detail::timer_source* s = detail::timer_of(ports, n, line);
    if (s == nullptr) return {};
    return {s->expirations.load(std::memory_order_relaxed), s->overruns.load(std::memory_order_relaxed)};
}

// Implementation

/// The kernel has not copied them into the child.
inline void detail::sources::forget_timers() noexcept {
    for (timer_source& s : timer_sources) s.target.store(0, std::memory_order_relaxed);   // relaxed: we are alone
}

inline void detail::sources::forget_timer(timer_source& s) noexcept {
    ::timer_delete(s.id);                           // and the signal that waits
    s.target.store(0, std::memory_order_seq_cst);   // [line.gone]
    await_handlers();
}

/// Return: 0 or -errno.
inline int detail::sources::make_timer(const timer_source& s, std::uint32_t generation, std::int32_t tid,
                                       timer_t& id) noexcept {
    sigevent ev;
    std::memset(&ev, 0, sizeof ev);
    ev.sigev_notify = SIGEV_THREAD_ID;
    ev.sigev_signo = threads::fd_signal();
    ev._sigev_un._tid = tid;
    ev.sigev_value.sival_int =
        static_cast<int>(generation * nr_timer_sources + static_cast<unsigned>(&s - timer_sources));
    return ::timer_create(CLOCK_MONOTONIC, &ev, &id) == 0 ? 0 : -errno;
}

/// A timer's thread is its for good: another one goes on in its place.  What expires in between, or had not been heard of,
/// is made up for.  Context: under the lock.
inline void detail::sources::move_timer(timer_source& s, cpu_port& to, std::int32_t tid) noexcept {
    // relaxed, all of them: under the lock, and behind await_handlers()
    const std::uint32_t generation = s.generation.load(std::memory_order_relaxed) + 1;
    const unsigned line = line_of(s.target.load(std::memory_order_relaxed));
    timer_t id;
    if (make_timer(s, generation, tid, id) != 0) return;
    forget_timer(s);
    s.id = id;
    s.generation.store(generation, std::memory_order_relaxed);
    const std::uint64_t heard = s.expirations.load(std::memory_order_relaxed), due = s.due(threads::now());
    const ns_t period = s.period.load(std::memory_order_relaxed);
    const ns_t next = s.first.load(std::memory_order_relaxed) + static_cast<ns_t>(std::max(due, heard)) * period;
    s.target.store(target_of(to, line), std::memory_order_seq_cst);   // [line.gone]
    const itimerspec when{threads::to_timespec(period), threads::to_timespec(next)};
    if (period != 0 || due == 0) ::timer_settime(id, TIMER_ABSTIME, &when, nullptr);
    if (due <= heard) return;
    expire(s, target_of(to, line), due - heard);
    threads::kick(to);
}

inline void detail::sources::move_timers(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept {
    for (timer_source& s : timer_sources) {
        // relaxed: looked at again
        if (!goes(s.target.load(std::memory_order_relaxed), ports, n, line, to)) continue;
        const std::int32_t tid = attached_thread(to);
        const changes_sources alone;
        if (tid != 0 && goes(s.target.load(std::memory_order_relaxed), ports, n, line, to)) move_timer(s, to, tid);
    }
}

/// `n` expirations make the line pending once.
inline void detail::sources::expire(timer_source& s, std::uintptr_t target, std::uint64_t n) noexcept {
    // relaxed: nobody but the CPU's thread writes.
    s.expirations.store(s.expirations.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    const std::uint64_t bit = std::uint64_t{1} << line_of(target);
    std::atomic_ref pending(port_of(target)->pending);
    const bool waits = (pending.fetch_or(bit, std::memory_order_acq_rel) & bit) != 0;   // [irq.pending]
    s.overruns.store(s.overruns.load(std::memory_order_relaxed) + n - (waits ? 0 : 1), std::memory_order_relaxed);
}
/// Context: the signal handler, before it answers.
inline void detail::sources::timer_expired(const task& t, const siginfo_t& info) noexcept {
    const uses_source it;
#if BOTTOMHALF_TSAN
    // Whatever the signal says: see on_fd().
    for (timer_source& s : timer_sources) {
        const line_target target = s.target.load(std::memory_order_seq_cst);   // [line.gone]
        if (target == 0 || port_of(target) != t.port) continue;
        const std::uint64_t before = s.expirations.load(std::memory_order_relaxed);   // relaxed: as below
        if (const std::uint64_t due = s.due(threads::now()); due > before) expire(s, target, due - before);
    }
    static_cast<void>(info);
#else
    const auto mark = static_cast<std::uint32_t>(info.si_value.sival_int);
    timer_source& s = timer_sources[mark % nr_timer_sources];
    const line_target target = s.target.load(std::memory_order_seq_cst);   // [line.gone]
    const auto expired = std::uint64_t{1} + static_cast<std::uint32_t>(info.si_overrun);
    // relaxed, from here on: behind the target.
    const std::uint64_t before = s.expirations.load(std::memory_order_relaxed);
    if (target == 0 || port_of(target) != t.port || info.si_overrun < 0 ||
        s.generation.load(std::memory_order_relaxed) % (1U << 26) != mark / nr_timer_sources ||
        before + expired > s.due(threads::now())) {
        threads::spurious_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    expire(s, target, expired);
#endif
}

}   // namespace bottomhalf::arch
