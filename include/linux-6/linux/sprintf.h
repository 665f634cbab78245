// SPDX-License-Identifier: MIT
// <linux/sprintf.h>: text into memory.  vsnprintf() and sscanf() are libc's: the latter gives back EOF where there is nothing
// to read, the kernel's 0.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <type_traits>

#include <stdio.h>

#include <linux/bottomhalf_format.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {

/// Return: how much is there now, and not, as of snprintf(), how much there would have been.
__attribute__((format(printf, 3, 0))) inline int vscnprintf(char* to, std::size_t room, const char* fmt,
                                                            std::va_list args) noexcept {
    const int n = bottomhalf_vformat(to, room, fmt, args);
    if (n < 0 || room == 0) return 0;
    return static_cast<std::size_t>(n) < room ? n : static_cast<int>(room - 1);
}
__attribute__((format(printf, 3, 4))) inline int scnprintf(char* to, std::size_t room, const char* fmt, ...) noexcept {
    va_list args;
    va_start(args, fmt);
    const int n = vscnprintf(to, room, fmt, args);
    va_end(args);
    return n;
}

/// Preferred to libc's, which is what a text without arguments is made by.
/// Return: how much there is, or would be if there were room.
template <class... T>
requires(sizeof...(T) != 0) inline int snprintf(char* to, std::size_t room, const char* fmt, T... values) noexcept {
    const auto print = [](char* s, std::size_t n, const char* f, ...) {
        va_list args;
        va_start(args, f);
        const int length = bottomhalf_vformat(s, n, f, args);
        va_end(args);
        return length;
    };
    return print(to, room, fmt, bottomhalf_plain(values)...);
}
template <class... T>
requires(sizeof...(T) != 0) inline int sprintf(char* to, const char* fmt, T... values) noexcept {
    return snprintf(to, std::size_t{0x7fffffff}, fmt, values...);
}

/// Likewise, for what a kernel's void* is here.
template <class... T>
requires(std::is_base_of_v<bottomhalf_pointer, T> || ...) inline int scnprintf(char* to, std::size_t room,
                                                                               const char* fmt, T... values) noexcept {
    const int n = snprintf(to, room, fmt, values...);
    return n < 0 || room == 0 ? 0 : static_cast<std::size_t>(n) < room ? n : static_cast<int>(room - 1);
}

inline namespace BOTTOMHALF_ENGINE {

/// Return: null if there is no memory.
__attribute__((format(printf, 2, 0))) inline char* kvasprintf(gfp_t flags, const char* fmt,
                                                              std::va_list args) noexcept {
    va_list again;
    va_copy(again, args);
    const int n = bottomhalf_vformat(nullptr, 0, fmt, again);
    va_end(again);
    char* text = n < 0 ? nullptr : kmalloc(static_cast<std::size_t>(n) + 1, flags);
    if (text != nullptr) bottomhalf_vformat(text, static_cast<std::size_t>(n) + 1, fmt, args);
    return text;
}
__attribute__((format(printf, 2, 3))) inline char* kasprintf(gfp_t flags, const char* fmt, ...) noexcept {
    va_list args;
    va_start(args, fmt);
    char* text = kvasprintf(flags, fmt, args);
    va_end(args);
    return text;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::kasprintf;
using bottomhalf::linux6::kvasprintf;
using bottomhalf::linux6::scnprintf;
using bottomhalf::linux6::snprintf;
using bottomhalf::linux6::sprintf;
using bottomhalf::linux6::vscnprintf;
