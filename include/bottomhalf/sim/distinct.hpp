// SPDX-License-Identifier: MIT
// distinct.hpp: how many different values there were, exactly as long as they are few, in memory that has a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bottomhalf::sim {

/// Open addressing, half full at most.  Beyond `most` values it takes no more: count() is a lower bound then.
class distinct_counter {
public:
    static constexpr std::size_t most = std::size_t{1} << 21;   // 32 MB

    void add(std::uint64_t value) {
        if (value == 0) value = 1;   // 0 is an empty place
        if (count_ >= most) return;
        if (2 * count_ >= places_.size()) grow();
        if (put(places_, value)) ++count_;
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] bool is_exact() const noexcept { return count_ < most; }

private:
    std::vector<std::uint64_t> places_;
    std::size_t count_ = 0;

    static bool put(std::vector<std::uint64_t>& places, std::uint64_t value) noexcept {
        const std::size_t mask = places.size() - 1;
        std::size_t i = (value ^ value >> 32) & mask;
        for (; places[i] != 0; i = (i + 1) & mask)
            if (places[i] == value) return false;
        places[i] = value;
        return true;
    }
    void grow() {
        std::vector<std::uint64_t> wider(places_.empty() ? 1024 : 2 * places_.size());
        for (const std::uint64_t v : places_)
            if (v != 0) put(wider, v);
        places_.swap(wider);
    }
};

}   // namespace bottomhalf::sim
