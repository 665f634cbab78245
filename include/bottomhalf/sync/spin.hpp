// SPDX-License-Identifier: MIT
// spin.hpp: the spin locks that drivers see, which know their owner.  (The library's own is detail::spinlock.)
//
// The word is the owner's name, so "I hold it" is exact in any context, a top half that strikes between two instructions
// of taking or letting go included.  What a kernel hangs on, taking it twice, is reported and let in.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>
#include <bottomhalf/sync/lock_usage.hpp>

namespace bottomhalf {

/// Zeroes: free.  Trivial, for the facades' structs, which drivers memset().
struct spin_state {
    std::uint32_t word;         // A: the owner's thread id + 1, 0 while free [spin]
    std::uint16_t recursions;   // guarded by the lock
    lock_uses uses;             // A: of drivers
};

template <class Arch>
struct spin_ops {
    using word = typename Arch::template atomic_ref<std::uint32_t>;

    /// The caller's name, never 0.
    static std::uint32_t me() noexcept { return static_cast<std::uint32_t>(Arch::thread_id()) + 1; }

    static bool try_lock(spin_state& s) noexcept {
        std::uint32_t nobody = 0;
        return word(s.word).compare_exchange_strong(nobody, me(), acquire, relaxed);   // [spin]
    }
    /// Context: any.  Whoever shares it with a top half has masked interrupts.
    static void lock(spin_state& s, const char* function, location at) noexcept {
        if (!try_lock(s)) [[unlikely]]
            wait(s, function, at);
    }
    static void unlock(spin_state& s, const char* function, location at) noexcept {
        if (!is_mine(s)) [[unlikely]]
            return complain(s, function, is_locked(s) ? "wrong owner" : "already unlocked", at);
        if (s.recursions != 0) {
            --s.recursions;
            return;
        }
        word(s.word).store(0, release);   // [spin]
    }
    // The same for drivers: in which contexts they take it is looked at.
    static bool try_take(spin_state& s, const char* function, location at) noexcept {
        if (!try_lock(s)) return false;
        usage::note(s.uses, usage::as::one_who_writes, usage::how::if_he_can, &s, function, at);
        return true;
    }
    static void take(spin_state& s, const char* function, location at) noexcept {
        lock(s, function, at);
        usage::note(s.uses, usage::as::one_who_writes, usage::how::until_he_has_it, &s, function, at);
    }

    /// For a signal handler that has interrupted the owner, on his own thread, and wants something done under the lock: the
    /// owner will hear of it as he lets go.
    static void owe(spin_state& s) noexcept { word(s.word).fetch_or(owed, relaxed); }   // relaxed: one thread
    /// unlock(), of a lock that is certainly the caller's.  Return: whether something is owed.
    static bool unlock_and_ask(spin_state& s) noexcept {
        return (word(s.word).exchange(0, release) & owed) != 0;   // [spin]
    }
    [[nodiscard]] static bool is_locked(const spin_state& s) noexcept { return owner(s) != 0; }
    [[nodiscard]] static bool is_mine(const spin_state& s) noexcept { return owner(s) == me(); }

private:
    using usage = lock_usage<Arch>;
    static constexpr std::uint32_t owed = 0x8000'0000U;

    /// relaxed: others are no business of ours, and our own name we have written ourselves.
    static std::uint32_t owner(const spin_state& s) noexcept {
        return word(const_cast<std::uint32_t&>(s.word)).load(relaxed) & ~owed;
    }
    BOTTOMHALF_COLD static void wait(spin_state& s, const char* function, location at) noexcept {
        if (is_mine(s)) {
            complain(s, function, "recursion", at);
            ++s.recursions;
            return;
        }
        unsigned round = 0;
        do
            while (is_locked(s)) Arch::relax(round++);
        while (!try_lock(s));
    }
    BOTTOMHALF_COLD static void complain(const spin_state& s, const char* function, const char* what,
                                         location at) noexcept {
        char comm[arch::comm_len];
        Arch::thread_name(comm);
        detail::say(channel::kernel, severity::bug, function, at, "BUG: spinlock %s on CPU#%d, %s/%d\n lock: %p", what,
                    Arch::current().cpu < 0 ? 0 : static_cast<int>(Arch::current().cpu), comm,
                    static_cast<int>(Arch::thread_id()), static_cast<const void*>(&s));
    }
};

/// Zeroes: free.
struct rw_state {
    std::uint32_t word;   // A [rwlock]
    lock_uses uses;       // A
};

/// The lock of many readers or one writer.  The word counts the readers, or is the top bit.
template <class Arch>
struct rw_ops {
    using word = typename Arch::template atomic_ref<std::uint32_t>;
    static constexpr std::uint32_t writer = 0x8000'0000U;

    static bool try_share(std::uint32_t& l) noexcept {
        word w(l);
        std::uint32_t n = w.load(relaxed);   // relaxed: the exchange decides
        while ((n & writer) == 0)
            if (w.compare_exchange_weak(n, n + 1, acquire, relaxed)) return true;   // [rwlock]
        return false;
    }
    /// Readers get in past a writer who waits: a top half that interrupts a reader may read, too, as in the kernel.
    static void share(std::uint32_t& l) noexcept {
        for (unsigned round = 0; !try_share(l); ++round) Arch::relax(round);
    }
    static void unshare(std::uint32_t& l) noexcept { word(l).fetch_sub(1, release); }   // [rwlock]
    static bool try_own(std::uint32_t& l) noexcept {
        std::uint32_t nobody = 0;
        return word(l).compare_exchange_strong(nobody, writer, acquire, relaxed);   // [rwlock]
    }
    static void own(std::uint32_t& l) noexcept {
        for (unsigned round = 0; !try_own(l); ++round) Arch::relax(round);
    }
    static void disown(std::uint32_t& l) noexcept { word(l).store(0, release); }   // [rwlock]
    // For drivers: in which contexts they take it is looked at.  Context: any.
    static void read_lock(rw_state& l, location at = location::current()) noexcept {
        share(l.word);
        usage::note(l.uses, usage::as::one_who_reads, usage::how::until_he_has_it, &l, "read_lock", at);
    }
    static void write_lock(rw_state& l, location at = location::current()) noexcept {
        own(l.word);
        usage::note(l.uses, usage::as::one_who_writes, usage::how::until_he_has_it, &l, "write_lock", at);
    }
    static bool read_trylock(rw_state& l, location at = location::current()) noexcept {
        if (!try_share(l.word)) return false;
        usage::note(l.uses, usage::as::one_who_reads, usage::how::if_he_can, &l, "read_trylock", at);
        return true;
    }
    static bool write_trylock(rw_state& l, location at = location::current()) noexcept {
        if (!try_own(l.word)) return false;
        usage::note(l.uses, usage::as::one_who_writes, usage::how::if_he_can, &l, "write_trylock", at);
        return true;
    }
    static void read_unlock(rw_state& l) noexcept { unshare(l.word); }
    static void write_unlock(rw_state& l) noexcept { disown(l.word); }

    [[nodiscard]] static bool is_locked(const std::uint32_t& l) noexcept {
        return word(const_cast<std::uint32_t&>(l)).load(relaxed) != 0;   // relaxed: stale anyway
    }
    [[nodiscard]] static bool is_owned(const std::uint32_t& l) noexcept {
        return word(const_cast<std::uint32_t&>(l)).load(relaxed) == writer;
    }

private:
    using usage = lock_usage<Arch>;
};

}   // namespace bottomhalf
