// SPDX-License-Identifier: MIT
// <linux/rwsem.h>: the sleeping lock of many readers or one writer; first come, first served.
//
// There are no signals for a task here, so nobody is interrupted: _interruptible and _killable return 0.
#pragma once

#include <bottomhalf/sync/rwsem.hpp>

#include <linux/bottomhalf.h>
#include <linux/lockdep.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct rw_semaphore {
    rwsem<engine> bottomhalf_state;
};

namespace impl {
using rwsems = rwsem_ops<engine>;
inline rwsem<engine>& core(const rw_semaphore* s) noexcept { return const_cast<rw_semaphore*>(s)->bottomhalf_state; }
}   // namespace impl

/// Context (of all that take it): process.
inline void down_read(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::read(impl::core(s), "down_read", at);
}
inline void down_write(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::write(impl::core(s), "down_write", at);
}
/// Return: 0.
inline int down_read_interruptible(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::read(impl::core(s), "down_read_interruptible", at);
    return 0;
}
inline int down_read_killable(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::read(impl::core(s), "down_read_killable", at);
    return 0;
}
inline int down_write_killable(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::write(impl::core(s), "down_write_killable", at);
    return 0;
}
/// Context: any that we manage.  Return: 1 if it was taken.  A reader does not overtake those who wait.
inline int down_read_trylock(struct rw_semaphore* s) noexcept { return impl::rwsems::try_read(impl::core(s)) ? 1 : 0; }
inline int down_write_trylock(struct rw_semaphore* s) noexcept {
    return impl::rwsems::try_write(impl::core(s)) ? 1 : 0;
}
inline void up_read(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::end_read(impl::core(s), at);
}
inline void up_write(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::end_write(impl::core(s), at);
}
/// For readers whose lock another task lets go of: nobody is told that he has kept it.
inline void down_read_non_owner(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::read_non_owner(impl::core(s), "down_read_non_owner", at);
}
inline void up_read_non_owner(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::end_read_non_owner(impl::core(s), at);
}
/// The writer becomes a reader, and other readers come in.
inline void downgrade_write(struct rw_semaphore* s, location at = location::current()) noexcept {
    impl::rwsems::downgrade(impl::core(s), at);
}
/// By anybody.  Stale when read.
inline int rwsem_is_locked(struct rw_semaphore* s) noexcept { return impl::rwsems::is_locked(impl::core(s)) ? 1 : 0; }
inline int rwsem_is_contended(struct rw_semaphore* s) noexcept {
    return impl::rwsems::is_contended(impl::core(s)) ? 1 : 0;
}
inline bool bottomhalf_is_held(const struct rw_semaphore* s) noexcept { return impl::rwsems::is_locked(impl::core(s)); }
inline bool bottomhalf_is_held_for_writing(const struct rw_semaphore* s) noexcept {
    return impl::rwsems::is_mine_for_writing(impl::core(s));
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::down_read;
using bottomhalf::linux6::down_read_interruptible;
using bottomhalf::linux6::down_read_killable;
using bottomhalf::linux6::down_read_non_owner;
using bottomhalf::linux6::down_read_trylock;
using bottomhalf::linux6::down_write;
using bottomhalf::linux6::down_write_killable;
using bottomhalf::linux6::down_write_trylock;
using bottomhalf::linux6::downgrade_write;
using bottomhalf::linux6::rw_semaphore;
using bottomhalf::linux6::rwsem_is_contended;
using bottomhalf::linux6::rwsem_is_locked;
using bottomhalf::linux6::up_read;
using bottomhalf::linux6::up_read_non_owner;
using bottomhalf::linux6::up_write;

#define __RWSEM_INITIALIZER(name) \
    {}
#define DECLARE_RWSEM(name) struct rw_semaphore name = {}
/// Of a new one, or a free one.
#define init_rwsem(sem) ((void)(*(sem) = ::bottomhalf::linux6::rw_semaphore{}))
#define down_read_nested(sem, subclass) down_read(sem)
#define down_read_killable_nested(sem, subclass) down_read_killable(sem)
#define down_write_nested(sem, subclass) down_write(sem)
#define down_write_killable_nested(sem, subclass) down_write_killable(sem)
#define down_write_nest_lock(sem, outer) down_write(sem)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
