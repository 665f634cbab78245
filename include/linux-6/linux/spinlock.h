// SPDX-License-Identifier: MIT
// <linux/spinlock.h>: the lock for what a top half shares with others.  Whoever shares with a top half masks interrupts
// while holding it: spin_lock_irqsave().  Whoever holds one must not sleep, and is told so by what may.
//
// raw_spinlock_t is the same type: nothing here is preempted as PREEMPT_RT would.
#pragma once

#include <bottomhalf/sync/spin.hpp>

#include <linux/atomic.h>
#include <linux/bottomhalf.h>
#include <linux/bug.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct spinlock {
    spin_state bottomhalf_state;
};
using spinlock_t = struct spinlock;
using raw_spinlock_t = struct spinlock;

/// Readers share; a writer is alone.
struct bottomhalf_rwlock {
    rw_state bottomhalf_state;
};
using rwlock_t = struct bottomhalf_rwlock;

namespace impl {
using spins = spin_ops<engine>;
using shares = rw_ops<engine>;
}   // namespace impl

/// Of a new lock, or a free one.
inline void spin_lock_init(spinlock_t* l) noexcept { l->bottomhalf_state = {}; }

/// Context: any.  Taking it twice, or letting go of what is another's, is reported; a kernel would hang.
inline void spin_lock(spinlock_t* l, location at = location::current()) noexcept {
    preempt_disable();
    impl::spins::take(l->bottomhalf_state, "spin_lock", at);
}
inline void spin_unlock(spinlock_t* l, location at = location::current()) noexcept {
    impl::spins::unlock(l->bottomhalf_state, "spin_unlock", at);
    preempt_enable();
}
/// Keeps softirqs, timers' functions for instance, out as well.
inline void spin_lock_bh(spinlock_t* l, location at = location::current()) noexcept {
    local_bh_disable();
    spin_lock(l, at);
}
inline void spin_unlock_bh(spinlock_t* l, location at = location::current()) noexcept {
    spin_unlock(l, at);
    local_bh_enable();
}
/// Keeps top halves out as well.
inline void spin_lock_irq(spinlock_t* l, location at = location::current()) noexcept {
    local_irq_disable();
    spin_lock(l, at);
}
inline void spin_unlock_irq(spinlock_t* l, location at = location::current()) noexcept {
    spin_unlock(l, at);
    local_irq_enable();
}
/// The same, and leaves it to spin_unlock_irqrestore() whether they come in again.  Return: that.
inline unsigned long bottomhalf_spin_lock_irqsave(spinlock_t* l, location at = location::current()) noexcept {
    const unsigned long flags = bottomhalf_irq_save();
    spin_lock(l, at);
    return flags;
}
inline void spin_unlock_irqrestore(spinlock_t* l, unsigned long flags, location at = location::current()) noexcept {
    spin_unlock(l, at);
    local_irq_restore(flags);
}

/// Return (all of them): 1 if it was taken.
inline int spin_trylock(spinlock_t* l, location at = location::current()) noexcept {
    preempt_disable();
    if (impl::spins::try_take(l->bottomhalf_state, "spin_trylock", at)) return 1;
    preempt_enable();
    return 0;
}
inline int spin_trylock_bh(spinlock_t* l, location at = location::current()) noexcept {
    local_bh_disable();
    if (spin_trylock(l, at) != 0) return 1;
    local_bh_enable();
    return 0;
}
inline int spin_trylock_irq(spinlock_t* l, location at = location::current()) noexcept {
    local_irq_disable();
    if (spin_trylock(l, at) != 0) return 1;
    local_irq_enable();
    return 0;
}
inline int bottomhalf_spin_trylock_irqsave(spinlock_t* l, unsigned long& flags,
                                           location at = location::current()) noexcept {
    flags = bottomhalf_irq_save();
    if (spin_trylock(l, at) != 0) return 1;
    local_irq_restore(flags);
    return 0;
}

/// By anybody.  Stale when read.
inline int spin_is_locked(const spinlock_t* l) noexcept { return impl::spins::is_locked(l->bottomhalf_state) ? 1 : 0; }
inline int spin_is_contended(const spinlock_t*) noexcept { return 0; }
inline bool bottomhalf_is_held(const spinlock_t* l) noexcept { return impl::spins::is_mine(l->bottomhalf_state); }
inline bool bottomhalf_is_held_for_writing(const spinlock_t* l) noexcept { return bottomhalf_is_held(l); }
inline bool bottomhalf_is_held(const rwlock_t* l) noexcept { return impl::shares::is_locked(l->bottomhalf_state.word); }
inline bool bottomhalf_is_held_for_writing(const rwlock_t* l) noexcept {
    return impl::shares::is_owned(l->bottomhalf_state.word);
}

/// Lets others have it, and takes it again.  Context: process.  Return: 1: it was not held all the time.
inline int cond_resched_lock(spinlock_t* l, location at = location::current()) noexcept {
    spin_unlock(l, at);
    impl::here::might_sleep("cond_resched_lock", at);
    engine::relax(64);
    spin_lock(l, at);
    return 1;
}

