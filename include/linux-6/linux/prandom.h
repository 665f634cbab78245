// SPDX-License-Identifier: MIT
// <linux/prandom.h>: in <linux/random.h>.
#pragma once

#include <linux/random.h>
