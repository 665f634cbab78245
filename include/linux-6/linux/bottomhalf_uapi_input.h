// SPDX-License-Identifier: MIT
// <linux/bottomhalf_uapi_input.h>: the system's <linux/input.h>: the codes of events, and what user space sees of a device.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include <linux/types.h>

#include_next <linux/input.h>
