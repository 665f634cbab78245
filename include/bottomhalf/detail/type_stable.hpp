// SPDX-License-Identifier: MIT
// type_stable.hpp: memory that keeps its type for good.  Pools, their queues and their links are handed out from here and
// come back here, but never go back to the heap.
//
// An item's word names the pool of its last run, and may do so long after that pool's queue was destroyed; an old
// pointer to a queue may be used by mistake.  Whoever follows such a name finds an object of the same type, perhaps at
// work for somebody else by now, locks it, and sees that the item is not there; or finds a queue that says it is gone.
// Oldest first, so that a stale pointer finds a dead object for as long as possible.
#pragma once

#include <new>

#include <bottomhalf/detail/spinlock.hpp>

namespace bottomhalf::detail {

/// T is default-constructed once, has a member `T* next_free`, and is reset by its user, not by us.
template <class Arch, class T>
class type_stable {
public:
    /// Context: process; allocates.  Return: null if there is no memory.
    static T* get() noexcept {
        T* t;
        if constexpr (Arch::simulated) {
            t = take_first();
        } else {
            irq_lock<Arch> g(lock_);
            t = take_first();
        }
        return t != nullptr ? t : new (std::nothrow) T;
    }
    static void put(T* t) noexcept {
        if constexpr (Arch::simulated) return append(t);
        irq_lock<Arch> g(lock_);
        append(t);
    }

    /// Those that rest come in the order of `before` from now on.  Context: between two worlds.
    template <class Before>
    BOTTOMHALF_NO_TSA static void sort(Before before) noexcept requires(Arch::simulated) {
        T* rest = first_;
        first_ = last_ = nullptr;
        while (rest != nullptr) {
            T* const t = rest;
            rest = t->next_free;
            if (last_ == nullptr || !before(*t, *last_)) {   // as it mostly is
                append(t);
                continue;
            }
            T** at = &first_;
            while (!before(*t, **at)) at = &(*at)->next_free;
            t->next_free = *at;
            *at = t;
        }
    }

private:
    // On the simulator the lock stays where it is: there is no step in these, hence nobody in between; and a world that is
    // abandoned with a task inside would leave it locked to the next one.
    static T* take_first() noexcept BOTTOMHALF_NO_TSA {
        T* t = first_;
        if (t == nullptr) return nullptr;
        first_ = t->next_free;
        if (first_ == nullptr) last_ = nullptr;
        t->next_free = nullptr;
        return t;
    }
    static void append(T* t) noexcept BOTTOMHALF_NO_TSA {
        t->next_free = nullptr;
        (last_ != nullptr ? last_->next_free : first_) = t;
        last_ = t;
    }

    BOTTOMHALF_STATE static inline constinit spinlock<Arch> lock_{};
    BOTTOMHALF_STATE static inline constinit T* first_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    BOTTOMHALF_STATE static inline constinit T* last_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
};

}   // namespace bottomhalf::detail
