// SPDX-License-Identifier: MIT
// <linux/string.h>: libc's.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#if __has_include_next(<linux/string.h>)
#include_next <linux/string.h>
#endif

#include <string.h>

#include <linux/types.h>
