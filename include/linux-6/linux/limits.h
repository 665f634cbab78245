// SPDX-License-Identifier: MIT
// <linux/limits.h>: the system's, and what the kernel's has beyond it.
#pragma once

#if __has_include_next(<linux/limits.h>)
#include_next <linux/limits.h>
#endif

// libc's <limits.h> includes this file half way through itself; then there is nothing to add.
#if !defined(_LIBC_LIMITS_H_)
#include <climits>
#endif
