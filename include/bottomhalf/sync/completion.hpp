// SPDX-License-Identifier: MIT
// completion.hpp: "it has happened", once per complete(), or for good after complete_all().  Completing is lock-free and
// allowed everywhere, waiting is process context and lets the worker pool know.
#pragma once

#include <cstdint>

#include <bottomhalf/sync/passes.hpp>

namespace bottomhalf {

/// Operations on the word of a completion: how many waits may still pass without sleeping.
template <class Arch>
struct completion_ops {
    using passes = pass_ops<Arch>;

    /// Context: any, async-signal-safe.  Order: what was written before is visible to the one who is let go [passes].
    static void complete(std::uint32_t& done) noexcept { passes::add(done); }
    static void complete_all(std::uint32_t& done) noexcept { passes::add_for_all(done); }
    static void reinit(std::uint32_t& done) noexcept { passes::clear(done); }
    /// Context: any.  Return: false if a wait would sleep.
    static bool try_wait(std::uint32_t& done) noexcept { return passes::try_take(done); }
    /// Context: process.  Return: false if the deadline passed first.
    static bool wait(std::uint32_t& done, arch::ns_t deadline, const char* function, location at) noexcept {
        return passes::take(done, deadline, function, at);
    }
    static bool is_done(std::uint32_t& done) noexcept { return passes::count(done) != 0; }
};

}   // namespace bottomhalf
