// SPDX-License-Identifier: MIT
// <linux/slab.h>: the heap, and caches of objects of one size.  What an allocation returns converts to any pointer type,
// so kernel C compiles as C++.
//
// A top half may interrupt malloc() on its own thread.  There, GFP_ATOMIC takes from a reserve, and gets NULL when that is
// empty or more than a page is asked for: see bottomhalf/atomic_reserve.hpp.
#pragma once

#include <cstdlib>
#include <cstring>
#include <utility>

#include <linux/bottomhalf.h>
#include <linux/bottomhalf_pointer.h>
#include <linux/gfp_types.h>
#include <linux/overflow.h>
#include <linux/types.h>

#include <bottomhalf/atomic_reserve.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/odebug.hpp>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
using heap = atomic_heap<engine>;
}   // namespace impl

/// `size` bytes, not cleared.
/// Context: GFP_KERNEL: process, elsewhere reported.  GFP_ATOMIC: any that we manage; see above for top halves.
/// Return:  null if there are none.
inline bottomhalf_pointer kmalloc(std::size_t size, gfp_t flags, location at = location::current()) noexcept {
    if (gfpflags_allow_blocking(flags)) impl::here::might_sleep("kmalloc", at);
    if (size > PTRDIFF_MAX) return bottomhalf_pointer(nullptr);   // a size that has saturated
    return bottomhalf_pointer((flags & __GFP_ZERO) != 0 ? impl::heap::get_zeroed(size, at) : impl::heap::get(size, at));
}
inline bottomhalf_pointer kzalloc(std::size_t size, gfp_t flags, location at = location::current()) noexcept {
    return kmalloc(size, flags | __GFP_ZERO, at);
}
inline bottomhalf_pointer kmalloc_array(std::size_t n, std::size_t size, gfp_t flags,
                                        location at = location::current()) noexcept {
    return kmalloc(size_mul(n, size), flags, at);
}
inline bottomhalf_pointer kcalloc(std::size_t n, std::size_t size, gfp_t flags,
                                  location at = location::current()) noexcept {
    return kmalloc_array(n, size, flags | __GFP_ZERO, at);
}
inline bottomhalf_pointer kmalloc_node(std::size_t size, gfp_t flags, int, location at = location::current()) noexcept {
    return kmalloc(size, flags, at);
}
inline bottomhalf_pointer kzalloc_node(std::size_t size, gfp_t flags, int, location at = location::current()) noexcept {
    return kzalloc(size, flags, at);
}
inline char* kstrdup(const char* s, gfp_t flags, location at = location::current()) noexcept {
    if (s == nullptr) return nullptr;
    const std::size_t n = std::strlen(s) + 1;
    char* copy = kmalloc(n, flags, at);
    if (copy != nullptr) std::memcpy(copy, s, n);
    return copy;
}
/// How much there really is at `p`, which may all be used.
[[nodiscard]] inline std::size_t ksize(const void* p) noexcept { return impl::heap::size_of(p); }

namespace impl {
/// Says what of ours is in memory that goes: a timer that is armed, a queued item (not in a top half, not with NDEBUG).
inline void check_free([[maybe_unused]] const void* p, [[maybe_unused]] location at) noexcept {
#if !defined(NDEBUG)
    if (p != nullptr && !heap::is_above())
        debug_objects<engine>::check_no_obj_freed(default_machine_of<engine>(), const_cast<void*>(p), ksize(p), at);
#endif
}
}   // namespace impl

/// A timer that is armed in there, or a queued item, is reported (not in a top half, and not with NDEBUG).
/// Context: any that we manage.
inline void kfree(const void* p, location at = location::current()) noexcept {
    impl::check_free(p, at);
    impl::heap::put(const_cast<void*>(p), at);
}
/// Overwrites it first.
inline void kfree_sensitive(const void* p, location at = location::current()) noexcept {
    if (p != nullptr) {
        std::memset(const_cast<void*>(p), 0, ksize(p));
        asm volatile("" : : "r"(p) : "memory");   // or the compiler drops what nobody will read
    }
    kfree(p, at);
}
/// Return: null, and `p` is as it was, if there is no memory.  Of size 0: null, and `p` is freed.
inline bottomhalf_pointer krealloc(const void* p, std::size_t size, gfp_t flags,
                                   location at = location::current()) noexcept {
    if (size == 0) {
        kfree(p, at);
        return bottomhalf_pointer(nullptr);
    }
    bottomhalf_pointer fresh = kmalloc(size, flags, at);
    if (p == nullptr || !fresh) return fresh;
    const std::size_t before = ksize(p);
    std::memcpy(static_cast<void*>(fresh), p, before < size ? before : size);
    kfree(p, at);
    return fresh;
}
inline bottomhalf_pointer krealloc_array(const void* p, std::size_t n, std::size_t size, gfp_t flags,
                                         location at = location::current()) noexcept {
    const std::size_t total = size_mul(n, size);
    return total == SIZE_MAX ? bottomhalf_pointer(nullptr) : krealloc(p, total, flags, at);
}

