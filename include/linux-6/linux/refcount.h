// SPDX-License-Identifier: MIT
// <linux/refcount.h>: a counter of users that stops instead of wrapping.  What went wrong is said in the kernel's words, each
// time; the counter stays where no decrement brings it to 0 any more: the object leaks, and is never used after it was freed.
#pragma once

#include <limits>

#include <linux/atomic.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct refcount_t {
    atomic_t refs;
};
inline constexpr int REFCOUNT_MAX = std::numeric_limits<int>::max();
inline constexpr int REFCOUNT_SATURATED = std::numeric_limits<int>::min() / 2;   // far from 0 on both sides

namespace impl {
BOTTOMHALF_COLD inline void saturate(refcount_t* r, const char* text, location at) noexcept {
    atomic_set(&r->refs, REFCOUNT_SATURATED);
    bottomhalf::detail::say(channel::kernel, severity::warn, "refcount_warn_saturate", at, "refcount_t: %s", text);
}
}   // namespace impl

inline void refcount_set(refcount_t* r, int n) noexcept { atomic_set(&r->refs, n); }
[[nodiscard]] inline unsigned int refcount_read(const refcount_t* r) noexcept {
    return static_cast<unsigned int>(atomic_read(&r->refs));
}
/// Order: none; whoever may add has a reference, and got it from somebody.
inline void __refcount_add(int i, refcount_t* r, int* oldp, location at = location::current()) noexcept {
    const int old = atomic_fetch_add_relaxed(i, &r->refs);
    if (oldp != nullptr) *oldp = old;
    if (old == 0)
        impl::saturate(r, "addition on 0; use-after-free.", at);
    else if (old < 0 || impl::wrapping_add(old, i) < 0)
        impl::saturate(r, "saturated; leaking memory.", at);
}
inline void refcount_add(int i, refcount_t* r, location at = location::current()) noexcept {
    __refcount_add(i, r, nullptr, at);
}
inline void __refcount_inc(refcount_t* r, int* oldp, location at = location::current()) noexcept {
    __refcount_add(1, r, oldp, at);
}
inline void refcount_inc(refcount_t* r, location at = location::current()) noexcept {
    __refcount_add(1, r, nullptr, at);
}
/// Return: false if there was no user any more.
[[nodiscard]] inline bool __refcount_add_not_zero(int i, refcount_t* r, int* oldp,
                                                  location at = location::current()) noexcept {
    int old = atomic_read(&r->refs);
    while (old != 0 && !atomic_try_cmpxchg_relaxed(&r->refs, &old, impl::wrapping_add(old, i))) {}
    if (oldp != nullptr) *oldp = old;
    if (old < 0 || impl::wrapping_add(old, i) < 0) impl::saturate(r, "saturated; leaking memory.", at);
    return old != 0;
}
[[nodiscard]] inline bool refcount_add_not_zero(int i, refcount_t* r, location at = location::current()) noexcept {
    return __refcount_add_not_zero(i, r, nullptr, at);
}
[[nodiscard]] inline bool __refcount_inc_not_zero(refcount_t* r, int* oldp,
                                                  location at = location::current()) noexcept {
    return __refcount_add_not_zero(1, r, oldp, at);
}
[[nodiscard]] inline bool refcount_inc_not_zero(refcount_t* r, location at = location::current()) noexcept {
    return __refcount_add_not_zero(1, r, nullptr, at);
}
/// Return: true for the one who took the last references, and now frees.
[[nodiscard]] inline bool __refcount_sub_and_test(int i, refcount_t* r, int* oldp,
                                                  location at = location::current()) noexcept {
    // [refcount.last] release: what each user did to the object comes before its end; acquire: for whoever brings it about.
    const int old = impl::atomic<int>(r->refs.counter).fetch_sub(i, acq_rel);
    if (oldp != nullptr) *oldp = old;
    if (old == i) return true;
    if (old < 0 || impl::wrapping_sub(old, i) < 0) impl::saturate(r, "underflow; use-after-free.", at);
    return false;
}
[[nodiscard]] inline bool refcount_sub_and_test(int i, refcount_t* r, location at = location::current()) noexcept {
    return __refcount_sub_and_test(i, r, nullptr, at);
}
[[nodiscard]] inline bool __refcount_dec_and_test(refcount_t* r, int* oldp,
                                                  location at = location::current()) noexcept {
    return __refcount_sub_and_test(1, r, oldp, at);
}
[[nodiscard]] inline bool refcount_dec_and_test(refcount_t* r, location at = location::current()) noexcept {
    return __refcount_sub_and_test(1, r, nullptr, at);
}
/// For a reference that is known not to be the last.
inline void __refcount_dec(refcount_t* r, int* oldp, location at = location::current()) noexcept {
    const int old = atomic_fetch_sub_release(1, &r->refs);   // [refcount.last]
    if (oldp != nullptr) *oldp = old;
    if (old <= 1) impl::saturate(r, "decrement hit 0; leaking memory.", at);
}
inline void refcount_dec(refcount_t* r, location at = location::current()) noexcept { __refcount_dec(r, nullptr, at); }
/// From 1 to 0, or nothing.
[[nodiscard]] inline bool refcount_dec_if_one(refcount_t* r) noexcept {
    int one = 1;
    return impl::atomic<int>(r->refs.counter).compare_exchange_strong(one, 0, acq_rel, relaxed);   // [refcount.last]
}
/// Return: false, and nothing has changed, if it is 1.
[[nodiscard]] inline bool refcount_dec_not_one(refcount_t* r, location at = location::current()) noexcept {
    int old = atomic_read(&r->refs);
    do {
        if (old == REFCOUNT_SATURATED) return true;
        if (old == 1) return false;
        if (impl::wrapping_sub(old, 1) > old || old <= 0) {
            impl::saturate(r, "underflow; use-after-free.", at);
            return true;
        }
    } while (!atomic_try_cmpxchg_release(&r->refs, &old, old - 1));   // [refcount.last]
    return true;
}

