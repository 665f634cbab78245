// SPDX-License-Identifier: MIT
// <linux/irq_poll.h>: a top half that has turned its device's interrupts off hands the rest to a softirq, which polls the device
// a few events at a time until it is quiet.
//
//   irq_poll_init(&card->iop, 16, poll);            process context
//   irq_poll_sched(&card->iop);                     in the top half: poll() is called soon, on this CPU
//   static int poll(struct irq_poll *iop, int budget)
//   {   int done = ...;                             at most `budget`
//       if (done < budget) { irq_poll_complete(iop); ...turn interrupts on... }
//       return done; }                              the whole budget: it comes again, after the others
#pragma once

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/smp.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct irq_poll;
using irq_poll_fn = int(struct irq_poll* iop, int budget);
struct irq_poll {
    struct list_head list;   // of its CPU, with that CPU's interrupts off
    unsigned long state;     // A: bits
    int weight;
    irq_poll_fn* poll;
};
enum : int { IRQ_POLL_F_SCHED = 0, IRQ_POLL_F_DISABLE = 1 };   // somebody has it: the softirq, or who disables it

namespace impl {

inline constexpr int irq_poll_budget = 256;                             // of a run of the softirq
BOTTOMHALF_STATE inline constinit list_head irq_polls[max_cpus] = {};   // each with its CPU's interrupts off
BOTTOMHALF_STATE inline constinit struct mutex irq_poll_setup = {};

inline list_head* polls_here() noexcept {
    list_head* mine = &irq_polls[this_cpu(location::current())];
    if (mine->next == nullptr) INIT_LIST_HEAD(mine);
    return mine;
}
/// Interrupts are off.
inline void end_irq_poll(irq_poll* iop) noexcept {
    list_del(&iop->list);
    clear_bit_unlock(IRQ_POLL_F_SCHED, &iop->state);   // whoever has it next sees what poll() did
}
/// The softirq.
inline void run_irq_polls() {
    int left = irq_poll_budget;
    const unsigned long begin = jiffies;
    local_irq_disable();
    list_head* mine = polls_here();
    while (!list_empty(mine)) {
        if (left <= 0 || time_after(jiffies, begin)) {
            raise_softirq_irqoff(IRQ_POLL_SOFTIRQ);   // the others have waited long enough
            break;
        }
        local_irq_enable();
        // It stays first meanwhile: only this softirq takes away, and others add behind.
        irq_poll* iop = list_first_entry(mine, irq_poll, list);
        const int weight = iop->weight;
        const int work = test_bit(IRQ_POLL_F_SCHED, &iop->state) ? iop->poll(iop, weight) : 0;
        left -= work;
        local_irq_disable();
        if (work < weight) continue;   // poll() has completed it, and it may be anywhere
        if (test_bit(IRQ_POLL_F_DISABLE, &iop->state))
            end_irq_poll(iop);
        else
            list_move_tail(&iop->list, mine);
    }
    local_irq_enable();
}

}   // namespace impl

/// Context: process, when nobody polls it.
inline void irq_poll_init(struct irq_poll* iop, int weight, irq_poll_fn* poll_fn, location at = location::current()) {
    *iop = {};
    INIT_LIST_HEAD(&iop->list);
    iop->weight = weight;
    iop->poll = poll_fn;
    impl::core_machine* m = impl::up(at);
    mutex_lock(&impl::irq_poll_setup, at);
    if (m != nullptr && !m->softirqs().is_open(static_cast<softirq>(IRQ_POLL_SOFTIRQ)))
        open_softirq(IRQ_POLL_SOFTIRQ, impl::run_irq_polls, at);
    mutex_unlock(&impl::irq_poll_setup, at);
}
/// poll() is called soon, on this CPU; nothing, if it is scheduled or disabled.  Context: any that we manage.
inline void irq_poll_sched(struct irq_poll* iop) noexcept {
    if (test_bit(IRQ_POLL_F_DISABLE, &iop->state)) return;
    unsigned long flags;
    local_irq_save(flags);   // before the claim: who has claimed it is not kept from listing it
    if (!test_and_set_bit(IRQ_POLL_F_SCHED, &iop->state)) {
        list_add_tail(&iop->list, impl::polls_here());
        raise_softirq_irqoff(IRQ_POLL_SOFTIRQ);
    }
    local_irq_restore(flags);
}
/// There is nothing more to be polled.  Context: its poll(), which has not used up its budget.
inline void irq_poll_complete(struct irq_poll* iop) noexcept {
    unsigned long flags;
    local_irq_save(flags);
    impl::end_irq_poll(iop);
    local_irq_restore(flags);
}
/// Its poll() does not run, and will not, on return.  Context: process.
inline void irq_poll_disable(struct irq_poll* iop, location at = location::current()) {
    set_bit(IRQ_POLL_F_DISABLE, &iop->state);
    while (test_and_set_bit(IRQ_POLL_F_SCHED, &iop->state)) msleep(1, at);
    clear_bit(IRQ_POLL_F_DISABLE, &iop->state);
}
/// May be scheduled again.  Of one that is not disabled: reported.  Context: any.
inline void irq_poll_enable(struct irq_poll* iop, location at = location::current()) noexcept {
    if (!test_bit(IRQ_POLL_F_SCHED, &iop->state)) {
        bottomhalf::detail::say(channel::kernel, severity::bug, "irq_poll_enable", at,
                                "BUG_ON(!test_bit(IRQ_POLL_F_SCHED, &iop->state))");
        return;
    }
    clear_bit_unlock(IRQ_POLL_F_SCHED, &iop->state);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::irq_poll;
using bottomhalf::linux6::irq_poll_complete;
using bottomhalf::linux6::irq_poll_disable;
using bottomhalf::linux6::irq_poll_enable;
using bottomhalf::linux6::IRQ_POLL_F_DISABLE;
using bottomhalf::linux6::IRQ_POLL_F_SCHED;
using bottomhalf::linux6::irq_poll_fn;
using bottomhalf::linux6::irq_poll_init;
using bottomhalf::linux6::irq_poll_sched;
