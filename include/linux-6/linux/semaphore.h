// SPDX-License-Identifier: MIT
// <linux/semaphore.h>: counts.  Anybody may up(), so unlike a mutex it has no owner.
#pragma once

#include <bottomhalf/sync/semaphore.hpp>

#include <linux/bottomhalf.h>
#include <linux/errno.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct semaphore {
    unsigned int count;   // A, and a bit of the core's
};

namespace impl {
using semaphores = semaphore_ops<engine>;
}

inline void sema_init(struct semaphore* s, int count) noexcept { s->count = static_cast<unsigned int>(count); }
/// Takes it, sleeping until it can.  Context: process; elsewhere it is reported, and the caller may not have it.
inline void down(struct semaphore* s, location at = location::current()) noexcept {
    impl::semaphores::down(s->count, arch::forever, "down", at);
}
/// Return: 0 if it was taken, -EINTR if not (only where sleeping is a mistake: no signals arrive here).
inline int down_interruptible(struct semaphore* s, location at = location::current()) noexcept {
    return impl::semaphores::down(s->count, arch::forever, "down_interruptible", at) ? 0 : -EINTR;
}
inline int down_killable(struct semaphore* s, location at = location::current()) noexcept {
    return impl::semaphores::down(s->count, arch::forever, "down_killable", at) ? 0 : -EINTR;
}
/// Return: 0 if it was taken, -ETIME if `timeout` ticks have passed first.
inline int down_timeout(struct semaphore* s, long timeout, location at = location::current()) noexcept {
    const arch::ns_t until = impl::deadline(static_cast<unsigned long>(timeout < 0 ? 0 : timeout), at);
    return impl::semaphores::down(s->count, until, "down_timeout", at) ? 0 : -ETIME;
}
/// Context: any.  Return: 0 if it was taken: the other way round than other trylocks.
inline int down_trylock(struct semaphore* s) noexcept { return impl::semaphores::try_down(s->count) ? 0 : 1; }
/// Context: any, async-signal-safe.  A system call only if somebody may sleep.
inline void up(struct semaphore* s) noexcept { impl::semaphores::up(s->count); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::down;
using bottomhalf::linux6::down_interruptible;
using bottomhalf::linux6::down_killable;
using bottomhalf::linux6::down_timeout;
using bottomhalf::linux6::down_trylock;
using bottomhalf::linux6::sema_init;
using bottomhalf::linux6::semaphore;
using bottomhalf::linux6::up;

#define __SEMAPHORE_INITIALIZER(name, n) \
    { (n) }
#define DEFINE_SEMAPHORE(name, n) struct semaphore name = __SEMAPHORE_INITIALIZER(name, n)
