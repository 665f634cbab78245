// SPDX-License-Identifier: MIT
// <linux/highmem.h>: all memory is mapped.
#pragma once

#include <linux/mm.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

[[nodiscard]] inline bottomhalf_pointer kmap(struct page* p) noexcept { return page_address(p); }
inline void kunmap(struct page*) noexcept {}
[[nodiscard]] inline bottomhalf_pointer kmap_local_page(struct page* p) noexcept { return page_address(p); }
inline void kunmap_local(const void*) noexcept {}
[[nodiscard]] inline bottomhalf_pointer kmap_atomic(struct page* p) noexcept { return page_address(p); }
inline void kunmap_atomic(const void*) noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::kmap;
using bottomhalf::linux6::kmap_atomic;
using bottomhalf::linux6::kmap_local_page;
using bottomhalf::linux6::kunmap;
using bottomhalf::linux6::kunmap_atomic;
using bottomhalf::linux6::kunmap_local;
