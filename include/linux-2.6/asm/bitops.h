// SPDX-License-Identifier: MIT
// <asm/bitops.h>: see <linux/bitops.h>.
#pragma once

#include <linux/bitops.h>
