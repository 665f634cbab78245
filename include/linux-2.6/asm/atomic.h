// SPDX-License-Identifier: MIT
// <asm/atomic.h>: counters.  As in the kernel, those that return nothing order nothing, and those that return something
// are full barriers.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

typedef struct {
    int counter;
} atomic_t;

namespace impl {
inline atomic<int> counter(const atomic_t* v) noexcept { return atomic<int>(const_cast<int&>(v->counter)); }
}   // namespace impl

inline int atomic_read(const atomic_t* v) noexcept { return impl::counter(v).load(relaxed); }
inline void atomic_set(atomic_t* v, int i) noexcept { impl::counter(v).store(i, relaxed); }
inline void atomic_add(int i, atomic_t* v) noexcept { impl::counter(v).fetch_add(i, relaxed); }
inline void atomic_sub(int i, atomic_t* v) noexcept { impl::counter(v).fetch_sub(i, relaxed); }
inline void atomic_inc(atomic_t* v) noexcept { atomic_add(1, v); }
inline void atomic_dec(atomic_t* v) noexcept { atomic_sub(1, v); }
inline int atomic_add_return(int i, atomic_t* v) noexcept { return impl::counter(v).fetch_add(i, seq_cst) + i; }
inline int atomic_sub_return(int i, atomic_t* v) noexcept { return impl::counter(v).fetch_sub(i, seq_cst) - i; }
inline int atomic_inc_return(atomic_t* v) noexcept { return atomic_add_return(1, v); }
inline int atomic_dec_return(atomic_t* v) noexcept { return atomic_sub_return(1, v); }
inline int atomic_sub_and_test(int i, atomic_t* v) noexcept { return atomic_sub_return(i, v) == 0; }
inline int atomic_inc_and_test(atomic_t* v) noexcept { return atomic_inc_return(v) == 0; }
inline int atomic_dec_and_test(atomic_t* v) noexcept { return atomic_dec_return(v) == 0; }
inline int atomic_add_negative(int i, atomic_t* v) noexcept { return atomic_add_return(i, v) < 0; }
inline int atomic_xchg(atomic_t* v, int i) noexcept { return impl::counter(v).exchange(i, seq_cst); }
/// Return: what was there; `fresh` is there now if that was `old`.
inline int atomic_cmpxchg(atomic_t* v, int old, int fresh) noexcept {
    impl::counter(v).compare_exchange_strong(old, fresh, seq_cst, seq_cst);
    return old;
}
/// Adds, unless it is `unless`.  Return: whether it did.
inline int atomic_add_unless(atomic_t* v, int i, int unless) noexcept {
    int c = atomic_read(v);
    while (c != unless)
        if (impl::counter(v).compare_exchange_weak(c, c + i, seq_cst, relaxed)) return 1;
    return 0;
}
inline int atomic_inc_not_zero(atomic_t* v) noexcept { return atomic_add_unless(v, 1, 0); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::atomic_add;
using bottomhalf::linux26::atomic_add_negative;
using bottomhalf::linux26::atomic_add_return;
using bottomhalf::linux26::atomic_add_unless;
using bottomhalf::linux26::atomic_cmpxchg;
using bottomhalf::linux26::atomic_dec;
using bottomhalf::linux26::atomic_dec_and_test;
using bottomhalf::linux26::atomic_dec_return;
using bottomhalf::linux26::atomic_inc;
using bottomhalf::linux26::atomic_inc_and_test;
using bottomhalf::linux26::atomic_inc_not_zero;
using bottomhalf::linux26::atomic_inc_return;
using bottomhalf::linux26::atomic_read;
using bottomhalf::linux26::atomic_set;
using bottomhalf::linux26::atomic_sub;
using bottomhalf::linux26::atomic_sub_and_test;
using bottomhalf::linux26::atomic_sub_return;
using bottomhalf::linux26::atomic_t;
using bottomhalf::linux26::atomic_xchg;

#define ATOMIC_INIT(i) \
    { (i) }
#define smp_mb__before_atomic_dec() smp_mb()
#define smp_mb__after_atomic_dec() smp_mb()
#define smp_mb__before_atomic_inc() smp_mb()
#define smp_mb__after_atomic_inc() smp_mb()

#include <asm/system.h>
