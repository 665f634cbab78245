// SPDX-License-Identifier: MIT
// <linux/interrupt.h>: top halves, and the handlers in threads that they wake.
//
//   static irqreturn_t my_interrupt(int irq, void *dev_id)
//   {
//       ...                          // what cannot wait: asynchronous to the code it interrupts, must not sleep
//       return IRQ_WAKE_THREAD;      // or: schedule_work(&my_work); return IRQ_HANDLED;
//   }
//   request_threaded_irq(5, my_interrupt, my_thread, IRQF_ONESHOT, "mydevice", &my_device);
//
// Lines 0 to 62 are the machine's own.  The device's side of one is bottomhalf::linux6::raise_irq(), or a file descriptor.
// Others are allocated by who has a chip for them: <linux/irq.h>.  A top half runs with everything else of its CPU held off.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/bottomhalf_softirq.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/irqreturn.h>
#include <linux/preempt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

using irq_handler_t = irqreturn_t (*)(int irq, void* dev_id);

// How a line is wired: see irq_set_irq_type().
inline constexpr unsigned long IRQF_TRIGGER_NONE = 0, IRQF_TRIGGER_RISING = 0x1, IRQF_TRIGGER_FALLING = 0x2,
                               IRQF_TRIGGER_HIGH = 0x4, IRQF_TRIGGER_LOW = 0x8, IRQF_TRIGGER_MASK = 0xf;
inline constexpr unsigned long IRQF_TRIGGER_PROBE = 0x10;   // there is nothing to be probed
inline constexpr unsigned long IRQF_SHARED = 0x80;          // several devices on one line
inline constexpr unsigned long IRQF_PROBE_SHARED = 0x100;   // a mismatch is no surprise
inline constexpr unsigned long IRQF_PERCPU = 0x400;
inline constexpr unsigned long IRQF_NOBALANCING = 0x800;   // no one balances
inline constexpr unsigned long IRQF_IRQPOLL = 0x1000;
inline constexpr unsigned long IRQF_ONESHOT = 0x2000;   // masked until the thread is done
inline constexpr unsigned long IRQF_NO_SUSPEND = 0x4000;
inline constexpr unsigned long IRQF_FORCE_RESUME = 0x8000;
inline constexpr unsigned long IRQF_NO_THREAD = 0x10000;
inline constexpr unsigned long IRQF_EARLY_RESUME = 0x20000;
inline constexpr unsigned long IRQF_COND_SUSPEND = 0x40000;
inline constexpr unsigned long IRQF_NO_AUTOEN = 0x80000;   // off until enable_irq()
inline constexpr unsigned long IRQF_NO_DEBUG = 0x100000;
inline constexpr unsigned long IRQF_COND_ONESHOT = 0x200000;   // IRQF_ONESHOT, if those that share it are
inline constexpr unsigned long __IRQF_TIMER = 0x200;
inline constexpr unsigned long IRQF_TIMER = __IRQF_TIMER | IRQF_NO_SUSPEND | IRQF_NO_THREAD;
inline constexpr unsigned int IRQ_NOTCONNECTED = 1U << 31;

enum { IRQC_IS_HARDIRQ = 0, IRQC_IS_NESTED };   // what request_any_context_irq() returns

namespace impl {
inline bottomhalf::irqreturn call_handler(int irq, void* dev_id, void* cookie) {
    return static_cast<bottomhalf::irqreturn>(reinterpret_cast<irq_handler_t>(cookie)(irq, dev_id));
}
/// The thread that takes the interrupts of a CPU is the worker of the machine's own queue, events/N.
inline irq_controller<engine>* irqs(location at) noexcept {
    core_machine* m = up(at);
    return m != nullptr && m->events(at) != nullptr ? &m->irqs() : nullptr;
}
inline irq_line<engine>* find_line(unsigned int irq, location at) noexcept {
    auto* c = irqs(at);
    return c != nullptr ? c->find(irq) : nullptr;
}
}   // namespace impl

