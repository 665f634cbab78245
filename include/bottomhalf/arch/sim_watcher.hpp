// SPDX-License-Identifier: MIT
// sim_watcher.hpp: what the simulated world tells whoever wants to know what is ordered before what.
#pragma once

#include <atomic>   // for std::memory_order only
#include <cstddef>
#include <cstdint>

#include <bottomhalf/arch/arch.hpp>

namespace bottomhalf::arch {

enum class sim_access : std::uint8_t { load, store, update };

/// Hears of what orders one task's deeds before another's, once they are done.  Must not take a step.
class sim_watcher {
public:
    /// The running task has gone through an atomic_ref, or an atomic of its own.  `pc`: from where.
    virtual void atomic(const volatile void* at, std::size_t size, sim_access kind, std::memory_order order,
                        const void* pc) noexcept = 0;
    virtual void fence(std::memory_order order) noexcept = 0;
    /// What `before` has done until now comes before what `after` does from now on: one has started the other, woken it, or
    /// waited for its end.
    virtual void orders(const task& before, const task& after) noexcept = 0;
    /// A task has been made, and this is its stack.
    virtual void begins(const task& who, const void* stack, std::size_t size) noexcept = 0;
    /// The running task is about to read or write, and not through an atomic.  `marked`: it is volatile.
    virtual void plain(const volatile void* at, std::size_t size, bool writes, bool marked,
                       const void* pc) noexcept = 0;
    /// Whoever has this memory next has nothing to do with who had it before.
    virtual void forget(const volatile void* at, std::size_t size) noexcept = 0;

    sim_watcher() = default;
    sim_watcher(const sim_watcher&) = delete;
    sim_watcher& operator=(const sim_watcher&) = delete;

protected:
    ~sim_watcher() = default;
};

}   // namespace bottomhalf::arch
