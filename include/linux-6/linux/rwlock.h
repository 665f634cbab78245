// SPDX-License-Identifier: MIT
// <linux/rwlock.h>
#pragma once

#include <linux/spinlock.h>
