// SPDX-License-Identifier: MIT
// <linux/atomic.h>: counters, and single read-modify-writes of any variable.  As in the kernel: what returns a value is a
// full barrier, what does not orders nothing; _acquire, _release and _relaxed say it themselves, and those that depend on a
// condition are full barriers if it held.
#pragma once

#include <type_traits>

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

namespace impl {
/// Counters wrap, signed ones too.
template <class T>
constexpr T wrapping_add(T a, T b) noexcept {
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) + static_cast<std::make_unsigned_t<T>>(b));
}
template <class T>
constexpr T wrapping_sub(T a, T b) noexcept {
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) - static_cast<std::make_unsigned_t<T>>(b));
}
template <class F>
BOTTOMHALF_INLINE auto as_it_is(F rmw) noexcept {
    return rmw();
}
/// Makes v->counter f(old) as long as want(old) says so.  Return: whether it did; `old` is what was there.
template <class T, class Want, class F>
bool change_if(T& counter, T& old, Want want, F f) noexcept {
    const auto changed = fully_ordered([&] {
        atomic<T> c(counter);
        old = c.load(relaxed);
        while (want(old))
            if (c.compare_exchange_weak(old, f(old), seq_cst, relaxed)) return true;
        return false;
    });
    return changed;
}
}   // namespace impl

// Those of one order.  `wrap` is fully_ordered for the plain name, and then `order` is seq_cst.  A failed compare-exchange
// orders nothing.
#define BOTTOMHALF_ATOMIC_ORDERED(prefix, type, value, suffix, wrap, order)                                    \
    inline value prefix##_fetch_add##suffix(value i, type* v) noexcept {                                       \
        return impl::wrap([&] { return impl::atomic<value>(v->counter).fetch_add(i, order); });                \
    }                                                                                                          \
    inline value prefix##_fetch_sub##suffix(value i, type* v) noexcept {                                       \
        return impl::wrap([&] { return impl::atomic<value>(v->counter).fetch_sub(i, order); });                \
    }                                                                                                          \
    inline value prefix##_fetch_and##suffix(value i, type* v) noexcept {                                       \
        return impl::wrap([&] { return impl::atomic<value>(v->counter).fetch_and(i, order); });                \
    }                                                                                                          \
    inline value prefix##_fetch_andnot##suffix(value i, type* v) noexcept {                                    \
        return prefix##_fetch_and##suffix(~i, v);                                                              \
    }                                                                                                          \
    inline value prefix##_fetch_or##suffix(value i, type* v) noexcept {                                        \
        return impl::wrap([&] { return impl::atomic<value>(v->counter).fetch_or(i, order); });                 \
    }                                                                                                          \
    inline value prefix##_fetch_xor##suffix(value i, type* v) noexcept {                                       \
        return impl::wrap([&] { return impl::atomic<value>(v->counter).fetch_xor(i, order); });                \
    }                                                                                                          \
    inline value prefix##_fetch_inc##suffix(type* v) noexcept { return prefix##_fetch_add##suffix(1, v); }     \
    inline value prefix##_fetch_dec##suffix(type* v) noexcept { return prefix##_fetch_sub##suffix(1, v); }     \
    inline value prefix##_add_return##suffix(value i, type* v) noexcept {                                      \
        return impl::wrapping_add(prefix##_fetch_add##suffix(i, v), i);                                        \
    }                                                                                                          \
    inline value prefix##_sub_return##suffix(value i, type* v) noexcept {                                      \
        return impl::wrapping_sub(prefix##_fetch_sub##suffix(i, v), i);                                        \
    }                                                                                                          \
    inline value prefix##_inc_return##suffix(type* v) noexcept { return prefix##_add_return##suffix(1, v); }   \
    inline value prefix##_dec_return##suffix(type* v) noexcept { return prefix##_sub_return##suffix(1, v); }   \
    inline value prefix##_xchg##suffix(type* v, value n) noexcept {                                            \
        return impl::wrap([&] { return impl::atomic<value>(v->counter).exchange(n, order); });                 \
    }                                                                                                          \
    inline bool prefix##_try_cmpxchg##suffix(type* v, value* old, value n) noexcept {                          \
        return impl::wrap(                                                                                     \
            [&] { return impl::atomic<value>(v->counter).compare_exchange_strong(*old, n, order, relaxed); }); \
    }                                                                                                          \
    inline value prefix##_cmpxchg##suffix(type* v, value old, value n) noexcept {                              \
        prefix##_try_cmpxchg##suffix(v, &old, n);                                                              \
        return old;                                                                                            \
    }

