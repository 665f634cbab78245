// SPDX-License-Identifier: MIT
// <asm/semaphore.h>: the lock that a work queue handler may sleep on, and a top half may not.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

struct semaphore {
    std::uint32_t count;   // A
};
namespace impl {
using sem_ops = semaphore_ops<engine>;
}

inline void sema_init(struct semaphore* sem, int count) noexcept { sem->count = static_cast<std::uint32_t>(count); }

/// Takes it, sleeping until it can.  Context: process; elsewhere it is reported, and the caller may not have it.
inline void down(struct semaphore* sem, location at = location::current()) noexcept {
    impl::sem_ops::down(sem->count, arch::forever, "down", at);
}
/// Return: 0 if it was taken, -EINTR if not (only where sleeping is a mistake: no signals arrive here).
inline int down_interruptible(struct semaphore* sem, location at = location::current()) noexcept {
    return impl::sem_ops::down(sem->count, arch::forever, "down_interruptible", at) ? 0 : -EINTR;
}
/// Context: any.  Return: 0 if it was taken: the other way round than other trylocks.
inline int down_trylock(struct semaphore* sem) noexcept { return impl::sem_ops::try_down(sem->count) ? 0 : 1; }
/// Context: any, async-signal-safe.
inline void up(struct semaphore* sem) noexcept { impl::sem_ops::up(sem->count); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::down;
using bottomhalf::linux26::down_interruptible;
using bottomhalf::linux26::down_trylock;
using bottomhalf::linux26::sema_init;
using bottomhalf::linux26::semaphore;
using bottomhalf::linux26::up;

#define __SEMAPHORE_INITIALIZER(name, n) \
    { (n) }
#define __MUTEX_INITIALIZER(name) __SEMAPHORE_INITIALIZER(name, 1)
#define DECLARE_MUTEX(name) struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#define DECLARE_MUTEX_LOCKED(name) struct semaphore name = __SEMAPHORE_INITIALIZER(name, 0)
#define init_MUTEX(sem) sema_init((sem), 1)
#define init_MUTEX_LOCKED(sem) sema_init((sem), 0)
