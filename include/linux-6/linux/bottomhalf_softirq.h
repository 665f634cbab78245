// SPDX-License-Identifier: MIT
// <linux/bottomhalf_softirq.h>: the part of <linux/interrupt.h> that is bottom halves: softirqs and tasklets.  They run at the
// end of the CPU's interrupt, at local_bh_enable(), or in ksoftirqd/N.
#pragma once

#include <linux/atomic.h>
#include <linux/bottomhalf.h>
#include <linux/container_of.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

// ---- softirqs -------------------------------------------------------------------------------------------------------

enum : unsigned int {
    HI_SOFTIRQ = 0,
    TIMER_SOFTIRQ,
    NET_TX_SOFTIRQ,
    NET_RX_SOFTIRQ,
    BLOCK_SOFTIRQ,
    IRQ_POLL_SOFTIRQ,
    TASKLET_SOFTIRQ,
    SCHED_SOFTIRQ,
    HRTIMER_SOFTIRQ,
    RCU_SOFTIRQ,
    NR_SOFTIRQS
};
static_assert(NR_SOFTIRQS == nr_softirqs);

/// Context: process, before the vector is raised.  Those of tasklets and timers are taken.
inline void open_softirq(int nr, void (*action)(), location at = location::current()) noexcept {
    impl::core_machine* m = impl::up(at);
    if (m == nullptr) return;
    if (nr <= static_cast<int>(TIMER_SOFTIRQ) || nr >= static_cast<int>(NR_SOFTIRQS) ||
        nr == static_cast<int>(TASKLET_SOFTIRQ) || nr == static_cast<int>(HRTIMER_SOFTIRQ)) {
        bottomhalf::detail::say(channel::advice, severity::bug, "open_softirq", at,
                                "vector %d is not there, or belongs to the tasklets or the timers", nr);
        return;
    }
    m->softirqs().open(static_cast<softirq>(nr),
                       {[](softirq_controller<engine>::cpu&, void* f) { reinterpret_cast<void (*)()>(f)(); },
                        reinterpret_cast<void*>(action)});
}
/// It runs soon, on this CPU.  Context: any.
inline void raise_softirq(unsigned int nr, location at = location::current()) noexcept {
    auto* c = impl::bottom_halves(at);
    if (c != nullptr && nr < NR_SOFTIRQS) c->all->raise(*c, static_cast<softirq>(nr));
}
/// The same, for whoever has interrupts off.
inline void raise_softirq_irqoff(unsigned int nr, location at = location::current()) noexcept {
    if (!irqs_disabled())
        bottomhalf::detail::say(channel::kernel, severity::warn, "__raise_softirq_irqoff", at,
                                "lockdep_assert_irqs_disabled(): interrupts are on");
    raise_softirq(nr, at);
}
/// The vectors of this CPU that are to run, a bit each.  Stale when read, unless softirqs are off.  Context: any.
[[nodiscard]] inline unsigned int local_softirq_pending(location at = location::current()) noexcept {
    auto* c = impl::bottom_halves(at);
    return c == nullptr ? 0 : impl::atomic<std::uint32_t>(c->pending).load(relaxed);   // relaxed: a look
}

// ---- tasklets -------------------------------------------------------------------------------------------------------

/// Valid when zeroed but for its function.
struct BOTTOMHALF_ALIASES tasklet_struct {
    struct tasklet_struct* next;
    unsigned long state;
    atomic_t count;
    union {
        void (*func)(unsigned long data);
        void (*callback)(struct tasklet_struct* t);
    };
    unsigned long data;
    bool use_callback;
};
static_assert(sizeof(tasklet_struct) == sizeof(tasklet_node) &&
              offsetof(tasklet_struct, count) == offsetof(tasklet_node, count) &&
              offsetof(tasklet_struct, func) == offsetof(tasklet_node, func) &&
              offsetof(tasklet_struct, use_callback) == offsetof(tasklet_node, use_callback));

enum : int { TASKLET_STATE_SCHED, TASKLET_STATE_RUN };

namespace impl {
using tasklets = tasklet_ops<engine>;
inline tasklet_node& node(tasklet_struct* t) noexcept { return *reinterpret_cast<tasklet_node*>(t); }
constexpr tasklet_struct idle_tasklet(void (*callback)(tasklet_struct*), int count) noexcept {
    tasklet_struct t{nullptr, 0, {count}, {nullptr}, 0, true};
    t.callback = callback;
    return t;
}
constexpr tasklet_struct idle_tasklet(void (*func)(unsigned long), unsigned long data, int count) noexcept {
    return {nullptr, 0, {count}, {func}, data, false};
}
}   // namespace impl

