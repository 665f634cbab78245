// SPDX-License-Identifier: MIT
// <linux/types.h>: the system's, and the kernel's short names.  libc includes this file half way through its own
// headers, so it includes nothing of theirs.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include_next <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

typedef __SIZE_TYPE__ size_t;
typedef u64 dma_addr_t;
typedef u64 sector_t;
typedef unsigned int gfp_t;

#define BITS_PER_LONG (8 * __SIZEOF_LONG__)
