// SPDX-License-Identifier: MIT
// <linux/string.h>: libc's.
#pragma once

#if __has_include_next(<linux/string.h>)
#include_next <linux/string.h>
#endif

#include <string.h>

#include <linux/types.h>
