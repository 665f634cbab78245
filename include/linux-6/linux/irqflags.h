// SPDX-License-Identifier: MIT
// <linux/irqflags.h>: this thread's interrupts, masked and unmasked.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline bool irqs_disabled() noexcept { return impl::here::irqs_disabled(); }
inline void local_irq_disable() noexcept { engine::irq_save(); }
inline void local_irq_enable() noexcept { engine::irq_restore(false); }
inline unsigned long bottomhalf_irq_save() noexcept { return engine::irq_save() ? 1 : 0; }
inline void local_irq_restore(unsigned long flags) noexcept { engine::irq_restore(flags != 0); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_irq_save;
using bottomhalf::linux6::irqs_disabled;
using bottomhalf::linux6::local_irq_disable;
using bottomhalf::linux6::local_irq_enable;
using bottomhalf::linux6::local_irq_restore;

#define local_irq_save(flags) ((void)((flags) = bottomhalf_irq_save()))
#define local_save_flags(flags) ((void)((flags) = irqs_disabled() ? 1UL : 0UL))
