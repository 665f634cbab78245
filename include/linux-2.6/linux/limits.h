// SPDX-License-Identifier: MIT
// <linux/limits.h>: the system's.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include_next <linux/limits.h>
