// SPDX-License-Identifier: MIT
// <linux/kernel.h>: printk(), container_of(), min() and max(), BUG_ON() and WARN_ON().
#pragma once

#include <linux/bottomhalf.h>

#include <bottomhalf/printk_ring.hpp>

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/stddef.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

/// Messages of this level and above (larger numbers) are not shown; 7, the kernel's default, hides KERN_DEBUG.
BOTTOMHALF_STATE inline constinit int console_loglevel = 7;

/// One message to stderr in one write(2), so that those of several threads do not mix.
/// Context: any, async-signal-safe.  Return: its length.
/// Differs: at most 1023 characters; the level in front is taken off.
__attribute__((format(printf, 1, 0))) inline int vprintk(const char* format, va_list args) noexcept {
    char line[1024];
    const int saved = errno;
    int n = std::vsnprintf(line, sizeof line, format, args);
    errno = saved;
    if (n < 0) return 0;
    if (n >= static_cast<int>(sizeof line)) n = static_cast<int>(sizeof line) - 1;
    const char* text = line;
    int level = 4;   // of a message that does not say
    if (n >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
        level = line[1] - '0';
        text += 3;
        n -= 3;
    }
    if (level < impl::atomic<int>(console_loglevel).load(relaxed))           // relaxed: a setting
        printk_ring<engine>::put(text, static_cast<std::size_t>(n), true);   // what has no newline is gone on with
    return n;
}
__attribute__((format(printf, 1, 2))) inline int printk(const char* format, ...) noexcept {
    va_list args;
    va_start(args, format);
    const int n = vprintk(format, args);
    va_end(args);
    return n;
}
namespace impl {
BOTTOMHALF_STATE inline constinit arch::ns_t ratelimit_begin = 0;   // A
BOTTOMHALF_STATE inline constinit int ratelimit_left = 0;           // A
}   // namespace impl
/// May this caller speak?  Ten messages in five seconds, all callers together.
inline int printk_ratelimit() noexcept {
    const arch::ns_t now = engine::now();
    const arch::ns_t begin =
        impl::atomic<arch::ns_t>(impl::ratelimit_begin).load(relaxed);   // relaxed: a limit, not a lock
    if (begin == 0 || now - begin > 5'000'000'000) {
        impl::atomic<arch::ns_t>(impl::ratelimit_begin).store(now, relaxed);
        impl::atomic<int>(impl::ratelimit_left).store(10, relaxed);
    }
    return impl::atomic<int>(impl::ratelimit_left).fetch_sub(1, relaxed) > 0;
}
inline void dump_stack(location at = location::current()) noexcept {
    detail::say(impl::kernel, severity::note, "dump_stack", at, "called by %s", at.function_name());
}

namespace impl {
[[noreturn]] inline void bug(location at = location::current()) noexcept {
    detail::say(kernel, severity::bug, at.function_name(), at, "kernel BUG at %s:%u!", at.file_name(),
                static_cast<unsigned>(at.line()));
    std::abort();
}
inline bool warn(bool yes, location at = location::current()) noexcept {
    if (yes) [[unlikely]]
        detail::say(kernel, severity::warn, at.function_name(), at, "Badness in %s at %s:%u", at.function_name(),
                    at.file_name(), static_cast<unsigned>(at.line()));
    return yes;
}
}   // namespace impl

template <class A, class B>
[[nodiscard]] constexpr std::common_type_t<A, B> min(A a, B b) noexcept {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b);
}
template <class A, class B>
[[nodiscard]] constexpr std::common_type_t<A, B> max(A a, B b) noexcept {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(a) > static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b);
}
/// Plain data only: objects of C++ have a swap of their own.
template <class T>
requires std::is_trivially_copyable_v<T>
constexpr void swap(T& a, T& b) noexcept {
    T was = a;
    a = b;
    b = was;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::console_loglevel;
using bottomhalf::linux26::dump_stack;
using bottomhalf::linux26::max;
using bottomhalf::linux26::min;
using bottomhalf::linux26::printk;
using bottomhalf::linux26::printk_ratelimit;
using bottomhalf::linux26::swap;
using bottomhalf::linux26::vprintk;

#define KERN_EMERG "<0>"
#define KERN_ALERT "<1>"
#define KERN_CRIT "<2>"
#define KERN_ERR "<3>"
#define KERN_WARNING "<4>"
#define KERN_NOTICE "<5>"
#define KERN_INFO "<6>"
#define KERN_DEBUG "<7>"
#define KERN_CONT ""

#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define pr_err(format, ...) printk(KERN_ERR pr_fmt(format) __VA_OPT__(, ) __VA_ARGS__)
#define pr_warn(format, ...) printk(KERN_WARNING pr_fmt(format) __VA_OPT__(, ) __VA_ARGS__)
#define pr_info(format, ...) printk(KERN_INFO pr_fmt(format) __VA_OPT__(, ) __VA_ARGS__)
#ifdef DEBUG
#define pr_debug(format, ...) printk(KERN_DEBUG pr_fmt(format) __VA_OPT__(, ) __VA_ARGS__)
#else
#define pr_debug(format, ...) ((void)sizeof(printk(KERN_DEBUG pr_fmt(format) __VA_OPT__(, ) __VA_ARGS__)))
#endif

/// A driver's bug ends the program, as it would have ended the task.
#define BUG() (::bottomhalf::linux26::impl::bug())
#define BUG_ON(condition)               \
    do {                                \
        if (unlikely(condition)) BUG(); \
    } while (0)
#define WARN_ON(condition) (::bottomhalf::linux26::impl::warn(static_cast<bool>(condition)))
#define panic(...) (printk(KERN_EMERG "Kernel panic - not syncing: " __VA_ARGS__), BUG())

/// The object of `type` whose `member` is at `ptr`.
#define container_of(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min_t(type, a, b) (min<type, type>((type)(a), (type)(b)))
#define max_t(type, a, b) (max<type, type>((type)(a), (type)(b)))
#ifndef typeof
#define typeof __typeof__
#endif

// The system's, for struct sysinfo: libc's <sys/sysinfo.h> comes here for it.  Last, because what follows the pragma is not
// warned about, and without it -Wpedantic says that #include_next is an extension.
#pragma GCC system_header
#if __has_include_next(<linux/kernel.h>)
#include_next <linux/kernel.h>
#endif
