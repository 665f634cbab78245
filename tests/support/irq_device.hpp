// SPDX-License-Identifier: MIT
//
// A device that interrupts, and a machine whose CPUs are there to be interrupted.
#pragma once

#include <bottomhalf/irq.hpp>

#include <atomic>

#include "support/catch.hpp"
#include "support/engine.hpp"

namespace support::irq_device {

using namespace bottomhalf;

constexpr unsigned line = 5;

/// A device: its handler does as it is told, and says what it saw.
struct device {
    std::atomic<int> calls{0};
    std::atomic<int> cpu{-1};
    std::atomic<bool> in_hardirq{false};
    std::atomic<bool> mine{true};   // whether the interrupt was ours
    void (*also)(device&) = nullptr;
    void* data = nullptr;
};

template <class Arch>
irqreturn top_half(int irq, void* dev_id, void*) {
    auto& d = *static_cast<device*>(dev_id);
    d.cpu = Arch::current().cpu;
    d.in_hardirq = context<Arch>::in_hardirq() && irq == static_cast<int>(line);
    if (d.also != nullptr) d.also(d);
    const bool mine = d.mine;
    ++d.calls;
    return mine ? irqreturn::handled : irqreturn::none;
}

/// A machine whose CPUs are there to take interrupts.
template <class Arch>
struct booted {
    scoped_machine<Arch> m{{.cpus = 2}};
    basic_workqueue_struct<Arch>* events = m.events(location::current());

    int request(device& d, unsigned long flags = 0, unsigned irq = line) {
        return m.irqs().request(irq, {.handler = &top_half<Arch>, .dev_id = &d, .name = "test", .flags = flags},
                                location::current());
    }
    void free(device& d) { m.irqs().free(line, &d, location::current()); }
    bool raise() { return m.irqs().raise(line); }
    bool queue_on(unsigned cpu, work_item& w) {
        return workqueue_ops<Arch>::queue_work_on(cpu, events, w, location::current());
    }
};

}   // namespace support::irq_device
