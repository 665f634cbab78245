// SPDX-License-Identifier: MIT
//
// A lock of two steps, and a sleep: what small cases of exploration are made of.  Without Catch2, for programs that are not
// its tests, too.
#pragma once

#include <cstdint>

#include <bottomhalf/arch/sim.hpp>

namespace support {

/// sim::atomic_ref with its type deduced: clang deduces through an alias only from 19 on.
inline bottomhalf::arch::sim::atomic_ref<std::uint32_t> step_at(std::uint32_t& word) {
    return bottomhalf::arch::sim::atomic_ref<std::uint32_t>(word);
}
struct parking_lock {
    std::uint32_t held = 0;
    void take() {
        while (step_at(held).exchange(1) != 0)
            bottomhalf::arch::sim::park(held, 1, bottomhalf::arch::forever, "a lock");
    }
    void give() {
        step_at(held).store(0);
        bottomhalf::arch::sim::unpark(held, 1);
    }
};

}   // namespace support
