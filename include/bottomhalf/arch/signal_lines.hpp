// SPDX-License-Identifier: MIT
// signal_lines.hpp: a signal from outside as an interrupt line of engine 1: `kill -RTMIN+9 <pid>` from a shell, sigqueue()
// from another program.
//
// The handler may run on any thread that has the signal not blocked; irq-poll is always one.  It raises the line, wherever
// its CPU is.  A line is opened to somebody: this process itself, another one, a user, or anybody.  What kill() and tgkill()
// say of the sender is true.  What sigqueue() says is a claim: the kernel lets whoever may signal us (the same user, root)
// fill in what he likes, so it is no proof against them; and no other user's signal gets here at all.
#pragma once

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include <bottomhalf/arch/threads.hpp>

namespace bottomhalf::arch {

namespace detail {
struct signal_source {
    std::atomic<line_target> target{0};   // [line.gone] 0: no line
    std::atomic<std::uint64_t> from{0};   // whom it is opened to: irq_sender, in one word
};
BOTTOMHALF_STATE inline constinit signal_source signal_sources[65] = {};   // by number

constexpr std::uint64_t in_one_word(irq_sender s) noexcept {
    return std::uint64_t{static_cast<std::uint32_t>(s.who)} << 32 | static_cast<std::uint32_t>(s.id);
}
/// Whether `info` is from somebody whom the line is opened to.
inline bool is_from(const siginfo_t& info, std::uint64_t whom) noexcept {
    const auto who = static_cast<irq_sender::kind>(whom >> 32);
    const auto id = static_cast<std::uint32_t>(whom);
    const bool vouched_for = info.si_code == SI_USER || info.si_code == SI_TKILL;
    if (who == irq_sender::anyone) return true;
    if (!vouched_for && info.si_code != SI_QUEUE) return false;   // of the others nobody says who sent them
    if (who == irq_sender::one_user) return static_cast<std::uint32_t>(info.si_uid) == id;
    if (who == irq_sender::one_process) return static_cast<std::uint32_t>(info.si_pid) == id;
    return vouched_for && info.si_pid == own_pid.load(std::memory_order_relaxed);   // relaxed: see is_our_own()
}
}   // namespace detail

/// Each signal `signo` that `from` sends to this process raises `line` at `port` from now on; to others it is a number that
/// does nothing, and is counted.  A number is one line's: given again, it moves.
/// Context: process.
/// Return:  0.  -EINVAL: no such signal, or one that reports a crash or cannot be caught.  -EBUSY: the program, or this
///          library, uses it.  -EAGAIN: no thread to take it.
inline int threads::watch_signal(int signo, cpu_port& port, unsigned line, irq_sender from) noexcept {
    for (const int never : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
        if (signo == never) return -EINVAL;
    if (signo == doorbell_signal() || signo == fd_signal() || signo == SIGIO) return -EBUSY;
    struct sigaction old;
    if (signo < 1 || signo > 64 || ::sigaction(signo, nullptr, &old) != 0) return -EINVAL;
    detail::sources::prepare();
    if (const int err = detail::sources::start_poller(); err != 0) return err;
    const detail::changes_sources alone;
    ::sigaction(signo, nullptr, &old);
    const bool ours = (old.sa_flags & SA_SIGINFO) != 0 && old.sa_sigaction == &on_signal;
    if (!ours && ((old.sa_flags & SA_SIGINFO) != 0 || old.sa_handler != SIG_DFL)) return -EBUSY;
    detail::signal_source& s = detail::signal_sources[signo];
    detail::sources::forget_signal(s);
    s.from.store(detail::in_one_word(from), std::memory_order_relaxed);         // relaxed: next line
    s.target.store(detail::target_of(port, line), std::memory_order_seq_cst);   // [line.gone]
    if (!ours) install(signo, &on_signal);
    detail::sources::let_poller_take(signo);
    return 0;
}
/// From now on the signal does nothing.  (Under SIG_DFL one that is late would end the process.)  On return no handler is on
/// its way to the line; one edge may be pending there.  Context: process.
inline void threads::unwatch_signal(int signo) noexcept {
    if (signo < 1 || signo > 64) return;
    const detail::changes_sources alone;
    detail::sources::forget_signal(detail::signal_sources[signo]);
}
inline void detail::sources::unwatch_signals(const cpu_port* ports, unsigned n) noexcept {
    for (signal_source& s : signal_sources) {
        if (!among(s.target.load(std::memory_order_relaxed), ports, n)) continue;   // relaxed: looked at again
        const changes_sources alone;
        // relaxed: whoever changes it is kept out
        if (among(s.target.load(std::memory_order_relaxed), ports, n)) forget_signal(s);
    }
}
/// One that is on its way raises the line at either port.
inline void detail::sources::move_signals(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept {
    for (signal_source& s : signal_sources) {
        const line_target was = s.target.load(std::memory_order_relaxed);   // relaxed: looked at again
        if (!goes(was, ports, n, line, to)) continue;
        const changes_sources alone;
        // relaxed: whoever changes it is kept out
        if (s.target.load(std::memory_order_relaxed) == was)
            s.target.store(target_of(to, line), std::memory_order_seq_cst);   // [line.gone]
    }
}

// Implementation

inline void detail::sources::forget_signals() noexcept {
    for (signal_source& s : signal_sources) s.target.store(0, std::memory_order_relaxed);   // relaxed: we are alone
}

inline void detail::sources::forget_signal(signal_source& s) noexcept {
    s.target.store(0, std::memory_order_seq_cst);   // [line.gone]
    await_handlers();
}

inline void threads::on_signal(int signo, siginfo_t* info, void*) noexcept {
    task& t = current();
    bool mine = false;   // this very thread takes the interrupts of the CPU
    {
        const detail::uses_source it;
        const detail::signal_source& s = detail::signal_sources[signo];
        const detail::line_target target = s.target.load(std::memory_order_seq_cst);   // [line.gone]
        if (target == 0) {
            spurious_.fetch_add(1, std::memory_order_relaxed);                          // relaxed: a count
        } else if (!detail::is_from(*info, s.from.load(std::memory_order_relaxed))) {   // relaxed: behind the target
            refused_.fetch_add(1, std::memory_order_relaxed);                           // relaxed: likewise
        } else {
            cpu_port& port = *detail::port_of(target);
            const std::uint64_t bit = std::uint64_t{1} << detail::line_of(target);
            const bool rang =
                std::atomic_ref(port.pending).fetch_or(bit, std::memory_order_acq_rel) != 0;   // [irq.pending]
            mine = t.port == &port;
            if (!rang && !mine) kick(port);
        }
    }
    if (mine) answer(t);   // a top half may take its time, and whoever ends a source would wait for it
}

}   // namespace bottomhalf::arch
