// SPDX-License-Identifier: MIT
// <linux/slab.h>: kmalloc() and kfree().
//
// A top half may interrupt malloc() on its own thread.  There, kmalloc(size, GFP_ATOMIC) takes from a reserve, and returns
// NULL when that is empty or `size` is over a page: see bottomhalf/atomic_reserve.hpp.
#pragma once

#include <linux/bottomhalf.h>

#include <bottomhalf/atomic_reserve.hpp>
#include <bottomhalf/odebug.hpp>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

/// What an allocation returns: C converts a void pointer to any other, C++ only this.  Passed as a void pointer is.
struct any_ptr {
    void* p;
    // clang-format off
    template <class T>
        requires(!std::is_function_v<T>)
    operator T*() const noexcept { return static_cast<T*>(p); }   // NOLINT(google-explicit-constructor): its purpose
    // clang-format on
    friend bool operator==(any_ptr a, std::nullptr_t) noexcept { return a.p == nullptr; }
    explicit operator bool() const noexcept { return p != nullptr; }
};
static_assert(sizeof(any_ptr) == sizeof(void*) && std::is_trivially_copyable_v<any_ptr>);

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

#define __GFP_DMA 0x01u
#define __GFP_WAIT 0x10u
#define __GFP_HIGH 0x20u
#define __GFP_IO 0x40u
#define __GFP_FS 0x80u
#define __GFP_NOWARN 0x200u
#define __GFP_ZERO 0x8000u
#define GFP_ATOMIC (__GFP_HIGH)
#define GFP_NOIO (__GFP_WAIT)
#define GFP_NOFS (__GFP_WAIT | __GFP_IO)
#define GFP_KERNEL (__GFP_WAIT | __GFP_IO | __GFP_FS)
#define GFP_USER GFP_KERNEL
#define GFP_DMA __GFP_DMA
#define SLAB_ATOMIC GFP_ATOMIC
#define SLAB_KERNEL GFP_KERNEL

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
namespace impl {

using heap = atomic_heap<engine>;

inline void check_no_obj_freed([[maybe_unused]] void* block, [[maybe_unused]] location at) noexcept {
#if !defined(NDEBUG)
    machine_t& m = default_machine_of<engine>();
    debug_objects<engine>::check_no_obj_freed(m, block, heap::size_of(block), at);
#endif
}
inline void* allocate(std::size_t size, gfp_t flags, const char* function, location at) noexcept {
    if ((flags & __GFP_WAIT) != 0) ctx::might_sleep(function, at);
    return (flags & __GFP_ZERO) != 0 ? heap::get_zeroed(size, at) : heap::get(size, at);
}

}   // namespace impl

/// `size` bytes, not cleared.
/// Context: GFP_KERNEL: process, elsewhere reported.  GFP_ATOMIC: any that we manage; see above for top halves.
/// Return:  NULL if there are none.
inline any_ptr kmalloc(size_t size, gfp_t flags, location at = location::current()) noexcept {
    return {impl::allocate(size, flags, "kmalloc", at)};
}
inline any_ptr kzalloc(size_t size, gfp_t flags, location at = location::current()) noexcept {
    return {impl::allocate(size, flags | __GFP_ZERO, "kzalloc", at)};
}
inline any_ptr kcalloc(size_t n, size_t size, gfp_t flags, location at = location::current()) noexcept {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return {nullptr};
    return {impl::allocate(bytes, flags | __GFP_ZERO, "kcalloc", at)};
}
/// Context: any that we manage.  NULL is fine.  A timer that is armed in there, or a queued item, is reported (not in a top
/// half, and not with NDEBUG).
inline void kfree(const void* p, location at = location::current()) noexcept {
    void* block = const_cast<void*>(p);
    if (p != nullptr && !impl::heap::is_above()) impl::check_no_obj_freed(block, at);
    impl::heap::put(block, at);
}
inline any_ptr kstrdup(const char* text, gfp_t flags, location at = location::current()) noexcept {
    if (text == nullptr) return {nullptr};
    const std::size_t n = std::strlen(text) + 1;
    void* p = impl::allocate(n, flags, "kstrdup", at);
    if (p != nullptr) std::memcpy(p, text, n);
    return {p};
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::kcalloc;
using bottomhalf::linux26::kfree;
using bottomhalf::linux26::kmalloc;
using bottomhalf::linux26::kstrdup;
using bottomhalf::linux26::kzalloc;
