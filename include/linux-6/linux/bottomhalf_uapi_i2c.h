// SPDX-License-Identifier: MIT
// <linux/bottomhalf_uapi_i2c.h>: the system's <linux/i2c.h>: messages, flags, what an adapter can do.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include <linux/types.h>

#include_next <linux/i2c.h>
