// SPDX-License-Identifier: MIT
// <linux/errno.h>: the system's, and the numbers that never leave the kernel.  libc's <errno.h> includes this file.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include_next <linux/errno.h>

#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define ENOTSUPP 524
#endif
