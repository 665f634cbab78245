// SPDX-License-Identifier: MIT
// <linux/vmalloc.h>: large memory.
#pragma once

#include <linux/slab.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
/// Context: process.
inline any_ptr vmalloc(unsigned long size, location at = location::current()) noexcept {
    return {impl::allocate(size, GFP_KERNEL, "vmalloc", at)};
}
inline void vfree(const void* p) noexcept { kfree(p); }
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::vfree;
using bottomhalf::linux26::vmalloc;
