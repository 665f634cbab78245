// SPDX-License-Identifier: MIT
// semaphore.hpp: the counting semaphore of down() and up().  Its word is the count.
#pragma once

#include <cstdint>

#include <bottomhalf/sync/passes.hpp>

namespace bottomhalf {

template <class Arch>
struct semaphore_ops {
    using passes = pass_ops<Arch>;

    /// Context: any.  Return: true if it was taken.  (The kernel's down_trylock() says it the other way round.)
    static bool try_down(std::uint32_t& count) noexcept { return passes::try_take(count); }
    /// Context: process.  Return: false if the deadline passed first.
    static bool down(std::uint32_t& count, arch::ns_t deadline, const char* function, location at) noexcept {
        return passes::take(count, deadline, function, at);
    }
    /// Context: any, async-signal-safe.  Order: what the holder wrote is visible to the next one [passes].
    static void up(std::uint32_t& count) noexcept { passes::add(count); }
};

}   // namespace bottomhalf