/// The last one goes with the lock held, and keeps it.  The lock's functions are looked up where this is used.
template <class Mutex>
[[nodiscard]] inline bool refcount_dec_and_mutex_lock(refcount_t* r, Mutex* lock,
                                                      location at = location::current()) noexcept {
    if (refcount_dec_not_one(r, at)) return false;
    mutex_lock(lock, at);
    if (refcount_dec_and_test(r, at)) return true;
    mutex_unlock(lock);
    return false;
}
template <class Spinlock>
[[nodiscard]] inline bool refcount_dec_and_lock(refcount_t* r, Spinlock* lock,
                                                location at = location::current()) noexcept {
    if (refcount_dec_not_one(r, at)) return false;
    spin_lock(lock, at);
    if (refcount_dec_and_test(r, at)) return true;
    spin_unlock(lock);
    return false;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__refcount_add;
using bottomhalf::linux6::__refcount_add_not_zero;
using bottomhalf::linux6::__refcount_dec;
using bottomhalf::linux6::__refcount_dec_and_test;
using bottomhalf::linux6::__refcount_inc;
using bottomhalf::linux6::__refcount_inc_not_zero;
using bottomhalf::linux6::__refcount_sub_and_test;
using bottomhalf::linux6::refcount_add;
using bottomhalf::linux6::refcount_add_not_zero;
using bottomhalf::linux6::refcount_dec;
using bottomhalf::linux6::refcount_dec_and_lock;
using bottomhalf::linux6::refcount_dec_and_mutex_lock;
using bottomhalf::linux6::refcount_dec_and_test;
using bottomhalf::linux6::refcount_dec_if_one;
using bottomhalf::linux6::refcount_dec_not_one;
using bottomhalf::linux6::refcount_inc;
using bottomhalf::linux6::refcount_inc_not_zero;
using bottomhalf::linux6::REFCOUNT_MAX;
using bottomhalf::linux6::refcount_read;
using bottomhalf::linux6::REFCOUNT_SATURATED;
using bottomhalf::linux6::refcount_set;
using bottomhalf::linux6::refcount_sub_and_test;
using bottomhalf::linux6::refcount_t;

#define REFCOUNT_INIT(n) \
    {                    \
        { (n) }          \
    }