inline void tasklet_setup(struct tasklet_struct* t, void (*callback)(struct tasklet_struct*)) noexcept {
    *t = impl::idle_tasklet(callback, 0);
}
inline void tasklet_init(struct tasklet_struct* t, void (*func)(unsigned long), unsigned long data) noexcept {
    *t = impl::idle_tasklet(func, data, 0);
}
/// It runs once, soon, on this CPU, unless it is scheduled already.  Context: any, async-signal-safe once the machine is
/// up.
inline void tasklet_schedule(struct tasklet_struct* t, location at = location::current()) noexcept {
    if (auto* c = impl::bottom_halves(at)) impl::tasklets::schedule(*c, impl::node(t), impl::tasklets::normal);
}
/// The same, before all others.
inline void tasklet_hi_schedule(struct tasklet_struct* t, location at = location::current()) noexcept {
    if (auto* c = impl::bottom_halves(at)) impl::tasklets::schedule(*c, impl::node(t), impl::tasklets::high);
}
/// Until it is enabled as often it does not run, and does not on return.  Context: not its own function.
inline void tasklet_disable(struct tasklet_struct* t) noexcept { impl::tasklets::disable(impl::node(t)); }
inline void tasklet_disable_in_atomic(struct tasklet_struct* t) noexcept { tasklet_disable(t); }
inline void tasklet_disable_nosync(struct tasklet_struct* t) noexcept { impl::tasklets::disable_nosync(impl::node(t)); }
inline void tasklet_enable(struct tasklet_struct* t) noexcept { impl::tasklets::enable(impl::node(t)); }
inline void tasklet_unlock_wait(struct tasklet_struct* t) noexcept { impl::tasklets::wait_for_end(impl::node(t)); }
/// It has run, if it was scheduled, and is idle on return.  Who schedules it again, does.  Context: process.
inline void tasklet_kill(struct tasklet_struct* t, location at = location::current()) noexcept {
    impl::tasklets::kill_and_wait(impl::node(t), at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::BLOCK_SOFTIRQ;
using bottomhalf::linux6::HI_SOFTIRQ;
using bottomhalf::linux6::HRTIMER_SOFTIRQ;
using bottomhalf::linux6::IRQ_POLL_SOFTIRQ;
using bottomhalf::linux6::NET_RX_SOFTIRQ;
using bottomhalf::linux6::NET_TX_SOFTIRQ;
using bottomhalf::linux6::NR_SOFTIRQS;
using bottomhalf::linux6::open_softirq;
using bottomhalf::linux6::local_softirq_pending;
using bottomhalf::linux6::raise_softirq;
using bottomhalf::linux6::raise_softirq_irqoff;
using bottomhalf::linux6::RCU_SOFTIRQ;
using bottomhalf::linux6::SCHED_SOFTIRQ;
using bottomhalf::linux6::tasklet_disable;
using bottomhalf::linux6::tasklet_disable_in_atomic;
using bottomhalf::linux6::tasklet_disable_nosync;
using bottomhalf::linux6::tasklet_enable;
using bottomhalf::linux6::tasklet_hi_schedule;
using bottomhalf::linux6::tasklet_init;
using bottomhalf::linux6::tasklet_kill;
using bottomhalf::linux6::tasklet_schedule;
using bottomhalf::linux6::tasklet_setup;
using bottomhalf::linux6::TASKLET_SOFTIRQ;
using bottomhalf::linux6::TASKLET_STATE_RUN;
using bottomhalf::linux6::TASKLET_STATE_SCHED;
using bottomhalf::linux6::tasklet_struct;
using bottomhalf::linux6::tasklet_unlock_wait;
using bottomhalf::linux6::TIMER_SOFTIRQ;

#define DECLARE_TASKLET(name, callback) \
    struct tasklet_struct name = ::bottomhalf::linux6::impl::idle_tasklet((callback), 0)
#define DECLARE_TASKLET_DISABLED(name, callback) \
    struct tasklet_struct name = ::bottomhalf::linux6::impl::idle_tasklet((callback), 1)
#define DECLARE_TASKLET_OLD(name, func) \
    struct tasklet_struct name = ::bottomhalf::linux6::impl::idle_tasklet((func), 0UL, 0)
#define DECLARE_TASKLET_DISABLED_OLD(name, func) \
    struct tasklet_struct name = ::bottomhalf::linux6::impl::idle_tasklet((func), 0UL, 1)
#define from_tasklet(var, callback_tasklet, tasklet_fieldname) \
    container_of(callback_tasklet, __typeof__(*var), tasklet_fieldname)
