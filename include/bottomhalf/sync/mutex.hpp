// SPDX-License-Identifier: MIT
// mutex.hpp: the sleeping lock.  One word: free, held, or held with somebody waiting; a system call only in the last case.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>

namespace bottomhalf {

template <class Arch>
struct mutex_ops {
    using word = typename Arch::template atomic_ref<std::uint32_t>;
    enum : std::uint32_t { free = 0, held = 1, contended = 2 };

    static bool try_lock(std::uint32_t& m) noexcept {
        std::uint32_t expected = free;
        return word(m).compare_exchange_strong(expected, held, acquire, relaxed);   // [mutex]
    }
    /// Context: process.
    static void lock(std::uint32_t& m, const char* function, location at) noexcept {
        context<Arch>::might_sleep(function, at);
        if (try_lock(m)) return;
        // Once we have slept we cannot know whether others do, so we take it as contended: one wake-up too many at worst.
        while (word(m).exchange(contended, acquire) != free)   // [mutex]
            detail::block<Arch>(m, contended, arch::forever, function);
    }
    static void unlock(std::uint32_t& m) noexcept {
        if (word(m).exchange(free, release) == contended) Arch::unpark(m, 1);   // [mutex]
    }
    static bool is_locked(std::uint32_t& m) noexcept {
        return word(m).load(relaxed) != free;
    }   // relaxed: stale anyway
};

/// A mutex that knows its owner.  Zeroes: free.  Trivial, for the facades' structs, which drivers memset().
struct owned_mutex {
    std::uint32_t word;         // A [mutex]
    std::int32_t owner;         // A: the owner's thread id, 0 while free
    std::uint32_t recursions;   // guarded by the mutex
};

/// The kernel's checks (CONFIG_DEBUG_MUTEXES).  Taking it twice, where a kernel hangs, is reported and let in.
template <class Arch>
struct owned_mutex_ops {
    using base = mutex_ops<Arch>;
    using name = typename Arch::template atomic_ref<std::int32_t>;

    /// relaxed, here and below: others are no business of ours, and our own name we have written ourselves.
    [[nodiscard]] static bool is_mine(const owned_mutex& m) noexcept {
        return name(const_cast<std::int32_t&>(m.owner)).load(relaxed) == Arch::thread_id();
    }
    static bool try_lock(owned_mutex& m) noexcept {
        if (!base::try_lock(m.word)) return false;
        take(m);
        return true;
    }
    static void lock(owned_mutex& m, const char* function, location at) noexcept {
        if (is_mine(m)) [[unlikely]] {
            detail::say(channel::kernel, severity::bug, function, at,
                        "possible recursive locking detected: mutex %p is held by the caller already",
                        static_cast<void*>(&m));
            ++m.recursions;
            return;
        }
        base::lock(m.word, function, at);
        take(m);
    }
    static void unlock(owned_mutex& m, location at) noexcept {
        if (context<Arch>::in_interrupt()) [[unlikely]]
            warn("mutex_unlock", "WARN_ON_ONCE(in_interrupt())", at);
        if (!is_mine(m)) [[unlikely]] {
            // A kernel lets go of it all the same, and so do we if somebody has it.
            warn("__mutex_unlock_slowpath", "DEBUG_LOCKS_WARN_ON(__owner_task(owner) != current)", at);
            if (!base::is_locked(m.word)) return;
        }
        if (m.recursions != 0) {
            --m.recursions;
            return;
        }
        if (std::uint32_t& n = Arch::current().locks; n != 0 && is_mine(m)) --n;
        name(m.owner).store(0, relaxed);
        base::unlock(m.word);
    }
    static void destroy(owned_mutex& m, location at) noexcept {
        if (base::is_locked(m.word)) warn("mutex_destroy", "DEBUG_LOCKS_WARN_ON(mutex_is_locked(lock))", at);
    }

private:
    static void take(owned_mutex& m) noexcept {
        name(m.owner).store(Arch::thread_id(), relaxed);
        ++Arch::current().locks;
    }
    BOTTOMHALF_COLD static void warn(const char* function, const char* text, location at) noexcept {
        detail::say(channel::kernel, severity::warn, function, at, "%s", text);
    }
};

}   // namespace bottomhalf