/// Installs `handler` as a top half of the line, and `thread_fn`, which runs in a thread irq/N-name, in process context,
/// whenever `handler` says IRQ_WAKE_THREAD.  Without a handler the thread runs each time; the line is to be IRQF_ONESHOT then.
/// Context: process.  The handler may run before this returns.
/// Return:  0.  -ENOTCONN: IRQ_NOTCONNECTED.  -EINVAL: no such line, or nobody may have it; neither function; flags that do not go
///          together.  -EBUSY: taken, and not shared by all, in the same way.  -ENOSYS: no chip.  -ENOMEM.
inline int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn, unsigned long flags,
                                const char* name, void* dev_id, location at = location::current()) noexcept {
    if (irq == IRQ_NOTCONNECTED) return -ENOTCONN;
    auto* c = impl::irqs(at);
    if (c == nullptr) return -ENOMEM;
    irq_action a;
    if (handler != nullptr) a.handler = &impl::call_handler;
    a.cookie = reinterpret_cast<void*>(handler);
    if (thread_fn != nullptr) a.thread_fn = &impl::call_handler;
    a.thread_cookie = reinterpret_cast<void*>(thread_fn);
    a.dev_id = dev_id;
    a.name = name;
    a.flags = flags & 0xffffffff;
    return c->request(irq, a, at);
}
inline int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags, const char* name, void* dev_id,
                       location at = location::current()) noexcept {
    return request_threaded_irq(irq, handler, nullptr, flags | IRQF_COND_ONESHOT, name, dev_id, at);
}
/// The handler as a top half, or in the thread of the line that this one is behind.  Return: IRQC_IS_..., or -errno.
inline int request_any_context_irq(unsigned int irq, irq_handler_t handler, unsigned long flags, const char* name,
                                   void* dev_id, location at = location::current()) noexcept {
    if (irq == IRQ_NOTCONNECTED) return -ENOTCONN;
    auto* d = impl::find_line(irq, at);
    if (d == nullptr) return -EINVAL;
    if (d->has_status(irq_status::nested_thread)) {
        const int err = request_threaded_irq(irq, nullptr, handler, flags, name, dev_id, at);
        return err != 0 ? err : static_cast<int>(IRQC_IS_NESTED);
    }
    const int err = request_irq(irq, handler, flags, name, dev_id, at);
    return err != 0 ? err : static_cast<int>(IRQC_IS_HARDIRQ);
}
/// Removes the handler with this `dev_id`.  It does not run any more on return, nor does its thread.
/// Context: process, not the handler itself.  Return: the name it was asked for by; NULL, if there is none.
inline const void* free_irq(unsigned int irq, void* dev_id, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    return c != nullptr ? c->free(irq, dev_id, at) : nullptr;
}
/// Nests.  Waits for the line's handlers and its threads to return; hence not in one of them (reported, and not waited).
/// Context: process; where one may not sleep it is reported, and the threads are not waited for.
inline void disable_irq(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->disable(irq, true, at);
}
/// Without waiting.  Context: any that we manage.
inline void disable_irq_nosync(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->disable(irq, false);
}
/// Waits for top halves only.  Context: any but such a one.  Return: false if a thread runs still.
inline bool disable_hardirq(unsigned int irq, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    if (c == nullptr) return false;
    c->disable(irq, false);
    return c->may_wait("disable_hardirq", at) && c->synchronize_hardirq(irq);
}
/// With the last one, what came meanwhile is delivered, once; by level, as long as the device asserts it.
inline void enable_irq(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->enable(irq, at);
}
/// Waits until no handler of the line runs, and no thread.  Context: as disable_irq().
inline void synchronize_irq(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->synchronize(irq, at);
}
inline bool synchronize_hardirq(unsigned int irq, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    return c != nullptr && c->may_wait("synchronize_hardirq", at) && c->synchronize_hardirq(irq);
}
/// Its thread runs, as if its handler had said so.  Context: any that we manage.
inline void irq_wake_thread(unsigned int irq, void* dev_id, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->wake_thread(irq, dev_id);
}
/// By level: returns false if the line has no handler.
inline bool irq_has_action(unsigned int irq, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    return c != nullptr && c->has_action(irq);
}

/// The first CPU of the set takes the line's interrupts, from the next one on.  Context: any that we manage.
/// Return: 0; -EINVAL: no such line, no such CPU, or its chip cannot.
int irq_set_affinity(unsigned int irq, const struct cpumask* cpus, location at = location::current()) noexcept;
inline int irq_force_affinity(unsigned int irq, const struct cpumask* cpus,
                              location at = location::current()) noexcept {
    return irq_set_affinity(irq, cpus, at);
}
inline int irq_can_set_affinity(unsigned int irq, location at = location::current()) noexcept {
    return impl::find_line(irq, at) != nullptr ? 1 : 0;
}
/// A hint is for a balancer, which is not here.  Return: 0; -EINVAL: no such line.
inline int irq_update_affinity_hint(unsigned int irq, const struct cpumask*,
                                    location at = location::current()) noexcept {
    return impl::find_line(irq, at) != nullptr ? 0 : -EINVAL;
}
/// Whether the line went there is not said.
inline int irq_set_affinity_and_hint(unsigned int irq, const struct cpumask* cpus,
                                     location at = location::current()) noexcept {
    const int err = irq_update_affinity_hint(irq, cpus, at);
    if (err == 0 && cpus != nullptr) irq_set_affinity(irq, cpus, at);
    return err;
}
inline int irq_set_affinity_hint(unsigned int irq, const struct cpumask* cpus,
                                 location at = location::current()) noexcept {
    return irq_set_affinity_and_hint(irq, cpus, at);
}

