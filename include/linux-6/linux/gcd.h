// SPDX-License-Identifier: MIT
// <linux/gcd.h>: beside the rest of the arithmetic.
#pragma once

#include <linux/math.h>
