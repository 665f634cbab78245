// SPDX-License-Identifier: MIT
// <linux/irqreturn.h>: what a top half says: was it my device?
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
typedef int irqreturn_t;
}
}   // namespace bottomhalf::linux26
using bottomhalf::linux26::irqreturn_t;

#define IRQ_NONE (0)
#define IRQ_HANDLED (1)
#define IRQ_RETVAL(x) ((x) != 0)
