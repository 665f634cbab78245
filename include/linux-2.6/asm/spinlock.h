// SPDX-License-Identifier: MIT
// <asm/spinlock.h>: see <linux/spinlock.h>.
#pragma once

#include <linux/spinlock.h>