/// Takes 1 off, and the lock if nothing is left.  Return: 1 then, with the lock held.
inline int atomic_dec_and_lock(atomic_t* v, spinlock_t* l, location at = location::current()) noexcept {
    if (atomic_add_unless(v, -1, 1)) return 0;
    spin_lock(l, at);
    if (atomic_dec_and_test(v)) return 1;
    spin_unlock(l, at);
    return 0;
}
inline int bottomhalf_atomic_dec_and_lock_irqsave(atomic_t* v, spinlock_t* l, unsigned long& flags,
                                                  location at = location::current()) noexcept {
    if (atomic_add_unless(v, -1, 1)) return 0;
    flags = bottomhalf_spin_lock_irqsave(l, at);
    if (atomic_dec_and_test(v)) return 1;
    spin_unlock_irqrestore(l, flags, at);
    return 0;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::atomic_dec_and_lock;
using bottomhalf::linux6::bottomhalf_atomic_dec_and_lock_irqsave;
using bottomhalf::linux6::bottomhalf_spin_lock_irqsave;
using bottomhalf::linux6::bottomhalf_spin_trylock_irqsave;
using bottomhalf::linux6::cond_resched_lock;
using bottomhalf::linux6::raw_spinlock_t;
using bottomhalf::linux6::rwlock_t;
using bottomhalf::linux6::spin_is_contended;
using bottomhalf::linux6::spin_is_locked;
using bottomhalf::linux6::spin_lock;
using bottomhalf::linux6::spin_lock_bh;
using bottomhalf::linux6::spin_lock_init;
using bottomhalf::linux6::spin_lock_irq;
using bottomhalf::linux6::spin_trylock;
using bottomhalf::linux6::spin_trylock_bh;
using bottomhalf::linux6::spin_trylock_irq;
using bottomhalf::linux6::spin_unlock;
using bottomhalf::linux6::spin_unlock_bh;
using bottomhalf::linux6::spin_unlock_irq;
using bottomhalf::linux6::spin_unlock_irqrestore;
using bottomhalf::linux6::spinlock;
using bottomhalf::linux6::spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name) (::bottomhalf::linux6::spinlock_t{})
#define __SPIN_LOCK_INITIALIZER(name) \
    {}
#define DEFINE_SPINLOCK(name) spinlock_t name = {}
#define __RAW_SPIN_LOCK_UNLOCKED(name) __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name = {}
#define __RW_LOCK_UNLOCKED(name) (::bottomhalf::linux6::rwlock_t{})
#define DEFINE_RWLOCK(name) rwlock_t name = {}
#define rwlock_init(lock) ((void)(*(lock) = __RW_LOCK_UNLOCKED(lock)))

#define spin_lock_irqsave(lock, flags) ((void)((flags) = bottomhalf_spin_lock_irqsave(lock)))
#define spin_trylock_irqsave(lock, flags) bottomhalf_spin_trylock_irqsave((lock), (flags))
#define spin_lock_nested(lock, subclass) spin_lock(lock)
#define spin_lock_bh_nested(lock, subclass) spin_lock_bh(lock)
#define spin_lock_nest_lock(lock, outer) spin_lock(lock)
#define spin_lock_irqsave_nested(lock, flags, subclass) spin_lock_irqsave((lock), flags)
#define atomic_dec_and_lock_irqsave(v, lock, flags) bottomhalf_atomic_dec_and_lock_irqsave((v), (lock), (flags))
#define assert_spin_locked(lock) BUG_ON(!spin_is_locked(lock))
#define assert_raw_spin_locked(lock) assert_spin_locked(lock)

#define raw_spin_lock_init(lock) spin_lock_init(lock)
#define raw_spin_lock(lock) spin_lock(lock)
#define raw_spin_unlock(lock) spin_unlock(lock)
#define raw_spin_lock_bh(lock) spin_lock_bh(lock)
#define raw_spin_unlock_bh(lock) spin_unlock_bh(lock)
#define raw_spin_lock_irq(lock) spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock) spin_unlock_irq(lock)
#define raw_spin_lock_irqsave(lock, flags) spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore(lock, flags)
#define raw_spin_lock_nested(lock, subclass) spin_lock(lock)
#define raw_spin_trylock(lock) spin_trylock(lock)
#define raw_spin_trylock_irqsave(lock, flags) spin_trylock_irqsave(lock, flags)
#define raw_spin_is_locked(lock) spin_is_locked(lock)

// Macros, as in the kernel: drivers have variables called read_lock.
#define bottomhalf_rw(call, lock) (::bottomhalf::linux6::impl::shares::call((lock)->bottomhalf_state))
#define read_lock(lock) (preempt_disable(), bottomhalf_rw(read_lock, lock))
#define read_unlock(lock) (bottomhalf_rw(read_unlock, lock), preempt_enable())
#define write_lock(lock) (preempt_disable(), bottomhalf_rw(write_lock, lock))
#define write_unlock(lock) (bottomhalf_rw(write_unlock, lock), preempt_enable())
#define read_lock_bh(lock) (local_bh_disable(), read_lock(lock))
#define read_unlock_bh(lock) (read_unlock(lock), local_bh_enable())
#define write_lock_bh(lock) (local_bh_disable(), write_lock(lock))
#define write_unlock_bh(lock) (write_unlock(lock), local_bh_enable())
#define read_lock_irq(lock) (local_irq_disable(), read_lock(lock))
#define read_unlock_irq(lock) (read_unlock(lock), local_irq_enable())
#define write_lock_irq(lock) (local_irq_disable(), write_lock(lock))
#define write_unlock_irq(lock) (write_unlock(lock), local_irq_enable())
#define read_lock_irqsave(lock, flags) (local_irq_save(flags), read_lock(lock))
#define read_unlock_irqrestore(lock, flags) (read_unlock(lock), local_irq_restore(flags))
#define write_lock_irqsave(lock, flags) (local_irq_save(flags), write_lock(lock))
#define write_unlock_irqrestore(lock, flags) (write_unlock(lock), local_irq_restore(flags))
#define read_trylock(lock) (preempt_disable(), bottomhalf_rw(read_trylock, lock) ? 1 : (preempt_enable(), 0))
#define write_trylock(lock) (preempt_disable(), bottomhalf_rw(write_trylock, lock) ? 1 : (preempt_enable(), 0))

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/stringify.h>
#include <linux/types.h>
