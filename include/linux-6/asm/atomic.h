// SPDX-License-Identifier: MIT
// <asm/atomic.h>: in <linux/atomic.h>.
#pragma once

#include <linux/atomic.h>
