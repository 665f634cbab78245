// SPDX-License-Identifier: MIT
// <linux/gfp_types.h>: how an allocation may go about it.  The bits are the kernel's in meaning, not in place; three count
// here: whether it may sleep, that it is to be zeroed, and that nobody wants to hear of its failure.
#pragma once

#include <linux/types.h>

namespace bottomhalf::linux6 {

inline constexpr gfp_t __GFP_DIRECT_RECLAIM = 1;   // may sleep
inline constexpr gfp_t __GFP_NOWARN = 2;
inline constexpr gfp_t __GFP_ZERO = 4;
inline constexpr gfp_t __GFP_HIGH = 0x10;
inline constexpr gfp_t __GFP_IO = 0x20;
inline constexpr gfp_t __GFP_FS = 0x40;
inline constexpr gfp_t __GFP_KSWAPD_RECLAIM = 0x80;
inline constexpr gfp_t __GFP_NOFAIL = 0x100;
inline constexpr gfp_t __GFP_NORETRY = 0x200;
inline constexpr gfp_t __GFP_RETRY_MAYFAIL = 0x400;
inline constexpr gfp_t __GFP_COMP = 0x800;
inline constexpr gfp_t __GFP_NOMEMALLOC = 0x1000;
inline constexpr gfp_t __GFP_MEMALLOC = 0x2000;
inline constexpr gfp_t __GFP_ACCOUNT = 0x4000;
inline constexpr gfp_t __GFP_DMA = 0x8000;
inline constexpr gfp_t __GFP_DMA32 = 0x10000;
inline constexpr gfp_t __GFP_HIGHMEM = 0x20000;
inline constexpr gfp_t __GFP_THISNODE = 0x40000;
inline constexpr gfp_t __GFP_RECLAIM = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;

inline constexpr gfp_t GFP_ATOMIC = __GFP_HIGH | __GFP_KSWAPD_RECLAIM;
inline constexpr gfp_t GFP_NOWAIT = __GFP_KSWAPD_RECLAIM | __GFP_NOWARN;
inline constexpr gfp_t GFP_NOIO = __GFP_RECLAIM;
inline constexpr gfp_t GFP_NOFS = __GFP_RECLAIM | __GFP_IO;
inline constexpr gfp_t GFP_KERNEL = __GFP_RECLAIM | __GFP_IO | __GFP_FS;
inline constexpr gfp_t GFP_KERNEL_ACCOUNT = GFP_KERNEL | __GFP_ACCOUNT;
inline constexpr gfp_t GFP_USER = GFP_KERNEL;
inline constexpr gfp_t GFP_HIGHUSER = GFP_USER | __GFP_HIGHMEM;
inline constexpr gfp_t GFP_DMA = __GFP_DMA;
inline constexpr gfp_t GFP_DMA32 = __GFP_DMA32;

[[nodiscard]] constexpr bool gfpflags_allow_blocking(gfp_t flags) noexcept {
    return (flags & __GFP_DIRECT_RECLAIM) != 0;
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__GFP_ACCOUNT;
using bottomhalf::linux6::__GFP_COMP;
using bottomhalf::linux6::__GFP_DIRECT_RECLAIM;
using bottomhalf::linux6::__GFP_DMA;
using bottomhalf::linux6::__GFP_DMA32;
using bottomhalf::linux6::__GFP_FS;
using bottomhalf::linux6::__GFP_HIGH;
using bottomhalf::linux6::__GFP_HIGHMEM;
using bottomhalf::linux6::__GFP_IO;
using bottomhalf::linux6::__GFP_KSWAPD_RECLAIM;
using bottomhalf::linux6::__GFP_MEMALLOC;
using bottomhalf::linux6::__GFP_NOFAIL;
using bottomhalf::linux6::__GFP_NOMEMALLOC;
using bottomhalf::linux6::__GFP_NORETRY;
using bottomhalf::linux6::__GFP_NOWARN;
using bottomhalf::linux6::__GFP_RECLAIM;
using bottomhalf::linux6::__GFP_RETRY_MAYFAIL;
using bottomhalf::linux6::__GFP_THISNODE;
using bottomhalf::linux6::__GFP_ZERO;
using bottomhalf::linux6::GFP_ATOMIC;
using bottomhalf::linux6::GFP_DMA;
using bottomhalf::linux6::GFP_DMA32;
using bottomhalf::linux6::GFP_HIGHUSER;
using bottomhalf::linux6::GFP_KERNEL;
using bottomhalf::linux6::GFP_KERNEL_ACCOUNT;
using bottomhalf::linux6::GFP_NOFS;
using bottomhalf::linux6::GFP_NOIO;
using bottomhalf::linux6::GFP_NOWAIT;
using bottomhalf::linux6::GFP_USER;
using bottomhalf::linux6::gfpflags_allow_blocking;