// relaxed: reads, writes and the operations without a value are unordered in the kernel, too.
#define BOTTOMHALF_ATOMIC(prefix, type, value)                                                                         \
    inline value prefix##_read(const type* v) noexcept {                                                               \
        return impl::atomic<value>(const_cast<value&>(v->counter)).load(relaxed);                                      \
    }                                                                                                                  \
    inline value prefix##_read_acquire(const type* v) noexcept {                                                       \
        return impl::atomic<value>(const_cast<value&>(v->counter)).load(acquire); /* a release of the caller's */      \
    }                                                                                                                  \
    inline void prefix##_set(type* v, value i) noexcept { impl::atomic<value>(v->counter).store(i, relaxed); }         \
    inline void prefix##_set_release(type* v, value i) noexcept {                                                      \
        impl::atomic<value>(v->counter).store(i, release); /* for an acquire of the caller's */                        \
    }                                                                                                                  \
    inline void prefix##_add(value i, type* v) noexcept { impl::atomic<value>(v->counter).fetch_add(i, relaxed); }     \
    inline void prefix##_sub(value i, type* v) noexcept { impl::atomic<value>(v->counter).fetch_sub(i, relaxed); }     \
    inline void prefix##_inc(type* v) noexcept { impl::atomic<value>(v->counter).fetch_add(1, relaxed); }              \
    inline void prefix##_dec(type* v) noexcept { impl::atomic<value>(v->counter).fetch_sub(1, relaxed); }              \
    inline void prefix##_and(value i, type* v) noexcept { impl::atomic<value>(v->counter).fetch_and(i, relaxed); }     \
    inline void prefix##_or(value i, type* v) noexcept { impl::atomic<value>(v->counter).fetch_or(i, relaxed); }       \
    inline void prefix##_xor(value i, type* v) noexcept { impl::atomic<value>(v->counter).fetch_xor(i, relaxed); }     \
    inline void prefix##_andnot(value i, type* v) noexcept { prefix##_and(~i, v); }                                    \
    BOTTOMHALF_ATOMIC_ORDERED(prefix, type, value, , fully_ordered, seq_cst)                                           \
    BOTTOMHALF_ATOMIC_ORDERED(prefix, type, value, _acquire, as_it_is, acquire)                                        \
    BOTTOMHALF_ATOMIC_ORDERED(prefix, type, value, _release, as_it_is, release)                                        \
    BOTTOMHALF_ATOMIC_ORDERED(prefix, type, value, _relaxed, as_it_is, relaxed)                                        \
    inline bool prefix##_inc_and_test(type* v) noexcept { return prefix##_inc_return(v) == 0; }                        \
    inline bool prefix##_dec_and_test(type* v) noexcept { return prefix##_dec_return(v) == 0; }                        \
    inline bool prefix##_sub_and_test(value i, type* v) noexcept { return prefix##_sub_return(i, v) == 0; }            \
    inline bool prefix##_add_negative(value i, type* v) noexcept { return prefix##_add_return(i, v) < 0; }             \
    inline value prefix##_fetch_add_unless(type* v, value a, value u) noexcept {                                       \
        value old = 0;                                                                                                 \
        impl::change_if(                                                                                               \
            v->counter, old, [u](value o) { return o != u; }, [a](value o) { return impl::wrapping_add(o, a); });      \
        return old;                                                                                                    \
    }                                                                                                                  \
    inline bool prefix##_add_unless(type* v, value a, value u) noexcept {                                              \
        return prefix##_fetch_add_unless(v, a, u) != u;                                                                \
    }                                                                                                                  \
    inline bool prefix##_inc_not_zero(type* v) noexcept { return prefix##_add_unless(v, 1, 0); }                       \
    inline bool prefix##_inc_unless_negative(type* v) noexcept {                                                       \
        value old = 0;                                                                                                 \
        return impl::change_if(                                                                                        \
            v->counter, old, [](value o) { return o >= 0; }, [](value o) { return impl::wrapping_add(o, value{1}); }); \
    }                                                                                                                  \
    inline bool prefix##_dec_unless_positive(type* v) noexcept {                                                       \
        value old = 0;                                                                                                 \
        return impl::change_if(                                                                                        \
            v->counter, old, [](value o) { return o <= 0; }, [](value o) { return impl::wrapping_sub(o, value{1}); }); \
    }                                                                                                                  \
    inline value prefix##_dec_if_positive(type* v) noexcept {                                                          \
        value old = 0;                                                                                                 \
        impl::change_if(                                                                                               \
            v->counter, old, [](value o) { return o > 0; }, [](value o) { return o - 1; });                            \
        return impl::wrapping_sub(old, value{1});                                                                      \
    }

