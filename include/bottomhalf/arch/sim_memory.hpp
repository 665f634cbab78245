// SPDX-License-Identifier: MIT
// sim_memory.hpp: who gives memory to the facades instead of malloc(), while he wants to know all about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>

namespace bottomhalf::arch {

/// Called on the stack of whichever task allocates or frees; takes no step.
class sim_memory {
public:
    using location = std::source_location;

    /// Return: null if there is none.  `align`: a power of two.
    virtual void* get(std::size_t size, std::size_t align, bool zeroed, location at) noexcept = 0;
    virtual void put(void* p, location at) noexcept = 0;
    /// Return: 0 if it is none of his, or not any more.
    [[nodiscard]] virtual std::size_t size_of(const void* p) const noexcept = 0;

    /// Whether there shall be no memory this time: for who allocates elsewhere; get() knows.
    virtual bool refuses(std::size_t size) noexcept = 0;
    /// Memory that comes from elsewhere, and is to be missed like his own; give_back(p) if nobody else has done it.
    virtual void adopt(void* p, std::size_t size, void (*give_back)(void*), location at) noexcept = 0;
    /// It goes.  Of memory that was not adopted: nothing.
    virtual void release(const void* p) noexcept = 0;

    /// Somebody is about to access an object at `p`, by way of the engine: an atomic, a word to sleep on.
    void touch(const void* p) noexcept {
        if (reinterpret_cast<std::uintptr_t>(p) - from_ < given_) look_at(p);
    }

    sim_memory() = default;
    sim_memory(const sim_memory&) = delete;
    sim_memory& operator=(const sim_memory&) = delete;

protected:
    ~sim_memory() = default;
    virtual void look_at(const void* p) noexcept = 0;
    std::uintptr_t from_ = 0;   // what he has given out, and taken back, is in [from_, from_ + given_)
    std::size_t given_ = 0;
};

}   // namespace bottomhalf::arch
