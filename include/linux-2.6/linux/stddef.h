// SPDX-License-Identifier: MIT
// <linux/stddef.h>: the system's, and what the kernel's adds.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include_next <linux/stddef.h>

#ifndef NULL
#define NULL __null
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