/// Whether the line may wake the system.  Nothing sleeps here: it is counted, and the chip is told.
/// Return: 0; -EINVAL: no such line; -ENXIO: its chip has no part in that; what the chip says.
int irq_set_irq_wake(unsigned int irq, unsigned int on, location at = location::current()) noexcept;
inline int enable_irq_wake(unsigned int irq, location at = location::current()) noexcept {
    return irq_set_irq_wake(irq, 1, at);
}
inline int disable_irq_wake(unsigned int irq, location at = location::current()) noexcept {
    return irq_set_irq_wake(irq, 0, at);
}

// ---- the other side: the device --------------------------------------------------------------------------------------

/// The device of the line wants attention.  Context: any, async-signal-safe once the machine is up.
/// Return: false if there is no such line.
inline bool raise_irq(unsigned int irq) noexcept { return default_machine_of<engine>().irqs().raise(irq); }
/// A device asserts its line, or lets go of it.  One that is wired by level comes again and again meanwhile.  Devices that
/// share a line each have a number, 0 to 30: it is let go when the last of them has done so.  Context: any.
/// Return:  false if there is no such line or device.
inline bool assert_irq(unsigned int irq, bool on, unsigned int device = 0) noexcept {
    return default_machine_of<engine>().irqs().assert_line(irq, on, device);
}
/// As raise_irq(), which stands for what debugfs has in a kernel.  Return: 0, -EINVAL.
inline int irq_inject_interrupt(unsigned int irq) noexcept { return raise_irq(irq) ? 0 : -EINVAL; }
/// What /proc/interrupts shows.  Return: the length of the text, whatever has room in `to`.
inline std::size_t show_interrupts(char* to, std::size_t size, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    return c != nullptr ? c->show(to, size) : 0;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__IRQF_TIMER;
using bottomhalf::linux6::disable_hardirq;
using bottomhalf::linux6::disable_irq;
using bottomhalf::linux6::disable_irq_nosync;
using bottomhalf::linux6::disable_irq_wake;
using bottomhalf::linux6::enable_irq;
using bottomhalf::linux6::enable_irq_wake;
using bottomhalf::linux6::free_irq;
using bottomhalf::linux6::irq_can_set_affinity;
using bottomhalf::linux6::irq_force_affinity;
using bottomhalf::linux6::irq_handler_t;
using bottomhalf::linux6::irq_has_action;
using bottomhalf::linux6::irq_inject_interrupt;
using bottomhalf::linux6::IRQ_NOTCONNECTED;
using bottomhalf::linux6::irq_set_affinity;
using bottomhalf::linux6::irq_set_affinity_and_hint;
using bottomhalf::linux6::irq_set_affinity_hint;
using bottomhalf::linux6::irq_set_irq_wake;
using bottomhalf::linux6::irq_update_affinity_hint;
using bottomhalf::linux6::irq_wake_thread;
using bottomhalf::linux6::IRQC_IS_HARDIRQ;
using bottomhalf::linux6::IRQC_IS_NESTED;
using bottomhalf::linux6::IRQF_COND_ONESHOT;
using bottomhalf::linux6::IRQF_COND_SUSPEND;
using bottomhalf::linux6::IRQF_EARLY_RESUME;
using bottomhalf::linux6::IRQF_FORCE_RESUME;
using bottomhalf::linux6::IRQF_IRQPOLL;
using bottomhalf::linux6::IRQF_NO_AUTOEN;
using bottomhalf::linux6::IRQF_NO_DEBUG;
using bottomhalf::linux6::IRQF_NO_SUSPEND;
using bottomhalf::linux6::IRQF_NO_THREAD;
using bottomhalf::linux6::IRQF_NOBALANCING;
using bottomhalf::linux6::IRQF_ONESHOT;
using bottomhalf::linux6::IRQF_PERCPU;
using bottomhalf::linux6::IRQF_PROBE_SHARED;
using bottomhalf::linux6::IRQF_SHARED;
using bottomhalf::linux6::IRQF_TIMER;
using bottomhalf::linux6::IRQF_TRIGGER_FALLING;
using bottomhalf::linux6::IRQF_TRIGGER_HIGH;
using bottomhalf::linux6::IRQF_TRIGGER_LOW;
using bottomhalf::linux6::IRQF_TRIGGER_MASK;
using bottomhalf::linux6::IRQF_TRIGGER_NONE;
using bottomhalf::linux6::IRQF_TRIGGER_PROBE;
using bottomhalf::linux6::IRQF_TRIGGER_RISING;
using bottomhalf::linux6::request_any_context_irq;
using bottomhalf::linux6::request_irq;
using bottomhalf::linux6::request_threaded_irq;
using bottomhalf::linux6::synchronize_hardirq;
using bottomhalf::linux6::synchronize_irq;

#include <linux/irq.h>   // chips; irq_set_affinity() and irq_set_irq_wake() need to know them

#include <linux/bottomhalf_sources.h>
