// SPDX-License-Identifier: MIT
// <linux/compiler_attributes.h>: what the compiler is told about functions and variables, and sparse about pointers (nothing
// here).  Those that are parameter names in standard headers, as __init is, are in <linux/init.h>.
#pragma once

#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __must_check __attribute__((warn_unused_result))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define __scanf(a, b) __attribute__((format(scanf, a, b)))
#define __cold __attribute__((cold))
#define __malloc __attribute__((malloc))
#define __weak __attribute__((weak))
#undef __packed
#define __packed __attribute__((packed))
#define __aligned(x) __attribute__((aligned(x)))
#define __cacheline_aligned __attribute__((aligned(64)))
#define ____cacheline_aligned __attribute__((aligned(64)))
#define ____cacheline_aligned_in_smp __attribute__((aligned(64)))
#define __read_mostly
#define __ro_after_init
#define __percpu
#define __iomem
#define __rcu
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
