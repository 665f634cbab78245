// SPDX-License-Identifier: MIT
// sim_store_buffer.hpp: stores that nobody but their own task can see yet, as on x86: in order, and soon.
//
// A processor goes on while its stores are on their way to memory.  They arrive in their order; it sees its own; a locked
// instruction, or a fence, waits for them.  So what can go wrong, and does where a barrier is missing, is that a load is
// done before a store that stands before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bottomhalf::arch::detail {

class store_buffer {
public:
    [[nodiscard]] bool is_empty() const noexcept { return n_ == 0; }
    [[nodiscard]] bool is_full() const noexcept { return n_ == room; }

    void hold_back(void* p, const void* value, std::size_t size) noexcept {
        store& s = stores_[n_++];
        s.p = static_cast<char*>(p);
        s.size = size;
        std::memcpy(s.value, value, size);
    }
    /// The oldest arrives.
    void land() noexcept {
        std::memcpy(stores_[0].p, stores_[0].value, stores_[0].size);
        --n_;
        for (unsigned i = 0; i < n_; ++i) stores_[i] = stores_[i + 1];
    }
    void land_all() noexcept {
        for (unsigned i = 0; i < n_; ++i) std::memcpy(stores_[i].p, stores_[i].value, stores_[i].size);
        n_ = 0;
    }
    void drop() noexcept { n_ = 0; }
    /// The newest store to just this, or null; what covers it in part arrives first, with all before it.
    [[nodiscard]] const void* find(const void* p, std::size_t size) noexcept {
        for (unsigned i = n_; i > 0; --i) {
            const store& s = stores_[i - 1];
            if (s.p == p && s.size == size) return s.value;
            const auto at = reinterpret_cast<std::uintptr_t>(p), is = reinterpret_cast<std::uintptr_t>(s.p);
            if (at < is + s.size && is < at + size) return land_all(), nullptr;
        }
        return nullptr;
    }

private:
    static constexpr unsigned room = 8;   // processors have more; a schedule with so many late ones has few rivals
    struct store {
        char* p;
        std::size_t size;
        unsigned char value[16];
    };
    store stores_[room];
    unsigned n_ = 0;
};

}   // namespace bottomhalf::arch::detail
