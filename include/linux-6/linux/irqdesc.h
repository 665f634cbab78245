// SPDX-License-Identifier: MIT
// <linux/irqdesc.h>: a line, as flow handlers see it.
#pragma once

#include <linux/bottomhalf_pointer.h>
#include <bottomhalf/irq_desc.hpp>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::irq_data;
using bottomhalf::irq_desc;
using irq_flow_handler_t = void (*)(struct irq_desc* desc);

struct irq_chip;

inline struct irq_data* irq_desc_get_irq_data(struct irq_desc* desc) noexcept { return &desc->irq_data; }
inline unsigned int irq_desc_get_irq(struct irq_desc* desc) noexcept { return desc->irq_data.irq; }
inline struct irq_chip* irq_desc_get_chip(struct irq_desc* desc) noexcept {
    return reinterpret_cast<irq_chip*>(desc->irq_data.chip);
}
inline bottomhalf_pointer irq_desc_get_chip_data(struct irq_desc* desc) noexcept {
    return bottomhalf_pointer(desc->irq_data.chip_data);
}
inline bottomhalf_pointer irq_desc_get_handler_data(struct irq_desc* desc) noexcept {
    return bottomhalf_pointer(desc->irq_common_data.handler_data);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::irq_data;
using bottomhalf::irq_desc;
using bottomhalf::linux6::irq_desc_get_chip;
using bottomhalf::linux6::irq_desc_get_chip_data;
using bottomhalf::linux6::irq_desc_get_handler_data;
using bottomhalf::linux6::irq_desc_get_irq;
using bottomhalf::linux6::irq_desc_get_irq_data;
using bottomhalf::linux6::irq_flow_handler_t;