// The kernel's are in pages if they are large; it is one heap here.
inline bottomhalf_pointer kvmalloc(std::size_t size, gfp_t flags, location at = location::current()) noexcept {
    return kmalloc(size, flags, at);
}
inline bottomhalf_pointer kvzalloc(std::size_t size, gfp_t flags, location at = location::current()) noexcept {
    return kzalloc(size, flags, at);
}
inline bottomhalf_pointer kvmalloc_array(std::size_t n, std::size_t size, gfp_t flags,
                                         location at = location::current()) noexcept {
    return kmalloc_array(n, size, flags, at);
}
inline bottomhalf_pointer kvcalloc(std::size_t n, std::size_t size, gfp_t flags,
                                   location at = location::current()) noexcept {
    return kcalloc(n, size, flags, at);
}
inline void kvfree(const void* p, location at = location::current()) noexcept { kfree(p, at); }
inline void kvfree_sensitive(const void* p, std::size_t, location at = location::current()) noexcept {
    kfree_sensitive(p, at);
}

// ---- caches ---------------------------------------------------------------------------------------------------------

using slab_flags_t = unsigned int;
inline constexpr slab_flags_t SLAB_HWCACHE_ALIGN = 1;   // taken as an alignment of 64
inline constexpr slab_flags_t SLAB_PANIC = 2;
inline constexpr slab_flags_t SLAB_TYPESAFE_BY_RCU = 4;   // what is freed stays an object of the cache until its end
inline constexpr slab_flags_t SLAB_RECLAIM_ACCOUNT = 8;   // this one and those below mean nothing here
inline constexpr slab_flags_t SLAB_MEM_SPREAD = 0x10;
inline constexpr slab_flags_t SLAB_ACCOUNT = 0x20;
inline constexpr slab_flags_t SLAB_POISON = 0x40;
inline constexpr slab_flags_t SLAB_RED_ZONE = 0x80;
inline constexpr slab_flags_t SLAB_STORE_USER = 0x100;

/// Objects with a constructor are kept when they are freed, since they must stay constructed; the others go back to the
/// heap, where a tool sees who uses one too long.
struct kmem_cache {
    const char* name;
    std::size_t size, align;
    slab_flags_t flags;
    void (*ctor)(void*);
    bottomhalf::detail::spinlock<engine> lock;
    void** kept;   // under lock: a stack of freed objects
    std::size_t nr_kept, room;
    std::size_t nr_made;   // under lock: objects that there are, each with a place among the kept ones
    std::size_t in_use;    // A
};

