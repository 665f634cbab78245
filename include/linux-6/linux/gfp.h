// SPDX-License-Identifier: MIT
// <linux/gfp.h>: whole pages.  A struct page is a descriptor of its own; it counts its users, and page_address() is where the
// memory is.  The other way round, virt_to_page(), there is not.
#pragma once

#undef PAGE_SIZE   // <sys/user.h> has them
#undef PAGE_SHIFT
#undef PAGE_MASK

#include <linux/atomic.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr unsigned int PAGE_SHIFT = 12;
inline constexpr unsigned long PAGE_SIZE = 1UL << PAGE_SHIFT;
inline constexpr unsigned long PAGE_MASK = ~(PAGE_SIZE - 1);

struct page {
    atomic_t _refcount;
    unsigned int bottomhalf_order;
    void* bottomhalf_memory;
    unsigned long flags, index;
    unsigned long private_;
    void* mapping;
};

/// Pages are zeroed with __GFP_ZERO only.  Context: as kmalloc().  Return: null if there is no memory.
inline unsigned long __get_free_pages(gfp_t flags, unsigned int order, location at = location::current()) noexcept {
    if (gfpflags_allow_blocking(flags)) impl::here::might_sleep("__get_free_pages", at);
    if (order > 20) return 0;
    void* p = impl::heap::get_aligned(PAGE_SIZE << order, PAGE_SIZE, at);
    if (p != nullptr && (flags & __GFP_ZERO) != 0) std::memset(p, 0, PAGE_SIZE << order);
    return reinterpret_cast<unsigned long>(p);
}
inline unsigned long __get_free_page(gfp_t flags, location at = location::current()) noexcept {
    return __get_free_pages(flags, 0, at);
}
inline unsigned long get_zeroed_page(gfp_t flags, location at = location::current()) noexcept {
    return __get_free_pages(flags | __GFP_ZERO, 0, at);
}
inline void free_pages(unsigned long addr, unsigned int, location at = location::current()) noexcept {
    kfree(reinterpret_cast<void*>(addr), at);
}
inline void free_page(unsigned long addr, location at = location::current()) noexcept { free_pages(addr, 0, at); }

inline struct page* alloc_pages(gfp_t flags, unsigned int order, location at = location::current()) noexcept {
    page* p = kzalloc(sizeof *p, flags, at);
    if (p == nullptr) return nullptr;
    p->bottomhalf_memory = reinterpret_cast<void*>(__get_free_pages(flags, order, at));
    if (p->bottomhalf_memory == nullptr) {
        kfree(p, at);
        return nullptr;
    }
    p->bottomhalf_order = order;
    atomic_set(&p->_refcount, 1);
    return p;
}
inline struct page* alloc_page(gfp_t flags, location at = location::current()) noexcept {
    return alloc_pages(flags, 0, at);
}
[[nodiscard]] inline bottomhalf_pointer page_address(const struct page* p) noexcept {
    return bottomhalf_pointer(p->bottomhalf_memory);
}
[[nodiscard]] inline int page_count(const struct page* p) noexcept { return atomic_read(&p->_refcount); }
inline void get_page(struct page* p) noexcept { atomic_inc(&p->_refcount); }
/// The last one frees it.
inline void put_page(struct page* p, location at = location::current()) noexcept {
    if (!atomic_dec_and_test(&p->_refcount)) return;
    kfree(p->bottomhalf_memory, at);
    kfree(p, at);
}
inline void __free_pages(struct page* p, unsigned int, location at = location::current()) noexcept {
    if (p != nullptr) put_page(p, at);
}
inline void __free_page(struct page* p, location at = location::current()) noexcept { __free_pages(p, 0, at); }

/// The order of the smallest block of pages that `size` bytes fit into.
[[nodiscard]] constexpr int get_order(unsigned long size) noexcept {
    int order = 0;
    for (unsigned long room = PAGE_SIZE; room < size; room <<= 1) ++order;
    return order;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__free_page;
using bottomhalf::linux6::__free_pages;
using bottomhalf::linux6::__get_free_page;
using bottomhalf::linux6::__get_free_pages;
using bottomhalf::linux6::alloc_page;
using bottomhalf::linux6::alloc_pages;
using bottomhalf::linux6::free_page;
using bottomhalf::linux6::free_pages;
using bottomhalf::linux6::get_order;
using bottomhalf::linux6::get_page;
using bottomhalf::linux6::get_zeroed_page;
using bottomhalf::linux6::page;
using bottomhalf::linux6::page_address;
using bottomhalf::linux6::page_count;
using bottomhalf::linux6::PAGE_MASK;
using bottomhalf::linux6::PAGE_SHIFT;
using bottomhalf::linux6::PAGE_SIZE;
using bottomhalf::linux6::put_page;

#define PAGE_ALIGN(addr) (((addr) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGNED(addr) (((unsigned long)(addr) & ~PAGE_MASK) == 0)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
