// SPDX-License-Identifier: MIT
// <asm/hardirq.h>: see <linux/hardirq.h>.
#pragma once

#include <linux/hardirq.h>
