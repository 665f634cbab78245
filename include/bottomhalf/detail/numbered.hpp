// SPDX-License-Identifier: MIT
// numbered.hpp: objects that are known by a number, for where a word has no room for an address.  A number is given once and
// kept, so whoever finds one in an old word finds the same object, or none.
#pragma once

#include <bottomhalf/arch/arch.hpp>

namespace bottomhalf::detail {

/// Numbers from 1 to Max - 1.  T is type-stable.
template <class Arch, class T, unsigned Max>
class numbered {
    template <class U>
    using atomic = typename Arch::template atomic_ref<U>;

public:
    /// Return: a number of its own for `t`; 0 if there is none left.
    static unsigned take(T* t) noexcept {
        if constexpr (Arch::simulated) {   // no step: whether there was a number already is left from an earlier world
            if (last_ + 1 >= Max) return 0;
            all_[++last_] = t;
            return last_;
        }
        const unsigned n = atomic<unsigned>(last_).fetch_add(1, relaxed) + 1;   // relaxed: only to be unique
        if (n >= Max) return 0;
        atomic<T*>(all_[n]).store(t, release);   // [numbered]
        return n;
    }
    /// Return: null for 0, and for a number that nobody has.
    [[nodiscard]] static T* find(unsigned n) noexcept {
        return n == 0 || n >= Max ? nullptr : atomic<T*>(all_[n]).load(acquire);   // [numbered]
    }
    /// f(T&) for each that there ever was.
    template <class F>
    static void for_each(F f) noexcept {
        // relaxed: one that the caller can know of had its number before.
        const unsigned last = atomic<unsigned>(last_).load(relaxed);
        for (unsigned n = 1; n <= last; ++n)
            if (T* t = find(n)) f(*t);   // null: somebody has taken the number a moment ago
    }

private:
    BOTTOMHALF_STATE static inline constinit T* all_[Max] = {};    // A [numbered]
    BOTTOMHALF_STATE static inline constinit unsigned last_ = 0;   // A
};

}   // namespace bottomhalf::detail
