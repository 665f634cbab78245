// SPDX-License-Identifier: MIT
// <linux/build_bug.h>: what must hold for the program to compile.
#pragma once

#define BUILD_BUG_ON_MSG(condition, message) static_assert(!(condition), message)
#define BUILD_BUG_ON(condition) BUILD_BUG_ON_MSG(condition, "BUILD_BUG_ON failed: " #condition)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || ((n) & ((n)-1)) != 0)
#define BUILD_BUG_ON_INVALID(e) ((void)sizeof((long)(e)))
/// As an expression: 0.
#define BUILD_BUG_ON_ZERO(e) (static_cast<int>(sizeof(char[(e) ? -1 : 1]) - 1))
