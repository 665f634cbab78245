// SPDX-License-Identifier: MIT
// <linux/limits.h>: the system's, and what the kernel's has beyond it.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#if __has_include_next(<linux/limits.h>)
#include_next <linux/limits.h>
#endif

// libc's <limits.h> includes this file half way through itself; then there is nothing to add.
#if !defined(_LIBC_LIMITS_H_)
#include <climits>
#endif
