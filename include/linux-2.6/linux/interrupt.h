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
// A line is raised by bottomhalf::linux26::raise_irq(), or by a file, a timer, a signal: see <linux/bottomhalf_sources.h>.
#pragma once

#include <linux/bottomhalf.h>

#include <asm/atomic.h>
#include <linux/hardirq.h>
#include <linux/irqreturn.h>
#include <linux/sched.h>

struct pt_regs;   // never defined: there are none, and a handler gets NULL

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

typedef irqreturn_t (*irq_handler_t)(int, void*, struct ::pt_regs*);

namespace impl {
inline irqreturn call_top_half(int irq, void* dev_id, void* handler) {
    return static_cast<irqreturn>(reinterpret_cast<irq_handler_t>(handler)(irq, dev_id, nullptr));
}
/// Of what a request said, what the core knows.
constexpr unsigned long core_flags(unsigned long flags) noexcept {
    return irq_flag::legacy | ((flags & 0x20000000) != 0 ? irq_flag::fast : 0) |
           ((flags & 0x04000000) != 0 ? irq_flag::shared : 0);
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
    return m->irqs().request(irq,
                             {&impl::call_top_half, reinterpret_cast<void*>(handler), dev_id, name,
                              impl::core_flags(flags), nullptr, nullptr},
                             at);
}
/// Removes the handler with this `dev_id`, and waits for it to return.  Context: process, not the handler itself.
inline void free_irq(unsigned int irq, void* dev_id, location at = location::current()) noexcept {
    if (impl::machine_t* m = impl::machine(at)) m->irqs().free(irq, dev_id, at, "Trying to free free IRQ%u");
}
/// Nests.  Waits for the line's handlers to return, spinning; hence not in one of them (reported, and not waited).
inline void disable_irq(unsigned int irq, location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    if (m == nullptr) return;
    m->irqs().disable(irq, false);
    if (m->irqs().may_wait("disable_irq", at)) m->irqs().synchronize_hardirq(irq);
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
    if (m != nullptr && irq < nr_irqs && m->irqs().may_wait("synchronize_irq", at)) m->irqs().synchronize_hardirq(irq);
}

// ---- masking -------------------------------------------------------------------------------------------------------

inline int irqs_disabled() noexcept { return impl::ctx::irqs_disabled(); }
namespace impl {
using irqs_off = irq_section<engine>;
}   // namespace impl
/// No top half and no bottom half of this CPU runs until they are on again, nor another such section.  Not counted.
/// Context: any.
inline void local_irq_disable() noexcept { impl::irqs_off::enter(home_port<engine>); }
inline void local_irq_enable() noexcept { impl::irqs_off::leave(); }
/// No softirq, tasklet or timer of this CPU runs until local_bh_enable(), nor another task's such section, unless it holds a
/// spin lock; and none on return.  Nests.  Context: any that we manage.
inline void local_bh_disable(location at = location::current()) noexcept {
    auto* c = impl::bottom_halves(at);
    c != nullptr ? c->all->disable(c) : impl::ctx::add(2 * softirq_offset);
}
/// With the last one, those that were raised meanwhile run.  Context: as local_bh_disable(), but with interrupts on.
inline void local_bh_enable(location at = location::current()) noexcept { softirq_controller<engine>::enable(at); }

namespace impl {
inline unsigned long irq_save() noexcept { return irqs_off::enter(home_port<engine>) ? 1 : 0; }
inline void irq_restore(unsigned long flags) noexcept {
    if (flags == 0) return local_irq_enable();
    local_irq_disable();   // exactly what was
}
}   // namespace impl

// ---- softirqs ------------------------------------------------------------------------------------------------------

enum { HI_SOFTIRQ = 0, TIMER_SOFTIRQ, NET_TX_SOFTIRQ, NET_RX_SOFTIRQ, SCSI_SOFTIRQ, TASKLET_SOFTIRQ };

struct softirq_action {
    void (*action)(struct softirq_action*);
    void* data;
};

namespace impl {
inline constexpr unsigned nr_vectors = 6;
BOTTOMHALF_STATE inline constinit softirq_action vectors[nr_vectors] = {};
constexpr softirq vector(int nr) noexcept {
    return nr == TASKLET_SOFTIRQ ? softirq::tasklet : static_cast<softirq>(nr);
}
}   // namespace impl

/// Context: process, before the vector is raised.  HI_SOFTIRQ, TIMER_SOFTIRQ and TASKLET_SOFTIRQ are taken.
/// Source:  open_softirq(), kernel/softirq.c.
inline void open_softirq(int nr, void (*action)(struct softirq_action*), void* data,
                         location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    if (m == nullptr) return;
    if (nr <= TIMER_SOFTIRQ || nr >= TASKLET_SOFTIRQ) {
        detail::say(impl::advice, severity::bug, "open_softirq", at,
                    "vector %d is not there, or belongs to the tasklets or the timers", nr);
        return;
    }
    impl::vectors[nr] = {action, data};
    m->softirqs().open(impl::vector(nr), {[](softirq_controller<engine>::cpu&, void* a) {
                                              auto* mine = static_cast<softirq_action*>(a);
                                              mine->action(mine);
                                          },
                                          &impl::vectors[nr]});
}
/// It runs soon, on this CPU.  Context: any.
inline void raise_softirq(unsigned int nr, location at = location::current()) noexcept {
    auto* c = impl::bottom_halves(at);
    if (c != nullptr && nr < impl::nr_vectors) c->all->raise(*c, impl::vector(static_cast<int>(nr)));
}
inline void raise_softirq_irqoff(unsigned int nr, location at = location::current()) noexcept { raise_softirq(nr, at); }

// ---- tasklets ------------------------------------------------------------------------------------------------------

/// Valid when zeroed but for its function.
struct BOTTOMHALF_ALIASES tasklet_struct {
    struct tasklet_struct* next;
    unsigned long state;
    atomic_t count;
    void (*func)(unsigned long);
    unsigned long data;
    bool has_no_data;   // never, in this era
};
static_assert(sizeof(tasklet_struct) == sizeof(tasklet_node) &&
              offsetof(tasklet_struct, count) == offsetof(tasklet_node, count) &&
              offsetof(tasklet_struct, func) == offsetof(tasklet_node, func) &&
              offsetof(tasklet_struct, has_no_data) == offsetof(tasklet_node, use_callback));

enum { TASKLET_STATE_SCHED, TASKLET_STATE_RUN };

namespace impl {
using tasklets = tasklet_ops<engine>;
inline tasklet_node& node(tasklet_struct* t) noexcept { return *reinterpret_cast<tasklet_node*>(t); }
}   // namespace impl

inline void tasklet_init(struct tasklet_struct* t, void (*func)(unsigned long), unsigned long data) noexcept {
    *t = {nullptr, 0, {0}, func, data, false};
}
/// It runs once, soon, on this CPU, unless it is scheduled already.  Context: any, async-signal-safe once the machine is
/// up.  Source: tasklet_schedule(), include/linux/interrupt.h.
inline void tasklet_schedule(struct tasklet_struct* t, location at = location::current()) noexcept {
    if (auto* c = impl::bottom_halves(at)) impl::tasklets::schedule(*c, impl::node(t), impl::tasklets::normal);
}
/// The same, before all others.
inline void tasklet_hi_schedule(struct tasklet_struct* t, location at = location::current()) noexcept {
    if (auto* c = impl::bottom_halves(at)) impl::tasklets::schedule(*c, impl::node(t), impl::tasklets::high);
}
/// Until it is enabled as often it does not run, and does not on return.  Context: not its own function.
inline void tasklet_disable(struct tasklet_struct* t) noexcept { impl::tasklets::disable(impl::node(t)); }
inline void tasklet_disable_nosync(struct tasklet_struct* t) noexcept { impl::tasklets::disable_nosync(impl::node(t)); }
inline void tasklet_enable(struct tasklet_struct* t) noexcept { impl::tasklets::enable(impl::node(t)); }
inline void tasklet_hi_enable(struct tasklet_struct* t) noexcept { tasklet_enable(t); }
inline void tasklet_unlock_wait(struct tasklet_struct* t) noexcept { impl::tasklets::wait_for_end(impl::node(t)); }
/// It has run, if it was scheduled, and is idle on return.  Who schedules it again, does.  Context: process.
inline void tasklet_kill(struct tasklet_struct* t, location at = location::current()) noexcept {
    impl::tasklets::kill_and_wait(impl::node(t), at);
}

// ---- the other side: the device ------------------------------------------------------------------------------------

/// The device of line `irq` wants attention.  Context: any, async-signal-safe once the machine is up.
/// Return: false if there is no such line.
inline bool raise_irq(unsigned int irq) noexcept { return default_machine_of<engine>().irqs().raise(irq); }

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
using bottomhalf::linux26::open_softirq;
using bottomhalf::linux26::raise_softirq;
using bottomhalf::linux26::raise_softirq_irqoff;
using bottomhalf::linux26::request_irq;
using bottomhalf::linux26::softirq_action;
using bottomhalf::linux26::synchronize_irq;
using bottomhalf::linux26::tasklet_disable;
using bottomhalf::linux26::tasklet_disable_nosync;
using bottomhalf::linux26::tasklet_enable;
using bottomhalf::linux26::tasklet_hi_enable;
using bottomhalf::linux26::tasklet_hi_schedule;
using bottomhalf::linux26::tasklet_init;
using bottomhalf::linux26::tasklet_kill;
using bottomhalf::linux26::tasklet_schedule;
using bottomhalf::linux26::tasklet_struct;
using bottomhalf::linux26::tasklet_unlock_wait;
using bottomhalf::linux26::HI_SOFTIRQ;
using bottomhalf::linux26::NET_RX_SOFTIRQ;
using bottomhalf::linux26::NET_TX_SOFTIRQ;
using bottomhalf::linux26::SCSI_SOFTIRQ;
using bottomhalf::linux26::TASKLET_SOFTIRQ;
using bottomhalf::linux26::TASKLET_STATE_RUN;
using bottomhalf::linux26::TASKLET_STATE_SCHED;
using bottomhalf::linux26::TIMER_SOFTIRQ;

#undef SA_INTERRUPT
#define SA_INTERRUPT 0x20000000     /* a fast handler: nothing else runs on its CPU */
#define SA_SHIRQ 0x04000000         /* several devices on one line */
#define SA_SAMPLE_RANDOM 0x10000000 /* accepted, and nothing more */

#define IRQF_DISABLED SA_INTERRUPT /* the names of 2.6.18 */
#define IRQF_SHARED SA_SHIRQ
#define IRQF_SAMPLE_RANDOM SA_SAMPLE_RANDOM

#define DECLARE_TASKLET(name, func, data) struct tasklet_struct name = {nullptr, 0, {0}, (func), (data), false}
#define DECLARE_TASKLET_DISABLED(name, func, data) struct tasklet_struct name = {nullptr, 0, {1}, (func), (data), false}

#include <linux/bottomhalf_bh.h>

#define NR_IRQS (::bottomhalf::nr_irqs)

#define local_irq_save(flags) ((void)((flags) = ::bottomhalf::linux26::impl::irq_save()))
#define local_irq_restore(flags) (::bottomhalf::linux26::impl::irq_restore(flags))
#define local_save_flags(flags) ((void)((flags) = irqs_disabled() ? 1UL : 0UL))

#include <linux/bottomhalf_sources.h>   // what raises lines
