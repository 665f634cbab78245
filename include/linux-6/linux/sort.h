// SPDX-License-Identifier: MIT
// <linux/sort.h>: sorts an array in place.  Not stable, as the kernel's is not.
#pragma once

#include <cstddef>
#include <cstdlib>

#include <linux/types.h>

namespace bottomhalf::linux6 {

using cmp_func_t = int (*)(const void* a, const void* b);
using swap_func_t = void (*)(void* a, void* b, int size);

/// Context: any; in a top half too, if `cmp` may be called there.
/// `swap` is for elements that are not to be moved bytewise; then a heap sort, as the kernel's, calls it.
inline void sort(void* base, std::size_t num, std::size_t size, cmp_func_t cmp, swap_func_t swap) noexcept {
    auto* const first = static_cast<char*>(base);
    const auto at = [&](std::size_t i) { return first + i * size; };
    const auto exchange = [&](std::size_t i, std::size_t j) {
        if (swap != nullptr) return swap(at(i), at(j), static_cast<int>(size));
        for (std::size_t k = 0; k < size; ++k) {
            const char c = at(i)[k];
            at(i)[k] = at(j)[k];
            at(j)[k] = c;
        }
    };
    const auto sink = [&](std::size_t i, std::size_t n) {
        for (std::size_t child = 2 * i + 1; child < n; i = child, child = 2 * i + 1) {
            if (child + 1 < n && cmp(at(child), at(child + 1)) < 0) ++child;
            if (cmp(at(i), at(child)) >= 0) return;
            exchange(i, child);
        }
    };
    for (std::size_t i = num / 2; i > 0; --i) sink(i - 1, num);
    for (std::size_t n = num; n > 1; --n) {
        exchange(0, n - 1);
        sink(0, n - 1);
    }
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::cmp_func_t;
using bottomhalf::linux6::sort;
using bottomhalf::linux6::swap_func_t;
