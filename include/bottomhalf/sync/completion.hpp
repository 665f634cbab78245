// SPDX-License-Identifier: MIT
// completion.hpp: "it has happened", once per complete(), or for good after complete_all().  One word; completing is
// lock-free and allowed everywhere, waiting is process context and lets the worker pool know.
#pragma once

#include <cstdint>
#include <limits>

#include <bottomhalf/context.hpp>

namespace bottomhalf {

/// Operations on the word of a completion: how many waits may still pass without sleeping.
template <class Arch>
struct completion_ops {
    using word = typename Arch::template atomic_ref<std::uint32_t>;
    static constexpr std::uint32_t for_all = std::numeric_limits<std::uint32_t>::max();

    /// Context: any, async-signal-safe.  Order: what was written before is visible to the one who is let go [completion].
    static void complete(std::uint32_t& done) noexcept {
        word w(done);
        std::uint32_t d = w.load(relaxed);   // relaxed: the exchange decides
        while (d != for_all && !w.compare_exchange_weak(d, d + 1, release, relaxed)) {}
        Arch::unpark(done, 1);   // an address only: the waiter may be gone, with the completion
    }
    static void complete_all(std::uint32_t& done) noexcept {
        // [completion] An exchange, not a store, which would end the release sequence of each complete() before it: who is
        // let go by this value sees what they published, too.
        word(done).exchange(for_all, release);
        Arch::unpark(done, 0x7fffffff);
    }
    /// Context: any.  Return: false if a wait would sleep.
    static bool try_wait(std::uint32_t& done) noexcept {
        word w(done);
        std::uint32_t d = w.load(acquire);   // [completion]
        while (d != 0)
            if (d == for_all || w.compare_exchange_weak(d, d - 1, acquire, acquire)) return true;
        return false;
    }
    /// Context: process.  Return: false if the deadline passed first.
    static bool wait(std::uint32_t& done, arch::ns_t deadline, const char* function, location at) noexcept {
        if (!context<Arch>::might_sleep(function, at)) return try_wait(done);
        while (!try_wait(done))
            if (!detail::block<Arch>(done, 0, deadline, function)) return try_wait(done);
        return true;
    }
    static bool is_done(std::uint32_t& done) noexcept { return word(done).load(acquire) != 0; }
};

}   // namespace bottomhalf
