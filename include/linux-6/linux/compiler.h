// SPDX-License-Identifier: MIT
// <linux/compiler.h>: hints, and single accesses that the compiler must not split, fuse or invent.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/compiler_attributes.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

template <class T>
[[nodiscard]] inline T bottomhalf_read_once(const volatile T& x) noexcept {
    return impl::atomic<T>(const_cast<T&>(x)).load(relaxed);   // relaxed: that is what the kernel's says
}
template <class T>
inline void bottomhalf_write_once(volatile T& x, T v) noexcept {
    impl::atomic<T>(const_cast<T&>(x)).store(v, relaxed);   // relaxed: as above
}
/// For what is said once.  Return: whether this is the time.
inline bool bottomhalf_first_time(bool& said) noexcept {
    impl::atomic<bool> flag(said);
    return !flag.load(relaxed) && !flag.exchange(true, relaxed);   // relaxed: nothing goes with it
}
/// Keeps the compiler, and nobody else, from moving memory accesses across.
inline void barrier() noexcept { asm volatile("" ::: "memory"); }
[[noreturn]] inline void unreachable() noexcept { __builtin_unreachable(); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::barrier;
using bottomhalf::linux6::bottomhalf_first_time;
using bottomhalf::linux6::bottomhalf_read_once;
using bottomhalf::linux6::bottomhalf_write_once;
using bottomhalf::linux6::unreachable;

#ifndef KBUILD_MODNAME   // the kernel's makefiles have it on the command line of each file
#define KBUILD_MODNAME "bottomhalf"
#endif

#define READ_ONCE(x) bottomhalf_read_once(x)
#define WRITE_ONCE(x, val) bottomhalf_write_once(x, static_cast<__typeof__(x)>(val))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define OPTIMIZER_HIDE_VAR(var) asm("" : "+r"(var))
#ifndef typeof
#define typeof __typeof__
#endif
