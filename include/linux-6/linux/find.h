// SPDX-License-Identifier: MIT
// <linux/find.h>: looking for bits, which <linux/bitops.h> has.
#pragma once

#include <linux/bitops.h>
