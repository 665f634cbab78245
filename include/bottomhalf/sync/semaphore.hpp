// SPDX-License-Identifier: MIT
// semaphore.hpp: the counting semaphore of down() and up().  The word is the count.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>

namespace bottomhalf {

template <class Arch>
struct semaphore_ops {
    using word = typename Arch::template atomic_ref<std::uint32_t>;

    /// Context: any.  Return: true if it was taken.  (The kernel's down_trylock() says it the other way round.)
    static bool try_down(std::uint32_t& count) noexcept {
        word w(count);
        std::uint32_t c = w.load(relaxed);   // relaxed: the exchange decides
        while (c != 0)
            if (w.compare_exchange_weak(c, c - 1, acquire, relaxed)) return true;   // [semaphore]
        return false;
    }
    /// Context: process.  Return: false if the deadline passed first.
    static bool down(std::uint32_t& count, arch::ns_t deadline, const char* function, location at) noexcept {
        if (!context<Arch>::might_sleep(function, at)) return try_down(count);
        while (!try_down(count))
            if (!detail::block<Arch>(count, 0, deadline, function)) return try_down(count);
        return true;
    }
    /// Context: any, async-signal-safe.
    static void up(std::uint32_t& count) noexcept {
        word(count).fetch_add(1, release);   // [semaphore] what the holder wrote is visible to the next one
        Arch::unpark(count, 1);
    }
};

}   // namespace bottomhalf
