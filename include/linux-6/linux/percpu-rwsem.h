// SPDX-License-Identifier: MIT
// <linux/percpu-rwsem.h>: an rw_semaphore under another name; here its readers share a word.
#pragma once

#include <linux/rwsem.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct percpu_rw_semaphore {
    struct rw_semaphore rwsem;
};

/// Return: 0.
inline int percpu_init_rwsem(struct percpu_rw_semaphore* s) noexcept {
    init_rwsem(&s->rwsem);
    return 0;
}
inline void percpu_free_rwsem(struct percpu_rw_semaphore*) noexcept {}
inline void percpu_down_read(struct percpu_rw_semaphore* s, location at = location::current()) noexcept {
    down_read(&s->rwsem, at);
}
inline bool percpu_down_read_trylock(struct percpu_rw_semaphore* s) noexcept {
    return down_read_trylock(&s->rwsem) != 0;
}
inline void percpu_up_read(struct percpu_rw_semaphore* s, location at = location::current()) noexcept {
    up_read(&s->rwsem, at);
}
inline void percpu_down_write(struct percpu_rw_semaphore* s, location at = location::current()) noexcept {
    down_write(&s->rwsem, at);
}
inline void percpu_up_write(struct percpu_rw_semaphore* s, location at = location::current()) noexcept {
    up_write(&s->rwsem, at);
}
inline bool percpu_is_read_locked(struct percpu_rw_semaphore* s) noexcept { return rwsem_is_locked(&s->rwsem) != 0; }
inline bool bottomhalf_is_held(const struct percpu_rw_semaphore* s) noexcept { return bottomhalf_is_held(&s->rwsem); }
inline bool bottomhalf_is_held_for_writing(const struct percpu_rw_semaphore* s) noexcept {
    return bottomhalf_is_held_for_writing(&s->rwsem);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::percpu_down_read;
using bottomhalf::linux6::percpu_down_read_trylock;
using bottomhalf::linux6::percpu_down_write;
using bottomhalf::linux6::percpu_free_rwsem;
using bottomhalf::linux6::percpu_init_rwsem;
using bottomhalf::linux6::percpu_is_read_locked;
using bottomhalf::linux6::percpu_rw_semaphore;
using bottomhalf::linux6::percpu_up_read;
using bottomhalf::linux6::percpu_up_write;

#define DEFINE_PERCPU_RWSEM(name) struct percpu_rw_semaphore name = {}
#define DEFINE_STATIC_PERCPU_RWSEM(name) static DEFINE_PERCPU_RWSEM(name)
#define percpu_rwsem_assert_held(sem) lockdep_assert_held(sem)
