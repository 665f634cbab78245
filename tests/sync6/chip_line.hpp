// SPDX-License-Identifier: MIT
//
// A line of a chip's driver that writes down what it is told.
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include <linux/irq.h>

#include "sync6/contest.hpp"

namespace support::chips {

/// What a chip has been told, a letter each.
inline std::string said;
inline std::atomic<int> calls, in_softirq_of_call, in_hardirq_of_call;

inline const irq_chip plain = {.name = "plain",
                               .irq_ack = [](struct irq_data*) { said += 'a'; },
                               .irq_mask = [](struct irq_data*) { said += 'm'; },
                               .irq_unmask = [](struct irq_data*) { said += 'u'; },
                               .irq_eoi = [](struct irq_data*) { said += 'e'; }};

inline irqreturn_t count(int, void*) {
    ++calls;
    in_hardirq_of_call = in_hardirq() ? 1 : 0;
    in_softirq_of_call = in_serving_softirq() ? 1 : 0;
    said += '!';
    return IRQ_HANDLED;
}
/// Handed over by whoever has the chip, with interrupts off.
inline void interrupt(int irq) {
    local_irq_disable();
    generic_handle_irq(static_cast<unsigned>(irq));
    local_irq_enable();
}
inline std::string told() { return std::exchange(said, std::string()); }

struct chip_line {
    int irq;
    explicit chip_line(const irq_chip& chip, irq_flow_handler_t flow) : irq(irq_alloc_desc(0)) {
        irq_set_chip_and_handler(number(), &chip, flow);
        irq_clear_status_flags(number(), IRQ_NOREQUEST | IRQ_NOPROBE);
        said.clear();
        calls = 0;
    }
    ~chip_line() { irq_free_desc(number()); }
    chip_line(const chip_line&) = delete;
    chip_line& operator=(const chip_line&) = delete;
    [[nodiscard]] unsigned int number() const { return static_cast<unsigned int>(irq); }
};
inline int dev;

}   // namespace support::chips
