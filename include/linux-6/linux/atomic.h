// SPDX-License-Identifier: MIT
// <linux/atomic.h>: counters.  As in the kernel: what returns a value orders memory fully, what does not, not at all.
#pragma once

#include <asm/barrier.h>
#include <linux/bottomhalf.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct atomic_t {
    int counter;
};
struct atomic64_t {
    s64 counter;
};
struct atomic_long_t {
    long counter;
};

// relaxed: reads, writes and the operations without a value are unordered in the kernel, too.
#define BOTTOMHALF_ATOMIC(prefix, type, value)                                                                     \
    inline value prefix##_read(const type* v) noexcept {                                                           \
        return impl::atomic<value>(const_cast<value&>(v->counter)).load(relaxed);                                  \
    }                                                                                                              \
    inline void prefix##_set(type* v, value i) noexcept { impl::atomic<value>(v->counter).store(i, relaxed); }     \
    inline void prefix##_add(value i, type* v) noexcept { impl::atomic<value>(v->counter).fetch_add(i, relaxed); } \
    inline void prefix##_sub(value i, type* v) noexcept { impl::atomic<value>(v->counter).fetch_sub(i, relaxed); } \
    inline void prefix##_inc(type* v) noexcept { impl::atomic<value>(v->counter).fetch_add(1, relaxed); }          \
    inline void prefix##_dec(type* v) noexcept { impl::atomic<value>(v->counter).fetch_sub(1, relaxed); }          \
    inline value prefix##_fetch_add(value i, type* v) noexcept {                                                   \
        return impl::atomic<value>(v->counter).fetch_add(i, seq_cst);                                              \
    }                                                                                                              \
    inline value prefix##_add_return(value i, type* v) noexcept {                                                  \
        return impl::atomic<value>(v->counter).fetch_add(i, seq_cst) + i;                                          \
    }                                                                                                              \
    inline value prefix##_sub_return(value i, type* v) noexcept {                                                  \
        return impl::atomic<value>(v->counter).fetch_sub(i, seq_cst) - i;                                          \
    }                                                                                                              \
    inline value prefix##_inc_return(type* v) noexcept { return prefix##_add_return(1, v); }                       \
    inline value prefix##_dec_return(type* v) noexcept { return prefix##_sub_return(1, v); }                       \
    inline bool prefix##_inc_and_test(type* v) noexcept { return prefix##_inc_return(v) == 0; }                    \
    inline bool prefix##_dec_and_test(type* v) noexcept { return prefix##_dec_return(v) == 0; }                    \
    inline bool prefix##_sub_and_test(value i, type* v) noexcept { return prefix##_sub_return(i, v) == 0; }        \
    inline value prefix##_xchg(type* v, value n) noexcept {                                                        \
        return impl::atomic<value>(v->counter).exchange(n, seq_cst);                                               \
    }                                                                                                              \
    inline value prefix##_cmpxchg(type* v, value old, value n) noexcept {                                          \
        impl::atomic<value>(v->counter).compare_exchange_strong(old, n, seq_cst, relaxed);                         \
        return old;                                                                                                \
    }                                                                                                              \
    inline bool prefix##_add_unless(type* v, value a, value u) noexcept {                                          \
        impl::atomic<value> c(v->counter);                                                                         \
        value old = c.load(relaxed);                                                                               \
        while (old != u)                                                                                           \
            if (c.compare_exchange_weak(old, old + a, seq_cst, relaxed)) return true;                              \
        return false;                                                                                              \
    }                                                                                                              \
    inline bool prefix##_inc_not_zero(type* v) noexcept { return prefix##_add_unless(v, 1, 0); }

BOTTOMHALF_ATOMIC(atomic, atomic_t, int)
BOTTOMHALF_ATOMIC(atomic64, atomic64_t, s64)
BOTTOMHALF_ATOMIC(atomic_long, atomic_long_t, long)
#undef BOTTOMHALF_ATOMIC

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

#define BOTTOMHALF_ATOMIC_NAMES(prefix)              \
    using bottomhalf::linux6::prefix##_t;            \
    using bottomhalf::linux6::prefix##_read;         \
    using bottomhalf::linux6::prefix##_set;          \
    using bottomhalf::linux6::prefix##_add;          \
    using bottomhalf::linux6::prefix##_sub;          \
    using bottomhalf::linux6::prefix##_inc;          \
    using bottomhalf::linux6::prefix##_dec;          \
    using bottomhalf::linux6::prefix##_fetch_add;    \
    using bottomhalf::linux6::prefix##_add_return;   \
    using bottomhalf::linux6::prefix##_sub_return;   \
    using bottomhalf::linux6::prefix##_inc_return;   \
    using bottomhalf::linux6::prefix##_dec_return;   \
    using bottomhalf::linux6::prefix##_inc_and_test; \
    using bottomhalf::linux6::prefix##_dec_and_test; \
    using bottomhalf::linux6::prefix##_sub_and_test; \
    using bottomhalf::linux6::prefix##_xchg;         \
    using bottomhalf::linux6::prefix##_cmpxchg;      \
    using bottomhalf::linux6::prefix##_add_unless;   \
    using bottomhalf::linux6::prefix##_inc_not_zero;
BOTTOMHALF_ATOMIC_NAMES(atomic)
BOTTOMHALF_ATOMIC_NAMES(atomic64)
BOTTOMHALF_ATOMIC_NAMES(atomic_long)
#undef BOTTOMHALF_ATOMIC_NAMES

#define ATOMIC_INIT(i) \
    { (i) }
#define ATOMIC64_INIT(i) \
    { (i) }
#define ATOMIC_LONG_INIT(i) \
    { (i) }
