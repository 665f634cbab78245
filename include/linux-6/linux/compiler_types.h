// SPDX-License-Identifier: MIT
// <linux/compiler_types.h>: names that C++ code, too, may use for something else: `noinline` and `fallthrough` in attributes,
// the others for parameters.  So <linux/init.h> brings them, last, and not <linux/compiler.h>.
#pragma once

#include <linux/compiler_attributes.h>

#define noinline __attribute__((__noinline__))
#define fallthrough __attribute__((__fallthrough__))
#define __user
#define __kernel
#define __force
