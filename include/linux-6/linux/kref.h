// SPDX-License-Identifier: MIT
// <linux/kref.h>: a reference count with a function that is called when the last one goes.
#pragma once

#include <linux/refcount.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct kref {
    refcount_t refcount;
};

inline void kref_init(struct kref* k) noexcept { refcount_set(&k->refcount, 1); }
[[nodiscard]] inline unsigned int kref_read(const struct kref* k) noexcept { return refcount_read(&k->refcount); }
inline void kref_get(struct kref* k, location at = location::current()) noexcept { refcount_inc(&k->refcount, at); }
/// For who found the object where it may be on its way out.  Return: false if it is.
[[nodiscard]] inline int kref_get_unless_zero(struct kref* k, location at = location::current()) noexcept {
    return refcount_inc_not_zero(&k->refcount, at) ? 1 : 0;
}
/// Return: 1 if it was the last one, and so release() has been called.
inline int kref_put(struct kref* k, void (*release)(struct kref*), location at = location::current()) {
    if (!refcount_dec_and_test(&k->refcount, at)) return 0;
    release(k);
    return 1;
}
/// release() is called with the lock held, and unlocks it.
template <class Mutex>
inline int kref_put_mutex(struct kref* k, void (*release)(struct kref*), Mutex* lock,
                          location at = location::current()) {
    if (!refcount_dec_and_mutex_lock(&k->refcount, lock, at)) return 0;
    release(k);
    return 1;
}
template <class Spinlock>
inline int kref_put_lock(struct kref* k, void (*release)(struct kref*), Spinlock* lock,
                         location at = location::current()) {
    if (!refcount_dec_and_lock(&k->refcount, lock, at)) return 0;
    release(k);
    return 1;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::kref;
using bottomhalf::linux6::kref_get;
using bottomhalf::linux6::kref_get_unless_zero;
using bottomhalf::linux6::kref_init;
using bottomhalf::linux6::kref_put;
using bottomhalf::linux6::kref_put_lock;
using bottomhalf::linux6::kref_put_mutex;
using bottomhalf::linux6::kref_read;

#define KREF_INIT(n) \
    { REFCOUNT_INIT(n) }
