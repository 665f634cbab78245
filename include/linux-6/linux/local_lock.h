// SPDX-License-Identifier: MIT
// <linux/local_lock.h>: the lock of what belongs to one CPU: to hold it is to stay there, preemption off, and interrupts with
// _irq; but it says what for.  As preempt_disable() does, it keeps no other thread of the same emulated CPU out; _irq does.
#pragma once

#include <linux/irqflags.h>
#include <linux/percpu-defs.h>
#include <linux/preempt.h>

namespace bottomhalf::linux6 {
struct local_lock_t {};
/// Of which lock?  The compiler looks, and nothing is done.
constexpr void bottomhalf_which_local_lock(const local_lock_t*) noexcept {}
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_which_local_lock;
using bottomhalf::linux6::local_lock_t;

#define INIT_LOCAL_LOCK(name) \
    {}
#define local_lock_init(lock) bottomhalf_which_local_lock(lock)
#define local_lock(lock) (bottomhalf_which_local_lock(lock), preempt_disable())
#define local_unlock(lock) (bottomhalf_which_local_lock(lock), preempt_enable())
#define local_lock_irq(lock) (bottomhalf_which_local_lock(lock), local_irq_disable())
#define local_unlock_irq(lock) (bottomhalf_which_local_lock(lock), local_irq_enable())
#define local_lock_irqsave(lock, flags)    \
    do {                                   \
        bottomhalf_which_local_lock(lock); \
        local_irq_save(flags);             \
    } while (0)
#define local_unlock_irqrestore(lock, flags) (bottomhalf_which_local_lock(lock), local_irq_restore(flags))
