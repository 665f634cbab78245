// SPDX-License-Identifier: MIT
// <asm/irq.h>: see <linux/interrupt.h>.
#pragma once

#include <linux/interrupt.h>
