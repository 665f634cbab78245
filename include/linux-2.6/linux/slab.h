// SPDX-License-Identifier: MIT
// <linux/slab.h>: kmalloc() and kfree().
//
// A top half may interrupt malloc() on its own thread.  There, kmalloc(size, GFP_ATOMIC) takes from a small reserve,
// which is lock-free and there from the start, and returns NULL when that is empty or `size` is over a page; kfree()
// leaves malloc()'s memory to the next caller who may free it.
#pragma once

#include <linux/bottomhalf.h>

#include <malloc.h>

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

/// Up to 64 blocks of one size.  A bit that is set is a block that is free; claiming it is claiming the block, so there
/// is no list and no ABA.
template <std::size_t Size, unsigned Count>
struct reserve {
    static_assert(Count >= 1 && Count <= 64);
    std::uint64_t free_ = ~std::uint64_t{0} >> (64 - Count);   // A
    alignas(std::max_align_t) unsigned char blocks_[Count][Size] = {};

    void* get(std::size_t size) noexcept {
        if (size > Size) return nullptr;
        atomic<std::uint64_t> bits(free_);
        std::uint64_t b = bits.load(relaxed);   // relaxed: the exchange decides
        while (b != 0)
            if (bits.compare_exchange_weak(b, b & (b - 1), acquire, relaxed))
                return blocks_[__builtin_ctzll(b)];   // [reserve]
        return nullptr;
    }
    bool put(const void* p) noexcept {
        const auto at = reinterpret_cast<std::uintptr_t>(p), begin = reinterpret_cast<std::uintptr_t>(&blocks_);
        if (at < begin || at >= begin + sizeof blocks_) return false;
        atomic<std::uint64_t>(free_).fetch_or(std::uint64_t{1} << ((at - begin) / Size), release);   // [reserve]
        return true;
    }
};
// 112 KiB, none of it touched before it is used.
BOTTOMHALF_STATE inline constinit reserve<64, 64> reserve_small{};
BOTTOMHALF_STATE inline constinit reserve<256, 48> reserve_medium{};
BOTTOMHALF_STATE inline constinit reserve<1024, 32> reserve_large{};
BOTTOMHALF_STATE inline constinit reserve<4096, 16> reserve_page{};

inline void* from_reserve(std::size_t size) noexcept {
    if (void* p = reserve_small.get(size)) return p;
    if (void* p = reserve_medium.get(size)) return p;
    if (void* p = reserve_large.get(size)) return p;
    return reserve_page.get(size);
}
inline bool to_reserve(const void* p) noexcept {
    return reserve_small.put(p) || reserve_medium.put(p) || reserve_large.put(p) || reserve_page.put(p);
}

/// Blocks of malloc()'s that a top half has freed, linked through their first word.  All are taken at once: no ABA.
BOTTOMHALF_STATE inline constinit void* freed_above = nullptr;   // A [freed_above]
inline void free_later(void* p) noexcept {
    atomic<void*> head(freed_above);
    void* h = head.load(relaxed);   // relaxed: a guess, the exchange decides
    do *static_cast<void**>(p) = h;
    while (!head.compare_exchange_weak(h, p, release, relaxed));   // [freed_above]
}
inline void free_what_waits() noexcept {
    if (atomic<void*>(freed_above).load(relaxed) == nullptr) [[likely]]   // relaxed: who comes next looks again
        return;
    for (void* p = atomic<void*>(freed_above).exchange(nullptr, acquire); p != nullptr;) {   // [freed_above]
        void* next = *static_cast<void**>(p);
        std::free(p);
        p = next;
    }
}
inline void check_no_obj_freed([[maybe_unused]] void* block, [[maybe_unused]] location at) noexcept {
#if !defined(NDEBUG)
    machine_t& m = default_machine_of<engine>();
    debug_objects<engine>::check_no_obj_freed(m, block, ::malloc_usable_size(block), at);
#endif
}
inline void* allocate(std::size_t size, gfp_t flags, const char* function, location at) noexcept {
    if ((flags & __GFP_WAIT) != 0) ctx::might_sleep(function, at);
    void* p;
    if (ctx::in_hardirq()) {
        p = from_reserve(size);
    } else {
        free_what_waits();
        p = std::malloc(size < sizeof(void*) ? sizeof(void*) : size);
    }
    if (p != nullptr && (flags & __GFP_ZERO) != 0) std::memset(p, 0, size);
    return p;
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
    if (p == nullptr || impl::to_reserve(p)) return;
    void* block = const_cast<void*>(p);
    if (impl::ctx::in_hardirq()) return impl::free_later(block);
    impl::check_no_obj_freed(block, at);
    impl::free_what_waits();
    std::free(block);
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
