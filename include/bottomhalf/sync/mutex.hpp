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

}   // namespace bottomhalf
