// SPDX-License-Identifier: MIT
// <linux/lcm.h>: beside the rest of the arithmetic.
#pragma once

#include <linux/math.h>
