// SPDX-License-Identifier: MIT
// <linux/kernel.h>: small things.  min(), max(), clamp() and swap() are functions here, not macros.
#pragma once

#include <type_traits>

#include <linux/bottomhalf.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

template <class A, class B>
[[nodiscard]] constexpr auto min(A a, B b) noexcept -> std::common_type_t<A, B> {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b);
}
template <class A, class B>
[[nodiscard]] constexpr auto max(A a, B b) noexcept -> std::common_type_t<A, B> {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(b) < static_cast<T>(a) ? static_cast<T>(a) : static_cast<T>(b);
}
template <class T, class L, class H>
[[nodiscard]] constexpr T clamp(T v, L lo, H hi) noexcept {
    return static_cast<T>(min(max(v, lo), hi));
}
template <class T>
constexpr void swap(T& a, T& b) noexcept {
    T t = a;
    a = b;
    b = t;
}
/// Says so if the caller may not sleep here.
inline void might_sleep(location at = location::current()) noexcept { impl::here::might_sleep("might_sleep", at); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::clamp;
using bottomhalf::linux6::max;
using bottomhalf::linux6::might_sleep;
using bottomhalf::linux6::min;
using bottomhalf::linux6::swap;

#define min_t(type, a, b) min(static_cast<type>(a), static_cast<type>(b))
#define max_t(type, a, b) max(static_cast<type>(a), static_cast<type>(b))
#define clamp_t(type, v, lo, hi) clamp(static_cast<type>(v), static_cast<type>(lo), static_cast<type>(hi))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#undef DIV_ROUND_UP
#undef roundup   // <sys/param.h> has one
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define roundup(x, y) ((((x) + ((y)-1)) / (y)) * (y))
#define rounddown(x, y) ((x) - ((x) % (y)))

// The system's, for struct sysinfo: libc's <sys/sysinfo.h> comes here for it.  Last, because what follows the pragma is not
// warned about, and without it -Wpedantic says that #include_next is an extension.
#pragma GCC system_header
#if __has_include_next(<linux/kernel.h>)
#include_next <linux/kernel.h>
#endif
