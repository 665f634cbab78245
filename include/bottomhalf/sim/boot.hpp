// SPDX-License-Identifier: MIT
// boot.hpp: what comes up with the machine before an exploration's body begins.  A facade registers itself by being included:
// its clock and the system's queues are there then, as they are long before a driver is loaded, and when they come up is not
// part of what is explored.  What it holds of a driver's is in each schedule what it was before the first.
#pragma once

#include <cstddef>

#include <utility>

#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::sim::detail {

/// One facade's part: an object with static storage duration.
class boot_part {
public:
    explicit boot_part(bool (*boots)()) noexcept : boots_(boots), next_(first) { first = this; }
    boot_part(const boot_part&) = delete;
    boot_part& operator=(const boot_part&) = delete;

    /// Boots the machine as each facade needs it.  Context: a task of a world.
    /// Return: false if there is no facade, or no memory.
    static bool boot_all() {
        bool any = false;
        for (const boot_part* p = first; p != nullptr; p = p->next_) any = p->boots_() || any;
        return any;
    }

private:
    bool (*const boots_)();
    const boot_part* const next_;
    BOTTOMHALF_STATE static inline constinit const boot_part* first = nullptr;
};

/// What a facade holds of the driver's in memory of its own, or in variables that have our name: it is part of the driver's
/// static data (statics.hpp).  An object with static storage duration.
class static_part {
public:
    using range = std::pair<void*, std::size_t>;
    using adder = void(void* arg, void* begin, std::size_t size);

    /// `f` names what there is at the beginning of an exploration.
    explicit static_part(void (*f)(adder* add, void* arg)) noexcept : f_(f), next_(first) { first = this; }
    static_part(const static_part&) = delete;
    static_part& operator=(const static_part&) = delete;

    template <class F>
    static void for_each_range(F f) {
        for (const static_part* p = first; p != nullptr; p = p->next_)
            p->f_([](void* arg, void* begin, std::size_t n) { (*static_cast<F*>(arg))(begin, n); }, &f);
    }

private:
    void (*const f_)(adder*, void*);
    const static_part* const next_;
    BOTTOMHALF_STATE static inline constinit const static_part* first = nullptr;
};

}   // namespace bottomhalf::sim::detail
