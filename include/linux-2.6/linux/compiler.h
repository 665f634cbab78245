// SPDX-License-Identifier: MIT
// <linux/compiler.h>: words for the compiler.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
/// Keeps the compiler from moving memory accesses across.
inline void barrier() noexcept { asm volatile("" ::: "memory"); }
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26
using bottomhalf::linux26::barrier;

// Function-like, so that the attributes [[likely]] and [[unlikely]] stay what they are.
#define likely(x) (__builtin_expect(!!(x), 1))
#define unlikely(x) (__builtin_expect(!!(x), 0))

#define __user
#define __kernel
#define __iomem
#define __force
#define __must_check __attribute__((warn_unused_result))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __packed
#define __packed __attribute__((packed))
#endif
#define __maybe_unused __attribute__((unused))
#define asmlinkage
#define fastcall
#define FASTCALL(x) x
