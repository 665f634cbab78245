// SPDX-License-Identifier: MIT
// <linux/mutex.h>: the sleeping lock.
#pragma once

#include <bottomhalf/sync/mutex.hpp>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct mutex {
    unsigned int word;   // A
};

namespace impl {
using mutexes = mutex_ops<engine>;
}

inline void mutex_init(struct mutex* m) noexcept { m->word = 0; }
inline void mutex_destroy(struct mutex*) noexcept {}
/// Context: process.
inline void mutex_lock(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::lock(m->word, "mutex_lock", at);
}
/// There are no signals for a task here, so it is never interrupted.  Return: 0.
inline int mutex_lock_interruptible(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::lock(m->word, "mutex_lock_interruptible", at);
    return 0;
}
inline int mutex_lock_killable(struct mutex* m, location at = location::current()) noexcept {
    impl::mutexes::lock(m->word, "mutex_lock_killable", at);
    return 0;
}
/// Return: 1 if it was taken.
inline int mutex_trylock(struct mutex* m) noexcept { return impl::mutexes::try_lock(m->word) ? 1 : 0; }
inline void mutex_unlock(struct mutex* m) noexcept { impl::mutexes::unlock(m->word); }
inline bool mutex_is_locked(struct mutex* m) noexcept { return impl::mutexes::is_locked(m->word); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::mutex;
using bottomhalf::linux6::mutex_destroy;
using bottomhalf::linux6::mutex_init;
using bottomhalf::linux6::mutex_is_locked;
using bottomhalf::linux6::mutex_lock;
using bottomhalf::linux6::mutex_lock_interruptible;
using bottomhalf::linux6::mutex_lock_killable;
using bottomhalf::linux6::mutex_trylock;
using bottomhalf::linux6::mutex_unlock;

#define __MUTEX_INITIALIZER(name) \
    { 0 }
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)
