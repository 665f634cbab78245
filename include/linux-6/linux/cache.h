// SPDX-License-Identifier: MIT
// <linux/cache.h>: the size of a cache line, as on the machines that this runs on.
#pragma once

#include <linux/compiler_attributes.h>

#define L1_CACHE_SHIFT 6
#define L1_CACHE_BYTES (1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES L1_CACHE_BYTES
#define L1_CACHE_ALIGN(x) (((x) + (L1_CACHE_BYTES - 1)) & ~static_cast<decltype(x)>(L1_CACHE_BYTES - 1))
