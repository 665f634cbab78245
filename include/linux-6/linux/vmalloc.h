// SPDX-License-Identifier: MIT
// <linux/vmalloc.h>: large pieces of memory, of the same heap here.
#pragma once

#include <linux/slab.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Context: process.
inline bottomhalf_pointer vmalloc(unsigned long size, location at = location::current()) noexcept {
    return size == 0 ? bottomhalf_pointer(nullptr) : kmalloc(size, GFP_KERNEL, at);
}
inline bottomhalf_pointer vzalloc(unsigned long size, location at = location::current()) noexcept {
    return size == 0 ? bottomhalf_pointer(nullptr) : kzalloc(size, GFP_KERNEL, at);
}
inline bottomhalf_pointer vmalloc_user(unsigned long size, location at = location::current()) noexcept {
    return vzalloc(size, at);
}
inline bottomhalf_pointer vmalloc_node(unsigned long size, int, location at = location::current()) noexcept {
    return vmalloc(size, at);
}
inline bottomhalf_pointer vzalloc_node(unsigned long size, int, location at = location::current()) noexcept {
    return vzalloc(size, at);
}
inline bottomhalf_pointer vmalloc_array(std::size_t n, std::size_t size, location at = location::current()) noexcept {
    return vmalloc(size_mul(n, size), at);
}
inline bottomhalf_pointer vcalloc(std::size_t n, std::size_t size, location at = location::current()) noexcept {
    return vzalloc(size_mul(n, size), at);
}
inline void vfree(const void* p, location at = location::current()) noexcept { kfree(p, at); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::vcalloc;
using bottomhalf::linux6::vfree;
using bottomhalf::linux6::vmalloc;
using bottomhalf::linux6::vmalloc_array;
using bottomhalf::linux6::vmalloc_node;
using bottomhalf::linux6::vmalloc_user;
using bottomhalf::linux6::vzalloc;
using bottomhalf::linux6::vzalloc_node;