BOTTOMHALF_ATOMIC(atomic, atomic_t, int)
BOTTOMHALF_ATOMIC(atomic64, atomic64_t, s64)
BOTTOMHALF_ATOMIC(atomic_long, atomic_long_t, long)
#undef BOTTOMHALF_ATOMIC
#undef BOTTOMHALF_ATOMIC_ORDERED

// ---- of any variable of 1, 2, 4 or 8 bytes, pointers too ------------------------------------------------------------

#define BOTTOMHALF_XCHG(suffix, wrap, order)                                                                     \
    template <class T>                                                                                           \
    inline T xchg##suffix(T* p, std::type_identity_t<T> n) noexcept {                                            \
        return impl::wrap([&] { return impl::atomic<T>(*p).exchange(n, order); });                               \
    }                                                                                                            \
    template <class T>                                                                                           \
    inline bool try_cmpxchg##suffix(T* p, std::type_identity_t<T>* old, std::type_identity_t<T> n) noexcept {    \
        return impl::wrap([&] { return impl::atomic<T>(*p).compare_exchange_strong(*old, n, order, relaxed); }); \
    }                                                                                                            \
    /* Return: what was there; `old` if it is `n` now. */                                                        \
    template <class T>                                                                                           \
    inline T cmpxchg##suffix(T* p, std::type_identity_t<T> old, std::type_identity_t<T> n) noexcept {            \
        try_cmpxchg##suffix(p, &old, n);                                                                         \
        return old;                                                                                              \
    }
BOTTOMHALF_XCHG(, fully_ordered, seq_cst)
BOTTOMHALF_XCHG(_acquire, as_it_is, acquire)
BOTTOMHALF_XCHG(_release, as_it_is, release)
BOTTOMHALF_XCHG(_relaxed, as_it_is, relaxed)
#undef BOTTOMHALF_XCHG

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

#define BOTTOMHALF_ATOMIC_ORDERED_NAMES(prefix, suffix)      \
    using bottomhalf::linux6::prefix##_fetch_add##suffix;    \
    using bottomhalf::linux6::prefix##_fetch_sub##suffix;    \
    using bottomhalf::linux6::prefix##_fetch_and##suffix;    \
    using bottomhalf::linux6::prefix##_fetch_andnot##suffix; \
    using bottomhalf::linux6::prefix##_fetch_or##suffix;     \
    using bottomhalf::linux6::prefix##_fetch_xor##suffix;    \
    using bottomhalf::linux6::prefix##_fetch_inc##suffix;    \
    using bottomhalf::linux6::prefix##_fetch_dec##suffix;    \
    using bottomhalf::linux6::prefix##_add_return##suffix;   \
    using bottomhalf::linux6::prefix##_sub_return##suffix;   \
    using bottomhalf::linux6::prefix##_inc_return##suffix;   \
    using bottomhalf::linux6::prefix##_dec_return##suffix;   \
    using bottomhalf::linux6::prefix##_xchg##suffix;         \
    using bottomhalf::linux6::prefix##_try_cmpxchg##suffix;  \
    using bottomhalf::linux6::prefix##_cmpxchg##suffix;
