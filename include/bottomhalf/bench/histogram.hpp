// SPDX-License-Identifier: MIT
// histogram.hpp: how often something took how long, in constant memory.
//
// Buckets are as wide as a 128th of the power of two below them, so a percentile is off by less than 0.8 %, however many values
// there are and however far apart; below 256 each value has a bucket of its own.  The idea is Gil Tene's HdrHistogram.
//
//   bottomhalf::bench::histogram h;
//   h.add(ns);                    // 2 ns: an index by count of leading zeros, and an increment
//   h.percentile(99.9);
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace bottomhalf::bench {

/// Of one thread at a time.
class histogram {
public:
    static constexpr unsigned precision = 7;   // bits
    static constexpr unsigned widest = 42;     // bits: an hour and a quarter in ns; what is longer counts as that
    static constexpr std::int64_t limit = std::int64_t{1} << widest;
    static constexpr std::size_t nr_buckets = std::size_t{widest - precision + 1} << precision;

    /// Negative values, of a clock that was looked at by two CPUs, count as 0.
    void add(std::int64_t value) noexcept {
        const std::int64_t v = std::clamp<std::int64_t>(value, 0, limit - 1);
        ++counts_[index_of(static_cast<std::uint64_t>(v))];
        ++n_;
        sum_ += static_cast<double>(v);
        min_ = std::min(min_, v);
        max_ = std::max(max_, v);
    }
    void add(const histogram& other) noexcept {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
        n_ += other.n_;
        sum_ += other.sum_;
        min_ = std::min(min_, other.min_);
        max_ = std::max(max_, other.max_);
    }
    /// For who has kept the buckets elsewhere: `n` values like that.
    void add(std::int64_t value, std::uint64_t n) noexcept {
        if (n == 0) return;
        add(value);
        counts_[index_of(static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, limit - 1)))] += n - 1;
        n_ += n - 1;
        sum_ += static_cast<double>(value) * static_cast<double>(n - 1);
    }

    /// What the least and the greatest of them were, if the buckets alone do not say so.
    void widen_to(std::int64_t least, std::int64_t greatest) noexcept {
        min_ = std::min(min_, least);
        max_ = std::max(max_, greatest);
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return n_; }
    [[nodiscard]] std::int64_t min() const noexcept { return n_ != 0 ? min_ : 0; }   // exactly, as max() is
    [[nodiscard]] std::int64_t max() const noexcept { return max_; }
    [[nodiscard]] double mean() const noexcept { return n_ != 0 ? sum_ / static_cast<double>(n_) : 0; }
    /// The smallest value that at least `percent` of all do not exceed, rounded up to the end of its bucket.  0 if there is none.
    [[nodiscard]] std::int64_t percentile(double percent) const noexcept {
        const double exact = percent / 100 * static_cast<double>(n_);
        const auto wanted = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(exact - 1e-9)), 1);
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i)
            if ((so_far += counts_[i]) >= wanted) return std::clamp(last_of(i), min(), max());
        return 0;
    }
    /// f(first, last, how many) for each bucket that has any, upwards.
    template <class F>
    void for_each(F f) const {
        for (std::size_t i = 0; i < counts_.size(); ++i)
            if (counts_[i] != 0) f(first_of(i), last_of(i), counts_[i]);
    }

    static constexpr std::size_t index_of(std::uint64_t v) noexcept {
        const unsigned width = static_cast<unsigned>(std::bit_width(v));
        if (width <= precision + 1) return v;
        const unsigned shift = width - precision - 1;   // what is left has precision + 1 bits, the highest of them set
        return (std::size_t{shift} << precision) + static_cast<std::size_t>(v >> shift);
    }
    static constexpr std::int64_t first_of(std::size_t i) noexcept {
        if (i < std::size_t{2} << precision) return static_cast<std::int64_t>(i);
        const unsigned shift = static_cast<unsigned>(i >> precision) - 1;
        return static_cast<std::int64_t>(i - (std::size_t{shift} << precision)) << shift;
    }
    static constexpr std::int64_t last_of(std::size_t i) noexcept { return first_of(i + 1) - 1; }

private:
    std::array<std::uint64_t, nr_buckets> counts_{};
    std::uint64_t n_ = 0;
    double sum_ = 0;
    std::int64_t min_ = limit, max_ = 0;
};

}   // namespace bottomhalf::bench
