// SPDX-License-Identifier: MIT
// <linux/bug.h>: WARN_ON() is a report under the name of the function that it stands in, BUG_ON() is the end.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include <linux/build_bug.h>

#include <linux/bottomhalf_format.h>
#include <linux/compiler.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline bool bottomhalf_warn(bool condition, const char* function, const char* text, location at) noexcept {
    if (condition) [[unlikely]]
        bottomhalf::detail::say(channel::kernel, severity::warn, function, at, "%s", text);
    return condition;
}
/// Return: true.
__attribute__((__noinline__, cold, format(printf, 3, 4))) inline bool bottomhalf_warn_format(const char* function,
                                                                                             location at,
                                                                                             const char* fmt,
                                                                                             ...) noexcept {
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = bottomhalf_vformat(text, sizeof text, fmt, args);
    va_end(args);
    if (n >= static_cast<int>(sizeof text)) n = static_cast<int>(sizeof text) - 1;
    while (n > 0 && text[n - 1] == '\n') text[--n] = '\0';   // a report has no newline at its end
    bottomhalf::detail::say(channel::kernel, severity::warn, function, at, "%s", text);
    return true;
}
[[noreturn]] inline void bottomhalf_bug(const char* function, const char* text, location at) noexcept {
    bottomhalf::detail::say(channel::kernel, severity::bug, function, at, "%s", text);
    std::abort();
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_bug;
using bottomhalf::linux6::bottomhalf_warn;
using bottomhalf::linux6::bottomhalf_warn_format;

#define WARN_ON(condition) \
    bottomhalf_warn(!!(condition), __func__, "WARN_ON(" #condition ")", ::bottomhalf::location::current())
#undef WARN   // Catch2 has one: of the two, a test that includes this has the kernel's
/// The arguments are evaluated if there is something to say, only.
#define WARN(condition, ...)               \
    (__builtin_expect(!!(condition), 0) && \
     bottomhalf_warn_format(__func__, ::bottomhalf::location::current(), bottomhalf_text(__VA_ARGS__)))
#define WARN_ON_ONCE(condition)                                                                                     \
    ([](bool bottomhalf_c, const char* bottomhalf_f) {                                                              \
        static bool bottomhalf_said = false;                                                                        \
        if (bottomhalf_c && bottomhalf_first_time(bottomhalf_said))                                                 \
            bottomhalf_warn(true, bottomhalf_f, "WARN_ON_ONCE(" #condition ")", ::bottomhalf::location::current()); \
        return bottomhalf_c;                                                                                        \
    }(!!(condition), __func__))
#define WARN_ONCE(condition, ...)                                                                                  \
    ([&](bool bottomhalf_c, const char* bottomhalf_f) {                                                            \
        static bool bottomhalf_said = false;                                                                       \
        if (bottomhalf_c && bottomhalf_first_time(bottomhalf_said))                                                \
            bottomhalf_warn_format(bottomhalf_f, ::bottomhalf::location::current(), bottomhalf_text(__VA_ARGS__)); \
        return bottomhalf_c;                                                                                       \
    }(!!(condition), __func__))
#define BUG() bottomhalf_bug(__func__, "BUG()", ::bottomhalf::location::current())
#define BUG_ON(condition)                                                                                     \
    do {                                                                                                      \
        if (condition) bottomhalf_bug(__func__, "BUG_ON(" #condition ")", ::bottomhalf::location::current()); \
    } while (0)
