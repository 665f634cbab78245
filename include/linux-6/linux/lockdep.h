// SPDX-License-Identifier: MIT
// <linux/lockdep.h>: "the caller holds this lock", checked.  Spin locks, mutexes and semaphores of writers know their owner;
// of readers only their number is known, so there "held" means by anybody.
//
// There are no lock classes here: what gives locks a class is accepted, and does nothing.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/irqflags.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct lock_class_key {};
struct lockdep_map {
    const char* name;
};

/// Does the caller hold it?  For every kind of lock there is a bottomhalf_is_held() beside it.
template <class Lock>
[[nodiscard]] int lockdep_is_held(const Lock* lock) noexcept {
    return bottomhalf_is_held(lock) ? 1 : 0;
}
template <class Lock>
[[nodiscard]] int lockdep_is_held_type(const Lock* lock, int read) noexcept {
    return (read == 0 ? bottomhalf_is_held_for_writing(lock) : bottomhalf_is_held(lock)) ? 1 : 0;
}
inline void bottomhalf_lockdep_assert(bool holds, const char* function, const char* text,
                                      location at = location::current()) noexcept {
    if (!holds) [[unlikely]]
        bottomhalf::detail::say(channel::kernel, severity::warn, function, at, "%s", text);
}
inline constexpr int LOCK_STATE_UNKNOWN = -1;
inline constexpr int LOCK_STATE_NOT_HELD = 0;
inline constexpr int LOCK_STATE_HELD = 1;
inline constexpr int SINGLE_DEPTH_NESTING = 1;

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_lockdep_assert;
using bottomhalf::linux6::lock_class_key;
using bottomhalf::linux6::LOCK_STATE_HELD;
using bottomhalf::linux6::LOCK_STATE_NOT_HELD;
using bottomhalf::linux6::LOCK_STATE_UNKNOWN;
using bottomhalf::linux6::lockdep_is_held;
using bottomhalf::linux6::lockdep_is_held_type;
using bottomhalf::linux6::lockdep_map;
using bottomhalf::linux6::SINGLE_DEPTH_NESTING;

#define lockdep_assert(condition) \
    bottomhalf_lockdep_assert(!!(condition), __func__, "WARN_ON(debug_locks && !(" #condition "))")
#define lockdep_assert_held(lock) lockdep_assert(lockdep_is_held(lock))
#define lockdep_assert_not_held(lock) lockdep_assert(!lockdep_is_held(lock))
#define lockdep_assert_held_write(lock) lockdep_assert(lockdep_is_held_type(lock, 0))
#define lockdep_assert_held_read(lock) lockdep_assert(lockdep_is_held_type(lock, 1))
#define lockdep_assert_held_once(lock) lockdep_assert_held(lock)
#define lockdep_assert_none_held_once() ((void)0)
#define lockdep_assert_irqs_enabled() lockdep_assert(!irqs_disabled())
#define lockdep_assert_irqs_disabled() lockdep_assert(irqs_disabled())
#define might_lock(lock) ((void)(lock))
#define might_lock_nested(lock, subclass) ((void)(lock))

#define STATIC_LOCKDEP_MAP_INIT(map_name, key) \
    { (map_name) }
#define lockdep_register_key(key) ((void)(key))
#define lockdep_unregister_key(key) ((void)(key))
#define lockdep_set_class(lock, key) ((void)(lock), (void)(key))
#define lockdep_set_class_and_name(lock, key, name) ((void)(lock), (void)(key), (void)(name))
#define lockdep_set_class_and_subclass(lock, key, subclass) ((void)(lock), (void)(key))
#define lockdep_set_subclass(lock, subclass) ((void)(lock))
#define lockdep_set_novalidate_class(lock) ((void)(lock))
#define lockdep_init_map(map, map_name, key, subclass) ((void)((map)->name = (map_name)), (void)(key))
#define lock_map_acquire(map) ((void)(map))
#define lock_map_acquire_read(map) ((void)(map))
#define lock_map_release(map) ((void)(map))
#define mutex_acquire(map, subclass, trylock, ip) lock_map_acquire(map)
#define mutex_release(map, ip) lock_map_release(map)
#define lockdep_off() ((void)0)
#define lockdep_on() ((void)0)
