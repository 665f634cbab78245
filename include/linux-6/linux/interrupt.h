// SPDX-License-Identifier: MIT
// <linux/interrupt.h>: top halves.  Lines 0 to 63 of the default machine; a line is raised by bottomhalf::raise_irq()
// or by a file descriptor (bottomhalf::irq_from_fd()).
//
// In this version a top half runs with everything else of its CPU held off, as in the kernel; there are no tasklets and
// no threaded interrupts yet.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

enum irqreturn_t : int { IRQ_NONE = 0, IRQ_HANDLED = 1 };
using irq_handler_t = irqreturn_t (*)(int irq, void* dev_id);

inline constexpr unsigned long IRQF_TRIGGER_RISING = 0x00000001;   // how a line is wired makes no difference here
inline constexpr unsigned long IRQF_TRIGGER_FALLING = 0x00000002;
inline constexpr unsigned long IRQF_SHARED = 0x00000080;
inline constexpr unsigned int IRQ_NOTCONNECTED = 1U << 31;

namespace impl {
inline irqreturn call_top_half(int irq, void* dev_id, void* cookie) {
    return static_cast<irqreturn>(reinterpret_cast<irq_handler_t>(cookie)(irq, dev_id));
}
/// The thread that takes the interrupts of a CPU is the worker of the machine's own queue, events/N.
inline irq_controller<engine>* irqs(location at) noexcept {
    core_machine* m = up(at);
    return m != nullptr && m->events(at) != nullptr ? &m->irqs() : nullptr;
}
}   // namespace impl

/// Context: process.  The handler may run before this returns.  Return: 0 or -errno.
inline int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags, const char* name, void* dev_id,
                       location at = location::current()) noexcept {
    if (irq == IRQ_NOTCONNECTED) return -ENOTCONN;
    auto* c = impl::irqs(at);
    if (c == nullptr) return -ENOMEM;
    irq_action a;
    if (handler != nullptr) a.handler = &impl::call_top_half;
    a.cookie = reinterpret_cast<void*>(handler);
    a.dev_id = dev_id;
    a.name = name;
    a.flags =
        irq_flag::fast | ((flags & IRQF_SHARED) != 0 ? irq_flag::shared : 0);   // today all run with interrupts off
    return c->request(irq, a, at);
}
/// Waits for the handler to return.  Context: process, not the handler itself.
inline void free_irq(unsigned int irq, void* dev_id, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->free(irq, dev_id, at);
}
/// Nests.  disable_irq() waits for the line's handlers: not to be called from one of them.
inline void disable_irq(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->disable(irq, c->may_wait("disable_irq", at));
}
inline void disable_irq_nosync(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->disable(irq, false);
}
/// With the last one, what came meanwhile is replayed, once.
inline void enable_irq(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->enable(irq, at);
}
inline void synchronize_irq(unsigned int irq, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    if (c != nullptr && irq < nr_irqs && c->may_wait("synchronize_irq", at)) c->synchronize(irq);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::disable_irq;
using bottomhalf::linux6::disable_irq_nosync;
using bottomhalf::linux6::enable_irq;
using bottomhalf::linux6::free_irq;
using bottomhalf::linux6::irq_handler_t;
using bottomhalf::linux6::IRQ_NOTCONNECTED;
using bottomhalf::linux6::IRQF_SHARED;
using bottomhalf::linux6::IRQF_TRIGGER_FALLING;
using bottomhalf::linux6::IRQF_TRIGGER_RISING;
using bottomhalf::linux6::irqreturn_t;
using bottomhalf::linux6::request_irq;
using bottomhalf::linux6::synchronize_irq;
using enum bottomhalf::linux6::irqreturn_t;
