// SPDX-License-Identifier: MIT
// <linux/types.h>: the kernel's short integer types, on top of the system's header of the same name (which libc itself
// includes; hence nothing of the library in here).
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#if __has_include_next(<linux/types.h>)
#include_next <linux/types.h>
#endif

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

using s8 = std::int8_t;
using u8 = std::uint8_t;
using s16 = std::int16_t;
using u16 = std::uint16_t;
using s32 = std::int32_t;
using u32 = std::uint32_t;
using s64 = long long;
using u64 = unsigned long long;   // as in the kernel: %llu prints it
using phys_addr_t = u64;
using dma_addr_t = u64;
using resource_size_t = phys_addr_t;
using gfp_t = unsigned int;
using umode_t = unsigned short;
