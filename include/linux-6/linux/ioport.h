// SPDX-License-Identifier: MIT
// <linux/ioport.h>: what a device has: ranges of addresses, interrupts.  Ranges that drivers claim are known, so that two
// do not claim the same.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/bottomhalf_resource.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

[[nodiscard]] constexpr u64 resource_size(const struct resource* r) noexcept { return r->end - r->start + 1; }
[[nodiscard]] constexpr unsigned long resource_type(const struct resource* r) noexcept { return r->flags & 0x1f00; }
[[nodiscard]] constexpr bool resource_overlaps(const struct resource* a, const struct resource* b) noexcept {
    return a->start <= b->end && a->end >= b->start;
}
[[nodiscard]] constexpr bool resource_contains(const struct resource* a, const struct resource* b) noexcept {
    return resource_type(a) == resource_type(b) && a->start <= b->start && a->end >= b->end;
}

inline namespace BOTTOMHALF_ENGINE {

namespace impl {
struct claimed_region {
    struct resource res;   // first
    claimed_region* next;
};
BOTTOMHALF_STATE inline constinit spinlock_t regions_lock = {};
BOTTOMHALF_STATE inline constinit claimed_region* regions = nullptr;   // guarded by the lock
}   // namespace impl

/// Claims `n` addresses from `start` on.  Context: process.  Return: null if some of them are claimed already.
[[nodiscard]] inline struct resource* bottomhalf_request_region(u64 start, u64 n, const char* name, unsigned long flags,
                                                                location at = location::current()) noexcept {
    if (n == 0) return nullptr;   // it would end before it begins
    impl::claimed_region* mine = kzalloc(sizeof *mine, GFP_KERNEL, at);
    if (mine == nullptr) return nullptr;
    mine->res = {start, start + n - 1, name, flags | IORESOURCE_BUSY};
    bool free = true;
    spin_lock(&impl::regions_lock);
    for (impl::claimed_region* r = impl::regions; r != nullptr; r = r->next)
        if (resource_type(&r->res) == flags && resource_overlaps(&r->res, &mine->res)) free = false;
    if (free) {
        mine->next = impl::regions;
        impl::regions = mine;
    }
    spin_unlock(&impl::regions_lock);
    if (free) return &mine->res;
    kfree(mine, at);
    return nullptr;
}
/// Of one that nobody claimed: reported.
inline void bottomhalf_release_region(u64 start, u64 n, unsigned long flags,
                                      location at = location::current()) noexcept {
    impl::claimed_region* found = nullptr;
    spin_lock(&impl::regions_lock);
    for (impl::claimed_region** link = &impl::regions; *link != nullptr && found == nullptr;)
        if (const resource& r = (*link)->res;
            resource_type(&r) == flags && r.start == start && r.end == start + n - 1) {
            found = *link;
            *link = found->next;
        } else {
            link = &(*link)->next;
        }
    spin_unlock(&impl::regions_lock);
    if (found != nullptr) return kfree(found, at);
    bottomhalf::detail::say(channel::kernel, severity::warn, "__release_region", at,
                            "Trying to free nonexistent resource <%016llx-%016llx>", start, start + n - 1);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_release_region;
using bottomhalf::linux6::bottomhalf_request_region;
using bottomhalf::linux6::resource_contains;
using bottomhalf::linux6::resource_overlaps;
using bottomhalf::linux6::resource_size;
using bottomhalf::linux6::resource_type;

#define request_region(start, n, name) bottomhalf_request_region((start), (n), (name), IORESOURCE_IO)
#define request_mem_region(start, n, name) bottomhalf_request_region((start), (n), (name), IORESOURCE_MEM)
#define release_region(start, n) bottomhalf_release_region((start), (n), IORESOURCE_IO)
#define release_mem_region(start, n) bottomhalf_release_region((start), (n), IORESOURCE_MEM)
#define DEFINE_RES_NAMED(from, size, name, flags)                         \
    (::bottomhalf::linux6::resource{static_cast<::resource_size_t>(from), \
                                    static_cast<::resource_size_t>((from) + (size)-1), (name), (flags)})
#define DEFINE_RES_MEM_NAMED(from, size, name) DEFINE_RES_NAMED(from, size, name, IORESOURCE_MEM)
#define DEFINE_RES_MEM(from, size) DEFINE_RES_MEM_NAMED(from, size, nullptr)
#define DEFINE_RES_IO_NAMED(from, size, name) DEFINE_RES_NAMED(from, size, name, IORESOURCE_IO)
#define DEFINE_RES_IO(from, size) DEFINE_RES_IO_NAMED(from, size, nullptr)
#define DEFINE_RES_IRQ_NAMED(irq, name) DEFINE_RES_NAMED(irq, 1, name, IORESOURCE_IRQ)
#define DEFINE_RES_IRQ(irq) DEFINE_RES_IRQ_NAMED(irq, nullptr)
