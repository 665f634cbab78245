// SPDX-License-Identifier: MIT
// <linux/limits.h>: the system's.
#pragma once

#include_next <linux/limits.h>
