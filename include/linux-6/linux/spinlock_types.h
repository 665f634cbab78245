// SPDX-License-Identifier: MIT
// <linux/spinlock_types.h>
#pragma once

#include <linux/spinlock.h>
