// SPDX-License-Identifier: MIT
// <linux/param.h>: HZ, over the one of <sys/param.h>, which includes this file.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include_next <linux/param.h>

#ifndef BOTTOMHALF_HZ
#define BOTTOMHALF_HZ 250   // as bottomhalf/jiffies.hpp has it
#endif
#undef HZ
#define HZ BOTTOMHALF_HZ
