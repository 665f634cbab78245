// SPDX-License-Identifier: MIT
// <asm/cmpxchg.h>: in <linux/atomic.h>.
#pragma once

#include <linux/atomic.h>
