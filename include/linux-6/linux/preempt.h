// SPDX-License-Identifier: MIT
// <linux/preempt.h>: what context this is, and sections that must not be preempted or see a softirq.
//
// The sections count, so the questions are answered and sleeping inside them is reported.  Those without preemption do not
// yet keep the other threads of the same emulated CPU out; those without bottom halves do: see softirq.hpp.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline int preempt_count() noexcept { return static_cast<int>(impl::here::preempt_count()); }
inline bool in_hardirq() noexcept { return impl::here::in_hardirq(); }
inline bool in_irq() noexcept { return impl::here::in_hardirq(); }
inline bool in_softirq() noexcept { return impl::here::in_softirq(); }
inline bool in_serving_softirq() noexcept { return impl::here::in_serving_softirq(); }
inline bool in_interrupt() noexcept { return impl::here::in_interrupt(); }
inline bool in_task() noexcept { return impl::here::in_task(); }
inline bool in_atomic() noexcept { return impl::here::in_atomic(); }
inline bool preemptible() noexcept { return !in_atomic() && !impl::here::irqs_disabled(); }

inline void preempt_disable() noexcept { impl::here::add(preempt_offset); }
inline void preempt_enable(location at = location::current()) noexcept { impl::here::enable_preemption(at); }
/// A thread stays on its emulated CPU anyway.
inline void migrate_disable() noexcept {}
inline void migrate_enable() noexcept {}
/// No softirq, tasklet or timer of this CPU runs until local_bh_enable(), nor another task's such section, unless it holds a
/// spin lock; and none on return.  Nests.  Context: any that we manage.
inline void local_bh_disable(location at = location::current()) noexcept {
    auto* c = impl::bottom_halves(at);
    c != nullptr ? c->all->disable(c) : impl::here::add(2 * softirq_offset);
}
/// With the last one, those that were raised meanwhile run.  Context: as local_bh_disable(), but with interrupts on.
inline void local_bh_enable(location at = location::current()) noexcept { softirq_controller<engine>::enable(at); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::in_atomic;
using bottomhalf::linux6::in_hardirq;
using bottomhalf::linux6::in_interrupt;
using bottomhalf::linux6::in_irq;
using bottomhalf::linux6::in_serving_softirq;
using bottomhalf::linux6::in_softirq;
using bottomhalf::linux6::in_task;
using bottomhalf::linux6::local_bh_disable;
using bottomhalf::linux6::local_bh_enable;
using bottomhalf::linux6::migrate_disable;
using bottomhalf::linux6::migrate_enable;
using bottomhalf::linux6::preempt_count;
using bottomhalf::linux6::preempt_disable;
using bottomhalf::linux6::preempt_enable;
using bottomhalf::linux6::preemptible;
