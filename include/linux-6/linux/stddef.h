// SPDX-License-Identifier: MIT
// <linux/stddef.h>: the system's, with what the kernel adds.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#if __has_include_next(<linux/stddef.h>)
#include_next <linux/stddef.h>
#endif

#ifndef offsetofend
#define sizeof_field(type, member) sizeof(((type*)0)->member)
#define offsetofend(type, member) (__builtin_offsetof(type, member) + sizeof_field(type, member))
#endif
