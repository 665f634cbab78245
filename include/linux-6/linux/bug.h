// SPDX-License-Identifier: MIT
// <linux/bug.h>: WARN_ON() is a report under the name of the function that it stands in, BUG_ON() is the end.
#pragma once

#include <cstdlib>

#include <linux/compiler.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline bool bottomhalf_warn(bool condition, const char* function, const char* text, location at) noexcept {
    if (condition) [[unlikely]]
        bottomhalf::detail::say(channel::kernel, severity::warn, function, at, "%s", text);
    return condition;
}
[[noreturn]] inline void bottomhalf_bug(const char* function, const char* text, location at) noexcept {
    bottomhalf::detail::say(channel::kernel, severity::bug, function, at, "%s", text);
    std::abort();
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_bug;
using bottomhalf::linux6::bottomhalf_warn;

#define WARN_ON(condition) \
    bottomhalf_warn(!!(condition), __func__, "WARN_ON(" #condition ")", ::bottomhalf::location::current())
#define WARN_ON_ONCE(condition)                                                                                     \
    ([&](bool bottomhalf_c, const char* bottomhalf_f) {                                                             \
        static bool bottomhalf_said = false;                                                                        \
        if (bottomhalf_c && !bottomhalf_read_once(bottomhalf_said)) {                                               \
            bottomhalf_write_once(bottomhalf_said, true);                                                           \
            bottomhalf_warn(true, bottomhalf_f, "WARN_ON_ONCE(" #condition ")", ::bottomhalf::location::current()); \
        }                                                                                                           \
        return bottomhalf_c;                                                                                        \
    }(!!(condition), __func__))
#define BUG() bottomhalf_bug(__func__, "BUG()", ::bottomhalf::location::current())
#define BUG_ON(condition)                                                                                     \
    do {                                                                                                      \
        if (condition) bottomhalf_bug(__func__, "BUG_ON(" #condition ")", ::bottomhalf::location::current()); \
    } while (0)