#define BOTTOMHALF_ATOMIC_NAMES(prefix)                     \
    BOTTOMHALF_ATOMIC_ORDERED_NAMES(prefix, )               \
    BOTTOMHALF_ATOMIC_ORDERED_NAMES(prefix, _acquire)       \
    BOTTOMHALF_ATOMIC_ORDERED_NAMES(prefix, _release)       \
    BOTTOMHALF_ATOMIC_ORDERED_NAMES(prefix, _relaxed)       \
    using bottomhalf::linux6::prefix##_t;                   \
    using bottomhalf::linux6::prefix##_read;                \
    using bottomhalf::linux6::prefix##_read_acquire;        \
    using bottomhalf::linux6::prefix##_set;                 \
    using bottomhalf::linux6::prefix##_set_release;         \
    using bottomhalf::linux6::prefix##_add;                 \
    using bottomhalf::linux6::prefix##_sub;                 \
    using bottomhalf::linux6::prefix##_inc;                 \
    using bottomhalf::linux6::prefix##_dec;                 \
    using bottomhalf::linux6::prefix##_and;                 \
    using bottomhalf::linux6::prefix##_or;                  \
    using bottomhalf::linux6::prefix##_xor;                 \
    using bottomhalf::linux6::prefix##_andnot;              \
    using bottomhalf::linux6::prefix##_inc_and_test;        \
    using bottomhalf::linux6::prefix##_dec_and_test;        \
    using bottomhalf::linux6::prefix##_sub_and_test;        \
    using bottomhalf::linux6::prefix##_add_negative;        \
    using bottomhalf::linux6::prefix##_fetch_add_unless;    \
    using bottomhalf::linux6::prefix##_add_unless;          \
    using bottomhalf::linux6::prefix##_inc_not_zero;        \
    using bottomhalf::linux6::prefix##_inc_unless_negative; \
    using bottomhalf::linux6::prefix##_dec_unless_positive; \
    using bottomhalf::linux6::prefix##_dec_if_positive;
BOTTOMHALF_ATOMIC_NAMES(atomic)
BOTTOMHALF_ATOMIC_NAMES(atomic64)
BOTTOMHALF_ATOMIC_NAMES(atomic_long)
#undef BOTTOMHALF_ATOMIC_NAMES
#undef BOTTOMHALF_ATOMIC_ORDERED_NAMES
using bottomhalf::linux6::cmpxchg;
using bottomhalf::linux6::try_cmpxchg;
using bottomhalf::linux6::xchg;
using bottomhalf::linux6::cmpxchg_acquire;
using bottomhalf::linux6::try_cmpxchg_acquire;
using bottomhalf::linux6::xchg_acquire;
using bottomhalf::linux6::cmpxchg_release;
using bottomhalf::linux6::try_cmpxchg_release;
using bottomhalf::linux6::xchg_release;
using bottomhalf::linux6::cmpxchg_relaxed;
using bottomhalf::linux6::try_cmpxchg_relaxed;
using bottomhalf::linux6::xchg_relaxed;

#define ATOMIC_INIT(i) \
    { (i) }
#define ATOMIC64_INIT(i) \
    { (i) }
#define ATOMIC_LONG_INIT(i) \
    { (i) }
#define cmpxchg64(p, old, n) cmpxchg(p, old, n)
