// SPDX-License-Identifier: MIT
// <linux/mm.h>: what there is of memory: pages, and the heap.
#pragma once

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

[[nodiscard]] inline bool is_vmalloc_addr(const void*) noexcept { return false; }   // it is one heap

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::is_vmalloc_addr;
