// SPDX-License-Identifier: MIT
// <linux/preempt.h>: the count of what forbids sleeping.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
inline unsigned int preempt_count() noexcept { return impl::ctx::preempt_count(); }
/// From here to preempt_enable() this thread must not sleep.  Nests.
inline void preempt_disable() noexcept { impl::ctx::add(preempt_offset); }
inline void preempt_enable(location at = location::current()) noexcept { impl::ctx::enable_preemption(at); }
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26
using bottomhalf::linux26::preempt_count;
using bottomhalf::linux26::preempt_disable;
using bottomhalf::linux26::preempt_enable;

#define preempt_enable_no_resched() preempt_enable()
