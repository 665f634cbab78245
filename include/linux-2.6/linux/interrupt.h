// SPDX-License-Identifier: MIT
// <linux/interrupt.h>: top halves.
//
//   static irqreturn_t my_interrupt(int irq, void *dev_id, struct pt_regs *regs)
//   {
//       ...                          // what cannot wait: asynchronous to the code it interrupts, must not sleep
//       schedule_work(&my_work);     // the rest
//       return IRQ_HANDLED;
//   }
//   request_irq(5, my_interrupt, SA_SHIRQ, "mydevice", &my_device);
//
// A line is raised by bottomhalf::linux26::raise_irq(), or by a file descriptor: see
// bottomhalf::linux26::irq_from_fd().
#pragma once

#include <linux/bottomhalf.h>

#include <linux/hardirq.h>
#include <linux/irqreturn.h>
#include <linux/sched.h>

struct pt_regs;   // never defined: there are none, and a handler gets NULL

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

typedef irqreturn_t (*irq_handler_t)(int, void*, struct ::pt_regs*);

namespace impl {
inline irqreturn call_top_half(int irq, void* dev_id, void* handler) {
    const irqreturn_t r = reinterpret_cast<irq_handler_t>(handler)(irq, dev_id, nullptr);
    if (r != 0 && r != 1) [[unlikely]]
        detail::say(kernel, severity::warn, "__do_IRQ", location::current(), "irq event %d: bogus return value %x", irq,
                    static_cast<unsigned>(r));
    return r != 0 ? irqreturn::handled : irqreturn::none;
}
}   // namespace impl

/// Installs `handler` as a top half of line `irq`.
/// Context: process.  The handler may run before this returns.
/// Return:  0.  -EINVAL: no such line, no handler, or shared and without a `dev_id`.  -EBUSY: taken, and not shared by
///          both. -ENOMEM.
/// Source:  request_irq(), arch/i386/kernel/irq.c.  Differs: SA_SAMPLE_RANDOM does nothing.
inline int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags, const char* name, void* dev_id,
                       location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    if (m == nullptr || m->events(at) == nullptr) return -ENOMEM;   // events/N takes the interrupts of CPU N
    if (handler == nullptr) return -EINVAL;
    return m->irqs().request(
        irq, {&impl::call_top_half, reinterpret_cast<void*>(handler), dev_id, name, flags, nullptr}, at);
}
/// Removes the handler with this `dev_id`, and waits for it to return.  Context: process, not the handler itself.
inline void free_irq(unsigned int irq, void* dev_id, location at = location::current()) noexcept {
    if (impl::machine_t* m = impl::machine(at)) m->irqs().free(irq, dev_id, at);
}
/// Nests.  Waits for the line's handlers to return; hence not in one of them (reported, and not waited).
inline void disable_irq(unsigned int irq, location at = location::current()) noexcept {
    if (impl::machine_t* m = impl::machine(at)) m->irqs().disable(irq, m->irqs().may_wait("disable_irq", at));
}
/// The same without waiting.  Context: any that we manage.
inline void disable_irq_nosync(unsigned int irq, location at = location::current()) noexcept {
    if (impl::machine_t* m = impl::machine(at)) m->irqs().disable(irq, false);
}
/// Undoes one disable_irq().  With the last, an interrupt that came meanwhile is delivered, once.
inline void enable_irq(unsigned int irq, location at = location::current()) noexcept {
    if (impl::machine_t* m = impl::machine(at)) m->irqs().enable(irq, at);
}
/// Waits until no handler of the line runs.
inline void synchronize_irq(unsigned int irq, location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    if (m != nullptr && irq < nr_irqs && m->irqs().may_wait("synchronize_irq", at)) m->irqs().synchronize(irq);
}

// ---- masking -------------------------------------------------------------------------------------------------------

inline int irqs_disabled() noexcept { return impl::ctx::irqs_disabled(); }
inline void local_irq_disable() noexcept { engine::irq_save(); }
inline void local_irq_enable() noexcept { engine::irq_restore(false); }
inline void local_bh_disable() noexcept { impl::ctx::add(2 * softirq_offset); }
inline void local_bh_enable() noexcept { impl::ctx::sub(2 * softirq_offset); }

namespace impl {
inline unsigned long irq_save() noexcept { return engine::irq_save() ? 1 : 0; }
inline void irq_restore(unsigned long flags) noexcept {
    if (flags == 0)
        engine::irq_restore(false);
    else
        engine::irq_save();   // exactly what was: off
}
}   // namespace impl

// ---- the other side: the device ------------------------------------------------------------------------------------

/// The device of line `irq` wants attention.  Context: any, async-signal-safe once the machine is up.
/// Return: false if there is no such line.
inline bool raise_irq(unsigned int irq) noexcept { return default_machine_of<engine>().irqs().raise(irq); }
/// From now on each O_ASYNC signal of `fd` raises the line.  Context: process.  Return: 0 or -errno.
inline int irq_from_fd(unsigned int irq, int fd, location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    return m == nullptr || m->events(at) == nullptr ? -EAGAIN : m->irqs().watch_fd(irq, fd);
}
inline void irq_from_fd_end(int fd) noexcept { engine::unwatch_fd(fd); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::disable_irq;
using bottomhalf::linux26::disable_irq_nosync;
using bottomhalf::linux26::enable_irq;
using bottomhalf::linux26::free_irq;
using bottomhalf::linux26::irq_handler_t;
using bottomhalf::linux26::irqs_disabled;
using bottomhalf::linux26::local_bh_disable;
using bottomhalf::linux26::local_bh_enable;
using bottomhalf::linux26::local_irq_disable;
using bottomhalf::linux26::local_irq_enable;
using bottomhalf::linux26::request_irq;
using bottomhalf::linux26::synchronize_irq;

#undef SA_INTERRUPT
#define SA_INTERRUPT 0x20000000     /* a fast handler: nothing else runs on its CPU */
#define SA_SHIRQ 0x04000000         /* several devices on one line */
#define SA_SAMPLE_RANDOM 0x10000000 /* accepted, and nothing more */

#define IRQF_DISABLED SA_INTERRUPT /* the names of 2.6.18 */
#define IRQF_SHARED SA_SHIRQ
#define IRQF_SAMPLE_RANDOM SA_SAMPLE_RANDOM

#define NR_IRQS (::bottomhalf::nr_irqs)

#define local_irq_save(flags) ((void)((flags) = ::bottomhalf::linux26::impl::irq_save()))
#define local_irq_restore(flags) (::bottomhalf::linux26::impl::irq_restore(flags))
#define local_save_flags(flags) ((void)((flags) = irqs_disabled() ? 1UL : 0UL))
