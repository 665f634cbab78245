// SPDX-License-Identifier: MIT
// <linux/version.h>: the kernel that this interface is of.
#pragma once

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(2, 6, 11)
