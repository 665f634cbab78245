// SPDX-License-Identifier: MIT
// <linux/array_size.h>: how many elements an array has.
#pragma once

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
