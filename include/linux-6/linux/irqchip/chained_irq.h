// SPDX-License-Identifier: MIT
// <linux/irqchip/chained_irq.h>: around what a chained handler does.
#pragma once

#include <linux/irq.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Its own line is acknowledged, and held off where it would come again meanwhile.
inline void chained_irq_enter(struct irq_chip* chip, struct irq_desc* desc) noexcept {
    if (chip->irq_eoi != nullptr) return;   // it waits for that
    if (chip->irq_mask_ack != nullptr) return chip->irq_mask_ack(&desc->irq_data);
    if (chip->irq_mask != nullptr) chip->irq_mask(&desc->irq_data);
    if (chip->irq_ack != nullptr) chip->irq_ack(&desc->irq_data);
}
inline void chained_irq_exit(struct irq_chip* chip, struct irq_desc* desc) noexcept {
    if (chip->irq_eoi != nullptr)
        chip->irq_eoi(&desc->irq_data);
    else if (chip->irq_unmask != nullptr)
        chip->irq_unmask(&desc->irq_data);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::chained_irq_enter;
using bottomhalf::linux6::chained_irq_exit;
