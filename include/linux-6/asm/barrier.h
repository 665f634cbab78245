// SPDX-License-Identifier: MIT
// <asm/barrier.h>: memory barriers.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/compiler.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// What is before it happens before what is after it, for everybody; smp_rmb() for reads only, smp_wmb() for writes.
inline void smp_mb() noexcept { bottomhalf::detail::fence<engine>(seq_cst); }
inline void smp_rmb() noexcept { bottomhalf::detail::fence<engine>(acquire); }
inline void smp_wmb() noexcept { bottomhalf::detail::fence<engine>(release); }

namespace impl {
/// What the kernel promises of a read-modify-write that returns a value: a full barrier on either side.  On x86 a locked
/// instruction is one.  Elsewhere seq_cst is less: on arm64 a later load may overtake the store in it.
template <class F>
BOTTOMHALF_INLINE auto fully_ordered(F rmw) noexcept {
#if defined(__x86_64__)
    return rmw();
#else
    bottomhalf::detail::fence<engine>(seq_cst);
    const auto result = rmw();
    bottomhalf::detail::fence<engine>(seq_cst);
    return result;
#endif
}
}   // namespace impl

template <class T>
[[nodiscard]] inline T bottomhalf_load_acquire(const volatile T& x) noexcept {
    return impl::atomic<T>(const_cast<T&>(x)).load(acquire);   // its partner is a release of the caller's
}
template <class T>
inline void bottomhalf_store_release(volatile T& x, T v) noexcept {
    impl::atomic<T>(const_cast<T&>(x)).store(v, release);   // its partner is an acquire of the caller's
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_load_acquire;
using bottomhalf::linux6::bottomhalf_store_release;
using bottomhalf::linux6::smp_mb;
using bottomhalf::linux6::smp_rmb;
using bottomhalf::linux6::smp_wmb;

#define mb() smp_mb()
#define rmb() smp_rmb()
#define wmb() smp_wmb()
#define dma_mb() smp_mb()   // there are no devices: these are for other threads, too
#define dma_rmb() smp_rmb()
#define dma_wmb() smp_wmb()
#define virt_mb() smp_mb()
#define virt_rmb() smp_rmb()
#define virt_wmb() smp_wmb()
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()
#define smp_store_mb(var, value) (WRITE_ONCE(var, value), smp_mb())
#define smp_load_acquire(p) bottomhalf_load_acquire(*(p))
#define smp_store_release(p, v) bottomhalf_store_release(*(p), static_cast<__typeof__(*(p))>(v))
