// SPDX-License-Identifier: MIT
// <linux/swab.h>: the system's, and what turns the bytes of a number round, in <asm/byteorder.h>.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#if __has_include_next(<linux/swab.h>)
#include_next <linux/swab.h>
#endif

#include <asm/byteorder.h>
