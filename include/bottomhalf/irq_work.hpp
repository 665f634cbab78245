// SPDX-License-Identifier: MIT
// irq_work.hpp: hard interrupt context on demand.  An item is put on its CPU's list, and the CPU rings itself.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/irq.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/softirq.hpp>

namespace bottomhalf {

/// What the kernel calls struct irq_work.  Valid when zeroed but for its function.
struct BOTTOMHALF_ALIASES irq_work_node {
    irq_work_node* next = nullptr;   // in its CPU's list
    std::uint32_t flags = 0;         // A [irq_work.flags]
    void (*func)(irq_work_node*) = nullptr;
};

template <class Arch>
struct irq_work_ops {
    using cpu = typename softirq_controller<Arch>::cpu;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    static constexpr std::uint32_t pending = 1, busy = 2;   // as the kernel's IRQ_WORK_PENDING and _BUSY

    /// Context: any, async-signal-safe.  Return: false if it is pending already.
    static bool queue(irq_controller<Arch>& irqs, cpu& c, irq_work_node& w) noexcept {
        // [irq_work.flags] acq_rel: one that changes nothing publishes to the call to come, too
        if ((atomic<std::uint32_t>(w.flags).fetch_or(pending | busy, acq_rel) & pending) != 0) return false;
        atomic<irq_work_node*> head(c.irq_works);
        irq_work_node* first = head.load(relaxed);   // relaxed: the exchange decides
        do w.next = first;
        while (!head.compare_exchange_weak(first, &w, release, relaxed));   // [irq_work.list] its link
        irqs.ring(c.number, &run);
        return true;
    }
    [[nodiscard]] static bool is(irq_work_node& w, std::uint32_t what) noexcept {
        return (atomic<std::uint32_t>(w.flags).load(acquire) & what) != 0;
    }
    /// Waits until it is not pending and does not run.  Context: process.
    static void sync(irq_work_node& w, location at) noexcept {
        if (!context<Arch>::might_sleep("irq_work_sync", at)) return;
        for (unsigned round = 0; is(w, busy); ++round) Arch::relax(round);   // [irq_work.flags] what it did is visible
    }

private:
    /// Context: hardirq, of that CPU.
    static void run(cpu& c) noexcept {
        // Youngest first, as in the kernel, though nobody should rely on that.
        irq_work_node* l = atomic<irq_work_node*>(c.irq_works).exchange(nullptr, acquire);   // [irq_work.list]
        while (l != nullptr) {
            irq_work_node& w = *l;
            l = w.next;   // from here on it may be queued again
            atomic<std::uint32_t> flags(w.flags);
            flags.fetch_and(~pending, acq_rel);   // [irq_work.flags]
            detail::contain<Arch>("irq_work_single", "irq_work", reinterpret_cast<void*>(w.func),
                                  [&w] { detail::call(w.func, &w); });
            std::uint32_t only = busy;
            flags.compare_exchange_strong(only, 0, acq_rel, relaxed);   // relaxed: it is pending again
        }
    }
};

}   // namespace bottomhalf
