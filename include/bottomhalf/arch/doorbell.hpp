// SPDX-License-Identifier: MIT
// doorbell.hpp: the interrupt line between the threads of engine 1: one real-time signal, sent to the thread that stands for
// a CPU; or, if that sleeps in park(), a wake-up (park.hpp).  What it means is in the CPU's pending word.  Who finds the word
// empty rings; the thread, interrupted or as it lifts its mask, takes what is there until nothing is.
#pragma once

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bottomhalf/arch/threads.hpp>

namespace bottomhalf::arch {

inline bool threads::install_doorbell() noexcept {
    // acquire: who we are, and the handlers.  It is written once: the second look is relaxed.
    if (doorbell_.load(std::memory_order_acquire) != 0) return doorbell_.load(std::memory_order_relaxed) > 0;
    bool ok = true;
    for (const int sig : {doorbell_signal(), fd_signal()}) {
        struct sigaction old;
        ::sigaction(sig, nullptr, &old);
        if (old.sa_handler != SIG_DFL && old.sa_sigaction != &on_doorbell && old.sa_sigaction != &on_fd) ok = false;
    }
    if (ok) {
        detail::own_pid.store(pid(), std::memory_order_relaxed);   // relaxed: before the release below
        install(doorbell_signal(), &on_doorbell);
        install(fd_signal(), &on_fd);
    }
    doorbell_.store(ok ? 1 : -1, std::memory_order_release);
    return ok;
}

inline void threads::install(int sig, void (*fn)(int, siginfo_t*, void*)) noexcept {
    struct sigaction sa;
    std::memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = fn;
    // No SA_NODEFER: with it a storm of doorbells overflows the stack.  SA_RESTART is kinder to the code that is
    // interrupted; TSan needs the EINTR.
    sa.sa_flags = SA_SIGINFO | (BOTTOMHALF_TSAN ? 0 : SA_RESTART);
    ::sigemptyset(&sa.sa_mask);
    for (const int other : {doorbell_signal(), fd_signal(), SIGIO}) ::sigaddset(&sa.sa_mask, other);
    ::sigaction(sig, &sa, nullptr);
}

inline void threads::let_doorbells_in() noexcept {
    const sigset_t set = doorbells();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

inline void threads::attach(cpu_port& port) noexcept {
    task& t = current();   // touched before the doorbell is let in
    t.port = &port;
    // relaxed: who sees the old one wakes nobody by it, or somebody in vain
    std::atomic_ref(port.bell).store(take_bell(), std::memory_order_relaxed);
    std::atomic_ref(port.thread).store(thread_id(), std::memory_order_release);
    let_doorbells_in();
    // A line raised before there was anybody to ring at is pending still.  [irq.pending] a read-modify-write, as the
    // raiser's: either we see his bit, or he sees our thread.
    if (std::atomic_ref(port.pending).fetch_or(0, std::memory_order_acq_rel) != 0) answer(t);
}

inline void threads::detach(cpu_port& port) noexcept {
    std::atomic_ref(port.thread).store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    current().port = nullptr;
    // relaxed, both: whoever is given the bit next asks for nothing but that it is nobody else's
    const std::uint32_t bell = std::atomic_ref(port.bell).exchange(0, std::memory_order_relaxed);
    bells_.fetch_and(~bell, std::memory_order_relaxed);
}

inline void threads::kick(cpu_port& port) noexcept {
    if (!install_doorbell()) return;   // under SIG_DFL it would kill
    const int saved = errno;
    if (wake_in_bed(port)) {
        errno = saved;
        return;
    }
    const std::int32_t tid = std::atomic_ref(port.thread).load(std::memory_order_acquire);
    // EAGAIN: the user's quota of queued signals is full, for as long as somebody likes.  The set bit keeps everybody
    // else from ringing, so this doorbell must be heard.  SIGIO can be: it is older than the quota, which counts for
    // real-time signals only.  Its handler takes what is pending, too, having raised the CPU's fds in vain.  If the
    // program has a SIGIO of its own, we ring until there is room.
    for (unsigned round = 0; tid != 0 && !send(tid, doorbell_signal()) && errno == EAGAIN; relax(round++)) {
        if (sigio_is_ours() && send(tid, SIGIO)) break;
        if (round == 1000) say_full();
    }
    errno = saved;
}

inline bool threads::send(std::int32_t tid, int sig) noexcept {
    // relaxed: after install_doorbell(), which has found out who we are
    return ::syscall(SYS_tgkill, detail::own_pid.load(std::memory_order_relaxed), tid, sig) == 0;
}

inline bool threads::sigio_is_ours() noexcept {
    struct sigaction old;
    ::sigaction(SIGIO, nullptr, &old);
    if (old.sa_handler == SIG_DFL) return install(SIGIO, &on_fd), true;
    return old.sa_sigaction == &on_fd;
}

inline void threads::let_pending_go_first(cpu_port& port) noexcept {
    constexpr unsigned some = 260;   // rounds: relax() burns, gives way, and naps a few times
    std::atomic_ref pending(port.pending);
    // All relaxed: a courtesy, on which nothing hangs; what a top half has written the section's begin orders [cpu.masked].
    if (pending.load(std::memory_order_relaxed) == 0 || !install_doorbell()) return;
    for (unsigned round = 0; round < some && pending.load(std::memory_order_relaxed) != 0 &&
                             std::atomic_ref(port.thread).load(std::memory_order_relaxed) != 0;
         ++round)
        relax(round);
}

inline void threads::answer(task& t) noexcept {
    const detail::idle::interrupted awake;
    if (t.port == nullptr)
        spurious_.fetch_add(1, std::memory_order_relaxed);                       // forged, or later than this CPU's end
    else if (std::atomic_ref(t.irqs_off).load(std::memory_order_relaxed) == 0)   // relaxed: our own thread's
        take_pending(t, *t.port);
}

inline void threads::on_doorbell(int, siginfo_t* info, void*) noexcept {
    if (info->si_code == SI_TIMER) {   // see busy_tick
        const int saved = errno;
        detail::idle::look(true);
        errno = saved;
    } else {
        task& t = current();
        // Forged: whatever it finds, an empty word or not, is right to do.
        if (t.port != nullptr && !detail::is_our_own(*info))
            spurious_.fetch_add(1, std::memory_order_relaxed);   // relaxed: a count
        answer(t);
    }
}

}   // namespace bottomhalf::arch
