// SPDX-License-Identifier: MIT
// <linux/mutex.h>: the sleeping lock.  It knows its owner, and says so where a kernel with CONFIG_DEBUG_MUTEXES would.
//
// There are no signals for a task here, so nobody is interrupted: _interruptible and _killable return 0.
#pragma once

#include <bottomhalf/sync/mutex.hpp>

#include <linux/atomic.h>
#include <linux/bottomhalf.h>
#include <linux/lockdep.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct mutex {
    owned_mutex bottomhalf_state;
};

namespace impl {
using mutexes = owned_mutex_ops<engine>;
}

inline void mutex_init(struct mutex* m) noexcept { m->bottomhalf_state = {}; }
inline void mutex_destroy(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::destroy(m->bottomhalf_state, at);
}
/// Context: process.  Taken twice, where a kernel hangs, it is reported and let in.
inline void mutex_lock(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::lock(m->bottomhalf_state, "mutex_lock", at);
}
inline void mutex_lock_io(struct mutex* m, location at = location::current()) noexcept { mutex_lock(m, at); }
/// Return: 0.
inline int mutex_lock_interruptible(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::lock(m->bottomhalf_state, "mutex_lock_interruptible", at);
    return 0;
}
inline int mutex_lock_killable(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::lock(m->bottomhalf_state, "mutex_lock_killable", at);
    return 0;
}
/// Context: not a top half.  Return: 1 if it was taken: the other way round than down_trylock().
inline int mutex_trylock(struct mutex* m) noexcept { return impl::mutexes::try_lock(m->bottomhalf_state) ? 1 : 0; }
/// Context: the owner, in process context; anybody else is reported.
inline void mutex_unlock(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::unlock(m->bottomhalf_state, at);
}
/// By anybody.  Stale when read.
inline bool mutex_is_locked(struct mutex* m) noexcept {
    return impl::mutexes::base::is_locked(m->bottomhalf_state.word);
}
inline bool bottomhalf_is_held(const struct mutex* m) noexcept { return impl::mutexes::is_mine(m->bottomhalf_state); }
inline bool bottomhalf_is_held_for_writing(const struct mutex* m) noexcept { return bottomhalf_is_held(m); }

/// Takes 1 off, and the mutex if nothing is left.  Return: 1 then, with the mutex held.
inline int atomic_dec_and_mutex_lock(atomic_t* v, struct mutex* m, location at = location::current()) noexcept {
    if (atomic_add_unless(v, -1, 1)) return 0;
    mutex_lock(m, at);
    if (atomic_dec_and_test(v)) return 1;
    mutex_unlock(m, at);
    return 0;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::atomic_dec_and_mutex_lock;
using bottomhalf::linux6::mutex;
using bottomhalf::linux6::mutex_destroy;
using bottomhalf::linux6::mutex_init;
using bottomhalf::linux6::mutex_is_locked;
using bottomhalf::linux6::mutex_lock;
using bottomhalf::linux6::mutex_lock_interruptible;
using bottomhalf::linux6::mutex_lock_io;
using bottomhalf::linux6::mutex_lock_killable;
using bottomhalf::linux6::mutex_trylock;
using bottomhalf::linux6::mutex_unlock;

#define __MUTEX_INITIALIZER(name) \
    {}
#define DEFINE_MUTEX(name) struct mutex name = {}
#define __mutex_init(lock, name, key) ((void)(name), (void)(key), mutex_init(lock))
#define mutex_lock_nested(lock, subclass) mutex_lock(lock)
#define mutex_lock_io_nested(lock, subclass) mutex_lock(lock)
#define mutex_lock_nest_lock(lock, outer) mutex_lock(lock)
#define mutex_lock_interruptible_nested(lock, subclass) mutex_lock_interruptible(lock)
#define mutex_lock_killable_nested(lock, subclass) mutex_lock_killable(lock)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
