// SPDX-License-Identifier: MIT
// <linux/kernel.h>: small things.
#pragma once

#include <linux/array_size.h>
#include <linux/bottomhalf.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/hex.h>
#include <linux/kconfig.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/trace_printk.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Says so if the caller may not sleep here.
inline void might_sleep(location at = location::current()) noexcept { impl::here::might_sleep("might_sleep", at); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::might_sleep;

#define might_sleep_if(condition) ((condition) ? might_sleep() : (void)0)
#define upper_32_bits(n) (static_cast<u32>((static_cast<u64>(n) >> 16) >> 16))
#define lower_32_bits(n) (static_cast<u32>((n)&0xffffffff))
#define upper_16_bits(n) (static_cast<u16>((n) >> 16))
#define lower_16_bits(n) (static_cast<u16>((n)&0xffff))
#define REPEAT_BYTE(x) ((~0UL / 0xff) * (x))

// The system's, for struct sysinfo: libc's <sys/sysinfo.h> comes here for it.  Last, because what follows the pragma is not
// warned about, and without it -Wpedantic says that #include_next is an extension.
#pragma GCC system_header
#if __has_include_next(<linux/kernel.h>)
#include_next <linux/kernel.h>
#endif

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <asm/byteorder.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/stddef.h>
#include <linux/stringify.h>
