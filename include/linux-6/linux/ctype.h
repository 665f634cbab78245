// SPDX-License-Identifier: MIT
// <linux/ctype.h>: libc's, for bytes.
#pragma once

#include <ctype.h>

// The kernel's isodigit() is nobody's name in libc.
#define isodigit(c) ((c) >= '0' && (c) <= '7')
