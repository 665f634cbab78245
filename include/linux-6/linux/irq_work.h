// SPDX-License-Identifier: MIT
// <linux/irq_work.h>: hard interrupt context on demand.
#pragma once

#include <bottomhalf/irq_work.hpp>

#include <linux/bottomhalf.h>
#include <linux/interrupt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Valid when zeroed but for its function.
struct BOTTOMHALF_ALIASES irq_work {
    struct irq_work* next;
    unsigned int flags;
    void (*func)(struct irq_work* work);
};
static_assert(sizeof(irq_work) == sizeof(irq_work_node) &&
              offsetof(irq_work, flags) == offsetof(irq_work_node, flags) &&
              offsetof(irq_work, func) == offsetof(irq_work_node, func));

namespace impl {
using irq_works = irq_work_ops<engine>;
inline irq_work_node& node(irq_work* w) noexcept { return *reinterpret_cast<irq_work_node*>(w); }
inline bool queue(irq_work* w, unsigned cpu, location at) noexcept {
    core_machine* m = up(at);
    if (m == nullptr) return false;
    // events/N takes interrupts.  If it is not there, and we may not wait for it, the call is made as soon as it is; but
    // not while we have interrupts off, since before the machine was up perhaps.
    if (m->events_if_up() == nullptr) [[unlikely]] {
        const bool off = here::irqs_disabled();
        if (off && here::in_task()) irq_section<engine>::make_up_for(home_port<engine>);
        if (off || here::in_atomic())
            m->ask_for_events();
        else if (irqs(at) == nullptr)
            return false;
    }
    return irq_works::queue(m->irqs(), *m->softirqs().of_cpu(cpu), node(w));
}
}   // namespace impl

inline void init_irq_work(struct irq_work* w, void (*func)(struct irq_work*)) noexcept { *w = {nullptr, 0, func}; }
/// Calls its function in hardirq context, soon, on this CPU.  Context: any, async-signal-safe once the machine is up.
/// Return: false if it is pending already.
inline bool irq_work_queue(struct irq_work* w, location at = location::current()) noexcept {
    return impl::queue(w, impl::this_cpu(at), at);
}
inline bool irq_work_queue_on(struct irq_work* w, int cpu, location at = location::current()) noexcept {
    return impl::queue(w, static_cast<unsigned>(cpu), at);
}
/// Waits until it is idle.  Context: process.
inline void irq_work_sync(struct irq_work* w, location at = location::current()) noexcept {
    if (impl::irqs(at) != nullptr) impl::irq_works::sync(impl::node(w), at);   // somebody must take interrupts
}
inline bool irq_work_is_pending(struct irq_work* w) noexcept {
    return impl::irq_works::is(impl::node(w), impl::irq_works::pending);
}
inline bool irq_work_is_busy(struct irq_work* w) noexcept {
    return impl::irq_works::is(impl::node(w), impl::irq_works::busy);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::init_irq_work;
using bottomhalf::linux6::irq_work;
using bottomhalf::linux6::irq_work_is_busy;
using bottomhalf::linux6::irq_work_is_pending;
using bottomhalf::linux6::irq_work_queue;
using bottomhalf::linux6::irq_work_queue_on;
using bottomhalf::linux6::irq_work_sync;

// Lazy ones wait for no tick here, and hard ones are what they all are.
#define IRQ_WORK_INIT(_func) \
    { nullptr, 0, (_func) }
#define IRQ_WORK_INIT_LAZY(_func) IRQ_WORK_INIT(_func)
#define IRQ_WORK_INIT_HARD(_func) IRQ_WORK_INIT(_func)
#define DEFINE_IRQ_WORK(name, _func) struct irq_work name = IRQ_WORK_INIT(_func)
