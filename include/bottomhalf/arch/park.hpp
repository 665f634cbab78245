// SPDX-License-Identifier: MIT
// park.hpp: how a thread of engine 1 sleeps, and how the doorbell finds it there.
//
// A thread sleeps on a futex, and says which one if it stands for a CPU: its bed.  In its wait is a bit that is in no other
// park(), so that the doorbell can wake it and only it.  That costs both sides less than a signal, which is for those who run,
// or sleep elsewhere.  So a sleeper answers whatever its signal mask says.  What a CPU's thread parks on must not be waited for
// in any other way: a plain FUTEX_WAIT has all bits.
//
//   thread                              raiser
//   bed = &word                         pending |= line
//   futex: sleeps while word == v       bed?     -> wake its bit there; nobody was woken, or no bed: a signal
//   bed = null
//   pending?  answers the doorbell
//
// Both write before they look, with a full fence between [port.bed]: either the raiser sees a thread that is up, or that sees
// the line.  tests/model/doorbell_model_test.cpp has all of it.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bottomhalf/arch/threads.hpp>

namespace bottomhalf::arch {

/// Where a CPU's thread can be found by its doorbell, for a scope: asleep in park() it needs no signal.
class threads::bed {
public:
    bed(task& t, std::uint32_t& word) noexcept : port_(t.port) {
        // relaxed: who sees it looks for us by a system call, and sends a signal if we are not there yet.
        if (port_ != nullptr) std::atomic_ref(port_->bed).store(&word, std::memory_order_relaxed);
    }
    ~bed() {
        if (port_ == nullptr) return;
        std::atomic_ref(port_->bed).store(nullptr, std::memory_order_relaxed);   // relaxed: the fence
        fence(std::memory_order_seq_cst);   // [port.bed] before rung() looks at what is pending
    }
    bed(const bed&) = delete;
    bed& operator=(const bed&) = delete;
    [[nodiscard]] std::uint32_t bits() const noexcept {
        // relaxed: written by this thread, in attach()
        return any_bell | (port_ != nullptr ? std::atomic_ref(port_->bell).load(std::memory_order_relaxed) : 0);
    }

private:
    cpu_port* const port_;
};

/// Is the doorbell why we are awake?  If so it is answered.
inline bool threads::rung(task& t) noexcept {
    // relaxed: [port.bed] has ordered it, and answer() looks again
    if (t.port == nullptr || std::atomic_ref(t.port->pending).load(std::memory_order_relaxed) == 0) return false;
    answer(t);
    return true;
}

inline bool threads::park(std::uint32_t& word, std::uint32_t expected, ns_t deadline, const char* why) noexcept {
    task& t = current();
    std::atomic_ref(t.waits_for).store(why, std::memory_order_relaxed);   // relaxed: read by a diagnosis only
    const int saved = errno;
    // TSan runs signal handlers late, at the next atomic or interceptor, and never inside a raw futex wait.  There
    // a wait is bounded, so that a doorbell is taken; elsewhere the word alone decides and EINTR means nothing.
    const bool bounded = BOTTOMHALF_TSAN && t.port != nullptr && (deadline == forever || deadline - now() > tsan_bound);
    const ns_t until = bounded ? now() + tsan_bound : deadline;
    const timespec abs = to_timespec(until);
    bool timed_out;
#if BOTTOMHALF_TSAN
    // It has one old mask per thread: a signal that arrives as it begins to hand out another, whose handler then calls
    // what it intercepts, makes it forget what was let in, and leave everything blocked for good (libtsan of g++ 12).
    if (t.port != nullptr) let_doorbells_in();
#endif
    do {
        const bed here(t, word);
        detail::idle::asleep counted;
        const long r = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                                 until == forever ? nullptr : &abs, nullptr, here.bits());
        counted.timed_out = timed_out = r != 0 && errno == ETIMEDOUT;
        if (bounded && timed_out) break;   // by TSan's bound: what is pending is for look_whether_told() to find
        // relaxed: who finds it changed returns, and looks again himself
    } while (rung(t) && !timed_out && std::atomic_ref(word).load(std::memory_order_relaxed) == expected);
    errno = saved;
    std::atomic_ref(t.waits_for).store(nullptr, std::memory_order_relaxed);   // relaxed: as above
#if BOTTOMHALF_TSAN
    bound_over_ = bounded && timed_out;
#endif
    return bounded || !timed_out;
}

/// Return: a bit that no other thread of the process has; 0 if there is none left: then there are signals.
inline std::uint32_t threads::take_bell() noexcept {
    std::uint32_t taken = bells_.load(std::memory_order_relaxed), mine = 0;   // relaxed: only to be unique
    do mine = ~taken & (taken + 1) & ~any_bell;
    while (mine != 0 && !bells_.compare_exchange_weak(taken, taken | mine, std::memory_order_relaxed));
    return mine;
}

/// A thread that sleeps in park() is woken, which costs both sides less than a signal, and looks what is pending.  Its bit is
/// in no other park(), so if somebody was woken it was he; or he has got up, and something of somebody else's sleeps at that
/// address by now, which must bear that: then he finds what is pending as he gets up.  Return: false if he is not there: then
/// he needs a signal.
inline bool threads::wake_in_bed(cpu_port& port) noexcept {
    fence(std::memory_order_seq_cst);   // [port.bed] what is pending has been written
    // Both relaxed: an address and a bit for the system, which says whether he is there; if he is not, nothing is made of them.
    std::uint32_t* const word = std::atomic_ref(port.bed).load(std::memory_order_relaxed);
    const std::uint32_t bell = std::atomic_ref(port.bell).load(std::memory_order_relaxed);
    return word != nullptr && bell != 0 &&
           ::syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, 1, nullptr, nullptr, bell) > 0;
}

}   // namespace bottomhalf::arch
