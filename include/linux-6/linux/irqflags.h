// SPDX-License-Identifier: MIT
// <linux/irqflags.h>: this CPU's interrupts, off and on.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline bool irqs_disabled() noexcept { return impl::here::irqs_disabled(); }
namespace impl {
using irqs_off = irq_section<engine>;
}   // namespace impl
/// No top half and no bottom half of this CPU runs until they are on again, nor another such section.  Not counted.
/// Context: any.
inline void local_irq_disable() noexcept { impl::irqs_off::enter(home_port<engine>); }
inline void local_irq_enable() noexcept { impl::irqs_off::leave(); }
inline unsigned long bottomhalf_irq_save() noexcept { return impl::irqs_off::enter(home_port<engine>) ? 1 : 0; }
inline void local_irq_restore(unsigned long flags) noexcept {
    if (flags == 0) return local_irq_enable();
    local_irq_disable();   // exactly what was
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_irq_save;
using bottomhalf::linux6::irqs_disabled;
using bottomhalf::linux6::local_irq_disable;
using bottomhalf::linux6::local_irq_enable;
using bottomhalf::linux6::local_irq_restore;

#define local_irq_save(flags) ((void)((flags) = bottomhalf_irq_save()))
#define local_save_flags(flags) ((void)((flags) = irqs_disabled() ? 1UL : 0UL))
