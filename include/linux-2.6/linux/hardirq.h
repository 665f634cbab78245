// SPDX-License-Identifier: MIT
// <linux/hardirq.h>: where am I?
#pragma once

#include <linux/bottomhalf.h>

#include <linux/preempt.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
inline int in_irq() noexcept { return impl::ctx::in_hardirq(); }           // a top half
inline int in_softirq() noexcept { return impl::ctx::in_softirq(); }       // a timer, or bottom halves disabled
inline int in_interrupt() noexcept { return impl::ctx::in_interrupt(); }   // either
inline int in_atomic() noexcept { return impl::ctx::in_atomic(); }         // also under a spinlock
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26
using bottomhalf::linux26::in_atomic;
using bottomhalf::linux26::in_interrupt;
using bottomhalf::linux26::in_irq;
using bottomhalf::linux26::in_softirq;