/// Context: process.  Return: null if there was no memory.
inline struct kmem_cache* kmem_cache_create(const char* name, unsigned int size, unsigned int align, slab_flags_t flags,
                                            void (*ctor)(void*), location at = location::current()) noexcept {
    kmem_cache* c = kzalloc(sizeof *c, GFP_KERNEL, at);
    if (c == nullptr) return nullptr;
    c->name = name;
    c->size = size == 0 ? 1 : size;
    c->align = (flags & SLAB_HWCACHE_ALIGN) != 0 && align < 64 ? 64 : align;
    c->flags = flags;
    c->ctor = ctor;
    return c;
}
namespace impl {
inline bool keeps(const kmem_cache& c) noexcept { return c.ctor != nullptr || (c.flags & SLAB_TYPESAFE_BY_RCU) != 0; }
inline void* fresh_object(const kmem_cache& c, gfp_t flags, location at) noexcept {
    if (c.align <= alignof(std::max_align_t)) return kmalloc(c.size, flags & ~__GFP_ZERO, at);
    if (gfpflags_allow_blocking(flags)) here::might_sleep("kmem_cache_alloc", at);
    return heap::get_aligned(c.size, c.align, at);
}
/// A place for one more object that is to be kept: freeing one must not fail.  The lock is not held over malloc().
inline bool make_place(kmem_cache& c, location at) noexcept {
    void** more = nullptr;   // for `room` objects, if it did not suffice
    void** old = nullptr;
    std::size_t room = 0;
    bool made = false, tried = false;
    while (!made && !(tried && more == nullptr)) {
        {
            bottomhalf::detail::irq_lock<engine> g(c.lock);
            if (c.nr_made == c.room && room > c.room) {
                if (c.nr_kept != 0)
                    std::memcpy(static_cast<void*>(more), static_cast<void*>(c.kept), c.nr_kept * sizeof *more);
                old = std::exchange(c.kept, std::exchange(more, nullptr));
                c.room = room;
            }
            made = c.nr_made < c.room;
            if (made) ++c.nr_made;
            room = c.room == 0 ? 16 : 2 * c.room;
        }
        if (made || heap::is_above()) break;
        tried = true;
        heap::put(static_cast<void*>(more), at);
        more = static_cast<void**>(heap::get(room * sizeof *more, at));
    }
    heap::put(static_cast<void*>(more), at);   // somebody else was faster
    heap::put(static_cast<void*>(old), at);
    return made;
}
inline void give_up_place(kmem_cache& c) noexcept {
    bottomhalf::detail::irq_lock<engine> g(c.lock);
    --c.nr_made;
}
inline void* kept_object(kmem_cache& c) noexcept {
    bottomhalf::detail::irq_lock<engine> g(c.lock);
    return c.nr_kept > 0 ? c.kept[--c.nr_kept] : nullptr;
}
}   // namespace impl
inline bottomhalf_pointer kmem_cache_alloc(struct kmem_cache* c, gfp_t flags,
                                           location at = location::current()) noexcept {
    if (gfpflags_allow_blocking(flags)) impl::here::might_sleep("kmem_cache_alloc", at);
    void* p = impl::keeps(*c) ? impl::kept_object(*c) : nullptr;
    if (p == nullptr) {
        const bool keeps = impl::keeps(*c);
        if (keeps && !impl::make_place(*c, at)) return bottomhalf_pointer(nullptr);
        p = impl::fresh_object(*c, flags, at);
        if (p == nullptr && keeps) impl::give_up_place(*c);
        if (p != nullptr && c->ctor != nullptr) c->ctor(p);
    }
    if (p == nullptr) return bottomhalf_pointer(nullptr);
    if ((flags & __GFP_ZERO) != 0) std::memset(p, 0, c->size);
    impl::atomic<std::size_t>(c->in_use).fetch_add(1, relaxed);   // relaxed: a count for the report at the end
    return bottomhalf_pointer(p);
}
inline bottomhalf_pointer kmem_cache_zalloc(struct kmem_cache* c, gfp_t flags,
                                            location at = location::current()) noexcept {
    return kmem_cache_alloc(c, flags | __GFP_ZERO, at);
}
inline void kmem_cache_free(struct kmem_cache* c, void* p, location at = location::current()) noexcept {
    if (p == nullptr) return;
    impl::check_free(p, at);
    impl::atomic<std::size_t>(c->in_use).fetch_sub(1, relaxed);   // relaxed: as above
    if (!impl::keeps(*c)) return impl::heap::put(p, at);
    bottomhalf::detail::irq_lock<engine> g(c->lock);
    c->kept[c->nr_kept++] = p;
}
/// Context: process.  Objects that are still in use are reported, and the cache stays.
inline void kmem_cache_destroy(struct kmem_cache* c, location at = location::current()) noexcept {
    if (c == nullptr) return;
    impl::here::might_sleep("kmem_cache_destroy", at);
    if (impl::atomic<std::size_t>(c->in_use).load(relaxed) != 0) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "kmem_cache_destroy", at,
                                "kmem_cache_destroy %s: Slab cache still has objects", c->name);
        return;
    }
    while (c->nr_kept > 0) impl::heap::put(c->kept[--c->nr_kept], at);
    impl::heap::put(static_cast<void*>(c->kept), at);
    kfree(c, at);
}
[[nodiscard]] inline unsigned int kmem_cache_size(struct kmem_cache* c) noexcept {
    return static_cast<unsigned int>(c->size);
}
inline int kmem_cache_shrink(struct kmem_cache*) noexcept { return 0; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::kcalloc;
using bottomhalf::linux6::kfree;
using bottomhalf::linux6::kfree_sensitive;
using bottomhalf::linux6::kmalloc;
using bottomhalf::linux6::kmalloc_array;
using bottomhalf::linux6::kmalloc_node;
using bottomhalf::linux6::kmem_cache;
using bottomhalf::linux6::kmem_cache_alloc;
using bottomhalf::linux6::kmem_cache_create;
using bottomhalf::linux6::kmem_cache_destroy;
using bottomhalf::linux6::kmem_cache_free;
using bottomhalf::linux6::kmem_cache_shrink;
using bottomhalf::linux6::kmem_cache_size;
using bottomhalf::linux6::kmem_cache_zalloc;
using bottomhalf::linux6::krealloc;
using bottomhalf::linux6::krealloc_array;
using bottomhalf::linux6::ksize;
using bottomhalf::linux6::kstrdup;
using bottomhalf::linux6::kvcalloc;
using bottomhalf::linux6::kvfree;
using bottomhalf::linux6::kvfree_sensitive;
using bottomhalf::linux6::kvmalloc;
using bottomhalf::linux6::kvmalloc_array;
using bottomhalf::linux6::kvzalloc;
using bottomhalf::linux6::kzalloc;
using bottomhalf::linux6::kzalloc_node;
using bottomhalf::linux6::SLAB_ACCOUNT;
using bottomhalf::linux6::slab_flags_t;
using bottomhalf::linux6::SLAB_HWCACHE_ALIGN;
using bottomhalf::linux6::SLAB_MEM_SPREAD;
using bottomhalf::linux6::SLAB_PANIC;
using bottomhalf::linux6::SLAB_POISON;
using bottomhalf::linux6::SLAB_RECLAIM_ACCOUNT;
using bottomhalf::linux6::SLAB_RED_ZONE;
using bottomhalf::linux6::SLAB_STORE_USER;
using bottomhalf::linux6::SLAB_TYPESAFE_BY_RCU;

#define KMEM_CACHE(type, flags) kmem_cache_create(#type, sizeof(struct type), alignof(struct type), flags, nullptr)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/bottomhalf_free.h>
#include <linux/cache.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/hash.h>
