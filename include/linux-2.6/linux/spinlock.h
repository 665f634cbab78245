// SPDX-License-Identifier: MIT
// <linux/spinlock.h>: the lock for what a top half shares with others.  Whoever shares with a top half masks interrupts
// while holding it: spin_lock_irqsave().
#pragma once

#include <bottomhalf/sync/spin.hpp>

#include <linux/bottomhalf.h>

#include <linux/compiler.h>
#include <linux/interrupt.h>
#include <linux/preempt.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

typedef struct spinlock {
    spin_state state;
} spinlock_t;

/// Readers share; a writer is alone.
typedef struct rwlock {
    rw_state state;
} rwlock_t;

namespace impl {

using spins = spin_ops<engine>;
using shares = rw_ops<engine>;
inline void take(spinlock* l, location at) noexcept { spins::take(l->state, "spin_lock", at); }
inline void let_go(spinlock* l, location at) noexcept { spins::unlock(l->state, "spin_unlock", at); }
inline bool is_taken(const spinlock* l) noexcept { return spins::is_locked(l->state); }

// What is masked around the lock, and in which order.
inline void lock_plain(spinlock* l, location at = location::current()) noexcept { preempt_disable(), take(l, at); }
inline void unlock_plain(spinlock* l, location at = location::current()) noexcept { let_go(l, at), preempt_enable(); }
inline void lock_bh(spinlock* l, location at = location::current()) noexcept { local_bh_disable(), lock_plain(l, at); }
inline void unlock_bh(spinlock* l, location at = location::current()) noexcept {
    unlock_plain(l, at), local_bh_enable();
}
inline void lock_irq(spinlock* l, location at = location::current()) noexcept {
    local_irq_disable(), lock_plain(l, at);
}
inline void unlock_irq(spinlock* l, location at = location::current()) noexcept {
    unlock_plain(l, at), local_irq_enable();
}
inline unsigned long lock_irqsave(spinlock* l, location at = location::current()) noexcept {
    const unsigned long flags = irq_save();
    lock_plain(l, at);
    return flags;
}
inline void unlock_irqrestore(spinlock* l, unsigned long flags, location at = location::current()) noexcept {
    unlock_plain(l, at);
    irq_restore(flags);
}
inline int trylock_plain(spinlock* l, location at = location::current()) noexcept {
    preempt_disable();
    if (spins::try_take(l->state, "spin_trylock", at)) return 1;
    preempt_enable();
    return 0;
}
inline int trylock_irqsave(spinlock* l, unsigned long& flags, location at = location::current()) noexcept {
    flags = irq_save();
    if (trylock_plain(l, at)) return 1;
    irq_restore(flags);
    return 0;
}

}   // namespace impl
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::rwlock_t;
using bottomhalf::linux26::spinlock_t;

#define SPIN_LOCK_UNLOCKED (spinlock_t{})
#define RW_LOCK_UNLOCKED (rwlock_t{})
#define DEFINE_SPINLOCK(name) spinlock_t name = SPIN_LOCK_UNLOCKED
#define DEFINE_RWLOCK(name) rwlock_t name = RW_LOCK_UNLOCKED
#define spin_lock_init(lock) ((void)(*(lock) = SPIN_LOCK_UNLOCKED))
#define rwlock_init(lock) ((void)(*(lock) = RW_LOCK_UNLOCKED))

// Macros, as in the kernel: drivers have variables called read_lock.
#define spin_lock(lock) (::bottomhalf::linux26::impl::lock_plain(lock))
#define spin_unlock(lock) (::bottomhalf::linux26::impl::unlock_plain(lock))
#define spin_trylock(lock) (::bottomhalf::linux26::impl::trylock_plain(lock))
#define spin_lock_bh(lock) (::bottomhalf::linux26::impl::lock_bh(lock))
#define spin_unlock_bh(lock) (::bottomhalf::linux26::impl::unlock_bh(lock))
#define spin_lock_irq(lock) (::bottomhalf::linux26::impl::lock_irq(lock))
#define spin_unlock_irq(lock) (::bottomhalf::linux26::impl::unlock_irq(lock))
#define spin_lock_irqsave(lock, flags) ((void)((flags) = ::bottomhalf::linux26::impl::lock_irqsave(lock)))
#define spin_unlock_irqrestore(lock, flags) (::bottomhalf::linux26::impl::unlock_irqrestore((lock), (flags)))
#define spin_trylock_irqsave(lock, flags) (::bottomhalf::linux26::impl::trylock_irqsave((lock), (flags)))
#define spin_is_locked(lock) (::bottomhalf::linux26::impl::is_taken(lock))

#define read_lock(lock) (preempt_disable(), ::bottomhalf::linux26::impl::shares::read_lock((lock)->state))
#define read_unlock(lock) (::bottomhalf::linux26::impl::shares::read_unlock((lock)->state), preempt_enable())
#define write_lock(lock) (preempt_disable(), ::bottomhalf::linux26::impl::shares::write_lock((lock)->state))
#define write_unlock(lock) (::bottomhalf::linux26::impl::shares::write_unlock((lock)->state), preempt_enable())
#define read_lock_irqsave(lock, flags) (local_irq_save(flags), read_lock(lock))
#define read_unlock_irqrestore(lock, flags) (read_unlock(lock), local_irq_restore(flags))
#define write_lock_irqsave(lock, flags) (local_irq_save(flags), write_lock(lock))
#define write_unlock_irqrestore(lock, flags) (write_unlock(lock), local_irq_restore(flags))
#define read_lock_irq(lock) (local_irq_disable(), read_lock(lock))
#define read_unlock_irq(lock) (read_unlock(lock), local_irq_enable())
#define write_lock_irq(lock) (local_irq_disable(), write_lock(lock))
#define write_unlock_irq(lock) (write_unlock(lock), local_irq_enable())
#define read_lock_bh(lock) (local_bh_disable(), read_lock(lock))
#define read_unlock_bh(lock) (read_unlock(lock), local_bh_enable())
#define write_lock_bh(lock) (local_bh_disable(), write_lock(lock))
#define write_unlock_bh(lock) (write_unlock(lock), local_bh_enable())
