// SPDX-License-Identifier: MIT
// <asm/smp.h>: see <linux/smp.h>.
#pragma once

#include <linux/smp.h>
