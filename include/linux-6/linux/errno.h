// SPDX-License-Identifier: MIT
// <linux/errno.h>: the system's, and the errors that only the kernel knows.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#if __has_include_next(<linux/errno.h>)
#include_next <linux/errno.h>
#endif

#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif
#ifndef EPROBE_DEFER
#define EPROBE_DEFER 517
#endif
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif
