// SPDX-License-Identifier: MIT
// passes.hpp: a count of how often one may pass without waiting: what a completion and a semaphore have in common.  One
// word, the count and a bit that says that somebody may sleep; a system call only where the bit is set.
//
// Whoever adds a pass does not touch the word afterwards: the waiter may be gone by then, and the word with him.  So it is
// the waiters who keep the bit.  Adding one clears it and wakes one sleeper; he sets it again, whether he gets the pass or
// somebody was faster, because others may sleep still.  And if there are more passes than his, which were added while the
// bit was clear, he wakes the next one.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>

namespace bottomhalf {

template <class Arch>
struct pass_ops {
    using word = typename Arch::template atomic_ref<std::uint32_t>;
    static constexpr std::uint32_t sleepers = 0x8000'0000U;
    static constexpr std::uint32_t for_all = 0x7fff'ffffU;   // a count that is never used up

    [[nodiscard]] static std::uint32_t count(std::uint32_t& passes) noexcept {
        return word(passes).load(acquire) & ~sleepers;   // [passes]
    }
    /// Context: any, async-signal-safe.  Order: what was written before is visible to the one who passes [passes].
    static void add(std::uint32_t& passes) noexcept {
        word w(passes);
        std::uint32_t p = w.load(relaxed);   // relaxed: the exchange decides
        // An exchange even if nothing changes: it publishes.
        while (!w.compare_exchange_weak(p, (p & for_all) == for_all ? p : (p & for_all) + 1, release, relaxed)) {}
        if ((p & sleepers) != 0) Arch::unpark(passes, 1);   // an address only
    }
    /// From now on everybody passes.
    static void add_for_all(std::uint32_t& passes) noexcept {
        // [passes] An exchange, not a store, which would end the release sequence of each add() before it: who is let go by
        // this value sees what they published, too.
        word(passes).exchange(for_all, release);
        Arch::unpark(passes, everybody);   // whatever the bit says: somebody may be on his way to set it again
    }
    /// Nobody passes any more.  Those who sleep stay known.
    static void clear(std::uint32_t& passes) noexcept { word(passes).fetch_and(sleepers, relaxed); }

    /// Context: any.  Return: false if a wait would sleep.
    static bool try_take(std::uint32_t& passes) noexcept {
        word w(passes);
        std::uint32_t p = w.load(acquire);
        while ((p & for_all) != 0)
            if ((p & for_all) == for_all || w.compare_exchange_weak(p, p - 1, acquire, acquire))
                return true;   // [passes]
        return false;
    }
    /// Context: process.  Return: false if the deadline passed first.
    static bool take(std::uint32_t& passes, arch::ns_t deadline, const char* function, location at) noexcept {
        const bool may = context<Arch>::might_sleep(function, at);
        if (try_take(passes)) return true;
        if (!may) return false;
        // The first round has not slept, and need not wake the next one; it does no harm.
        while (!take_or_announce(passes))
            if (!detail::block<Arch>(passes, sleepers, deadline, function)) return take_or_announce(passes);
        return true;
    }

private:
    static constexpr int everybody = 0x7fffffff;

    /// For one who sleeps, or is about to.  Return: true if he passes; false, and then the word is `sleepers`.
    static bool take_or_announce(std::uint32_t& passes) noexcept {
        word w(passes);
        std::uint32_t p = w.load(acquire);
        while ((p & for_all) != for_all) {
            const std::uint32_t left = (p & for_all) == 0 ? 0 : (p & for_all) - 1;
            if (!w.compare_exchange_weak(p, left | sleepers, acquire, acquire)) continue;   // [passes]
            if ((p & for_all) == 0) return false;
            if (left != 0) Arch::unpark(passes, 1);
            return true;
        }
        return true;
    }
};

}   // namespace bottomhalf
