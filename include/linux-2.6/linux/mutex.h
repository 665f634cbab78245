// SPDX-License-Identifier: MIT
// <linux/mutex.h>: the sleeping lock of 2.6.16.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
struct mutex {
    std::uint32_t word;   // A
};
namespace impl {
using mutex_t = mutex_ops<engine>;
}
/// Context: process.
inline void mutex_lock(struct mutex* m, location at = location::current()) noexcept {
    impl::mutex_t::lock(m->word, "mutex_lock", at);
}
inline int mutex_lock_interruptible(struct mutex* m, location at = location::current()) noexcept {
    impl::mutex_t::lock(m->word, "mutex_lock_interruptible", at);
    return 0;
}
/// Return: 1 if it was taken: the other way round than down_trylock().
inline int mutex_trylock(struct mutex* m) noexcept { return impl::mutex_t::try_lock(m->word); }
inline void mutex_unlock(struct mutex* m) noexcept { impl::mutex_t::unlock(m->word); }
inline int mutex_is_locked(struct mutex* m) noexcept { return impl::mutex_t::is_locked(m->word); }
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::mutex;
using bottomhalf::linux26::mutex_is_locked;
using bottomhalf::linux26::mutex_lock;
using bottomhalf::linux26::mutex_lock_interruptible;
using bottomhalf::linux26::mutex_trylock;
using bottomhalf::linux26::mutex_unlock;

#define DEFINE_MUTEX(name) struct mutex name = {0}
#define mutex_init(m) ((void)((m)->word = 0))
#define mutex_destroy(m) ((void)(m))
