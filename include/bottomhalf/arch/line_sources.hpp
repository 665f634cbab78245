// SPDX-License-Identifier: MIT
// line_sources.hpp: what the sources of interrupts on engine 1 share: fds that signal (fd_lines.hpp), fds that are polled
// (poll_lines.hpp), timers (timer_lines.hpp) and other people's signals (signal_lines.hpp).
//
// Whoever sets a source up or takes it away does so under one lock, with interrupts off, so that a top half on his own
// thread does not find it held.  Signal handlers take no lock: they find the line of a source in one word, and whoever
// takes the source away clears the word and then waits until no handler is left that may have read it [line.gone].
//
// In the child of a fork() there are no sources: threads and timers are the parent's, the files are shared with it, and
// the child must not switch off what they do there.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>

#include <pthread.h>
#include <unistd.h>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::arch::detail {

/// A port, and a line in the bits that its alignment leaves free; 0: none.
using line_target = std::uintptr_t;
static_assert(alignof(cpu_port) >= 8 * sizeof cpu_port::pending, "a line, a bit of the pending word, fits in");
inline line_target target_of(const cpu_port& port, unsigned line) noexcept {
    return reinterpret_cast<line_target>(&port) | line;
}
inline cpu_port* port_of(line_target t) noexcept { return reinterpret_cast<cpu_port*>(t - t % alignof(cpu_port)); }
inline unsigned line_of(line_target t) noexcept { return static_cast<unsigned>(t % alignof(cpu_port)); }
/// Whether it is at one of these.  Looks at addresses alone: another machine's ports may be gone.
inline bool among(line_target t, const cpu_port* ports, unsigned n) noexcept {
    for (unsigned i = 0; i < n; ++i)
        if (port_of(t) == &ports[i]) return true;
    return false;
}
/// Whether it is the line's, at one of these, and not at `to` yet.
inline bool goes(line_target t, const cpu_port* ports, unsigned n, unsigned line, const cpu_port& to) noexcept {
    return among(t, ports, n) && line_of(t) == line && port_of(t) != &to;
}

/// There have been some.
BOTTOMHALF_STATE inline constinit std::atomic<bool> any_sources{false};
BOTTOMHALF_STATE inline constinit std::atomic<int> sources_lock{0};

/// For a scope: nobody else sets up a source or takes one away.  Context: process.
class changes_sources {
public:
    changes_sources() noexcept;
    ~changes_sources();
    changes_sources(const changes_sources&) = delete;
    changes_sources& operator=(const changes_sources&) = delete;

private:
    const bool was_;
};

BOTTOMHALF_STATE inline constinit std::atomic<unsigned> handlers_under_way{0};

/// The scope in which a signal handler may use what it has read from a source.
class uses_source {
public:
    // [line.gone] seq_cst, here, at the word and in await_handlers(): either the handler finds the word cleared, or whoever
    // cleared it finds the handler.
    uses_source() noexcept { handlers_under_way.fetch_add(1, std::memory_order_seq_cst); }
    // release: what the handler did is over for whoever finds it gone.
    ~uses_source() { handlers_under_way.fetch_sub(1, std::memory_order_release); }
    uses_source(const uses_source&) = delete;
    uses_source& operator=(const uses_source&) = delete;
};
/// After the word has been cleared.  No handler waits for anybody who may stand here, so it is short.
inline void await_handlers() noexcept;

/// The process, without a system call: asked in signal handlers.
BOTTOMHALF_STATE inline constinit std::atomic<std::int32_t> own_pid{0};

/// Whether a signal is one that this process has sent to one of its threads.  Nobody can forge that: tgkill() says who
/// sent it, and the kernel lets nobody queue a signal that looks like one of tgkill()'s.
inline bool is_our_own(const siginfo_t& info) noexcept {
    const std::int32_t known = own_pid.load(std::memory_order_relaxed);   // relaxed: it changes in a fork only
    return info.si_code == SI_TKILL && info.si_pid == (known != 0 ? known : static_cast<std::int32_t>(::getpid()));
}

struct fd_source;
struct poller;
struct poll_source;
struct timer_source;
struct signal_source;

/// What is behind the watch_...() of the engine: each is where its kind of source is.
struct sources {
    static std::int32_t attached_thread(cpu_port& port) noexcept;
    static void prepare() noexcept;
    static void forget_all() noexcept;
    static int watch_async(int fd, cpu_port& port, unsigned line) noexcept;
    static int watch_poll(int fd, cpu_port& port, unsigned line) noexcept;
    static void unwatch_poll(int fd) noexcept;
    static void unwatch_polls(const cpu_port* ports, unsigned n) noexcept;
    static void forget_poll(poller& p, poll_source& s) noexcept;
    static void let_poller_take(int signo) noexcept;
    static int start_poller() noexcept;
    static void poll_files(void*) noexcept;
    static void unwatch_timers(const cpu_port* ports, unsigned n) noexcept;
    static void forget_timer(timer_source& s) noexcept;
    static void expire(timer_source& s, std::uintptr_t target, std::uint64_t n) noexcept;
    static void timer_expired(const task& t, const siginfo_t& info) noexcept;
    static void unwatch_signals(const cpu_port* ports, unsigned n) noexcept;
    static void forget_signal(signal_source& s) noexcept;
    static void signalled(const task& t, const fd_source& s, int fd) noexcept;
    static void move_asyncs(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept;
    static void move_timers(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept;
    static void move_timer(timer_source& s, cpu_port& to, std::int32_t tid) noexcept;
    static int make_timer(const timer_source& s, std::uint32_t generation, std::int32_t tid, timer_t& id) noexcept;
    static void move_polls(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept;
    static void move_signals(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept;
    static void forget_polls() noexcept;
    static void forget_timers() noexcept;
    static void forget_signals() noexcept;
};

}   // namespace bottomhalf::arch::detail
