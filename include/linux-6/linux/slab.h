// SPDX-License-Identifier: MIT
// <linux/slab.h>: the heap.  What an allocation returns converts to any pointer type, so kernel C compiles as C++.
#pragma once

#include <cstdlib>
#include <cstring>

#include <malloc.h>

#include <linux/bottomhalf.h>
#include <linux/types.h>

#include <bottomhalf/odebug.hpp>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

// The bits are the kernel's in meaning, not in place: sleeping allowed, no warning, zeroed.
inline constexpr gfp_t GFP_KERNEL = 1;
inline constexpr gfp_t GFP_NOIO = 1;
inline constexpr gfp_t GFP_NOFS = 1;
inline constexpr gfp_t GFP_ATOMIC = 0;
inline constexpr gfp_t GFP_NOWAIT = 0;
inline constexpr gfp_t __GFP_NOWARN = 2;
inline constexpr gfp_t __GFP_ZERO = 4;

/// The same as void* to the machine.
class bottomhalf_memory {
public:
    explicit constexpr bottomhalf_memory(void* p) noexcept : p_(p) {}
    template <class T>
    operator T*() const noexcept {
        return static_cast<T*>(p_);
    }
    explicit operator bool() const noexcept { return p_ != nullptr; }

private:
    void* p_;
};

/// Context: any but a top half, whose thread may be inside malloc() itself: there is nothing to be had then, and this
/// says so.
inline bottomhalf_memory kmalloc(std::size_t size, gfp_t flags, location at = location::current()) noexcept {
    if ((flags & GFP_KERNEL) != 0) impl::here::might_sleep("kmalloc", at);
    if (impl::here::in_hardirq()) {
        bottomhalf::detail::say(channel::advice, severity::warn, "kmalloc", at,
                                "no memory is to be had in a top half here");
        return bottomhalf_memory(nullptr);
    }
    const std::size_t n = size == 0 ? 1 : size;
    return bottomhalf_memory((flags & __GFP_ZERO) != 0 ? std::calloc(1, n) : std::malloc(n));
}
inline bottomhalf_memory kzalloc(std::size_t size, gfp_t flags, location at = location::current()) noexcept {
    return kmalloc(size, flags | __GFP_ZERO, at);
}
inline bottomhalf_memory kmalloc_array(std::size_t n, std::size_t size, gfp_t flags,
                                       location at = location::current()) noexcept {
    std::size_t total = 0;
    if (__builtin_mul_overflow(n, size, &total)) return bottomhalf_memory(nullptr);
    return kmalloc(total, flags, at);
}
inline bottomhalf_memory kcalloc(std::size_t n, std::size_t size, gfp_t flags,
                                 location at = location::current()) noexcept {
    return kmalloc_array(n, size, flags | __GFP_ZERO, at);
}
inline char* kstrdup(const char* s, gfp_t flags, location at = location::current()) noexcept {
    if (s == nullptr) return nullptr;
    const std::size_t n = std::strlen(s) + 1;
    char* copy = kmalloc(n, flags, at);
    if (copy != nullptr) std::memcpy(copy, s, n);
    return copy;
}
/// A timer that is armed in there, or a queued item, is reported (not with NDEBUG).
inline void kfree(const void* p, location at = location::current()) noexcept {
    if (p != nullptr && impl::here::in_hardirq()) {
        bottomhalf::detail::say(channel::advice, severity::warn, "kfree", at,
                                "nothing can be freed in a top half; it leaks");
        return;
    }
#if !defined(NDEBUG)
    if (p != nullptr)
        debug_objects<engine>::check_no_obj_freed(default_machine_of<engine>(), const_cast<void*>(p),
                                                  ::malloc_usable_size(const_cast<void*>(p)), at);
#endif
    std::free(const_cast<void*>(p));
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__GFP_NOWARN;
using bottomhalf::linux6::__GFP_ZERO;
using bottomhalf::linux6::GFP_ATOMIC;
using bottomhalf::linux6::GFP_KERNEL;
using bottomhalf::linux6::GFP_NOFS;
using bottomhalf::linux6::GFP_NOIO;
using bottomhalf::linux6::GFP_NOWAIT;
using bottomhalf::linux6::kcalloc;
using bottomhalf::linux6::kfree;
using bottomhalf::linux6::kmalloc;
using bottomhalf::linux6::kmalloc_array;
using bottomhalf::linux6::kstrdup;
using bottomhalf::linux6::kzalloc;
