// SPDX-License-Identifier: MIT
// <linux/bottomhalf_format.h>: vsnprintf() as the kernel has it.  What it makes of a %p with letters behind it libc does
// not know; and nought by %#x is 0x0.  Beyond the kernel's, floating point is printed.
#pragma once

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <type_traits>

#include <linux/bottomhalf.h>   // first: impl is the engine's, and not one more
#include <linux/bottomhalf_format_pointer.h>
#include <linux/bottomhalf_pointer.h>
#include <linux/errno.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

/// The name of an error: "ENODEV", or its number.
inline const char* bottomhalf_errname(int err, char (&room)[16]) noexcept {
    if (err < 0) err = -err;
    if (const char* known = ::strerrorname_np(err)) return known;
    static constexpr const char* own[] = {
        // from 512 on: the kernel's, which no program should see
        "ERESTARTSYS",  "ERESTARTNOINTR", "ERESTARTNOHAND", "ENOIOCTLCMD",    "ERESTART_RESTARTBLOCK",
        "EPROBE_DEFER", "EOPENSTALE",     "ENOPARAM",       nullptr,          "EBADHANDLE",
        "ENOTSYNC",     "EBADCOOKIE",     "ENOTSUPP",       "ETOOSMALL",      "ESERVERFAULT",
        "EBADTYPE",     "EJUKEBOX",       "EIOCBQUEUED",    "ERECALLCONFLICT"};
    if (err >= 512 && err < 512 + static_cast<int>(std::size(own)) && own[err - 512] != nullptr) return own[err - 512];
    std::snprintf(room, sizeof room, "%d", err);
    return room;
}

namespace impl {

/// Reads what stands between a % and its letter, with the numbers that are given as arguments.
/// Return: how long an integer is said to be, in bytes: 1 to 8; as of an int if nothing is said.  16: a long double.
inline unsigned read_field(const char*& fmt, format_field& f, std::va_list& args) noexcept {
    constexpr int widest = 0x7fffff;
    for (;; ++fmt) {
        if (*fmt == '-')
            f.left = true;
        else if (*fmt == '+')
            f.plus = true;
        else if (*fmt == ' ')
            f.space = true;
        else if (*fmt == '#')
            f.special = true;
        else if (*fmt == '0')
            f.zeros = true;
        else
            break;
    }
    const auto number = [&]() -> int {
        if (*fmt == '*') return ++fmt, va_arg(args, int);
        int n = 0;
        for (; *fmt >= '0' && *fmt <= '9'; ++fmt) n = n < 10'000'000 ? 10 * n + (*fmt - '0') : n;
        return n;
    };
    if (*fmt == '*' || (*fmt >= '1' && *fmt <= '9')) {
        const int width = std::clamp(number(), -widest, widest);
        f.left = f.left || width < 0;
        f.width = width < 0 ? -width : width;
    }
    if (*fmt == '.') {
        ++fmt;
        f.point = true;
        if (*fmt == '*' || (*fmt >= '0' && *fmt <= '9'))   // by itself it says nothing, but of a real
            f.precision = std::clamp(number(), 0, 0x7fff);
    }
    unsigned size = sizeof(int);
    for (;; ++fmt) {
        if (*fmt == 'h')
            size = size == 2 ? 1 : 2;
        else if (*fmt == 'l' || *fmt == 'j' || *fmt == 'z' || *fmt == 't' || *fmt == 'q')
            size = 8;
        else if (*fmt == 'L')
            size = 16;
        else
            return size;
    }
}
inline void put_integer(growing_text& out, format_field f, char conversion, unsigned size,
                        std::va_list& args) noexcept {
    const bool is_signed = conversion == 'd' || conversion == 'i';
    auto value = size >= 8 ? va_arg(args, unsigned long long)
                           : static_cast<unsigned long long>(static_cast<long long>(va_arg(args, int)));
    const unsigned spare = size >= 8 ? 0 : 64 - 8 * size;
    const auto whole = static_cast<long long>(value << spare) >> spare;   // with its sign
    const bool negative = is_signed && whole < 0;
    value = negative ? 0 - static_cast<unsigned long long>(whole) : value << spare >> spare;
    const unsigned base = conversion == 'x' || conversion == 'X' ? 16 : conversion == 'o' ? 8 : 10;
    out.put_number(f, value, negative, base, conversion == 'X', is_signed);
}
inline void put_real(growing_text& out, const format_field& f, char conversion, unsigned size,
                     std::va_list& args) noexcept {
    char spec[40];
    std::snprintf(spec, sizeof spec, "%%%s%s%s%s%s*.*%s%c", f.left ? "-" : "", f.plus ? "+" : "", f.space ? " " : "",
                  f.special ? "#" : "", f.zeros ? "0" : "", size == 16 ? "L" : "", conversion);
    const int width = f.width < 0 ? 0 : f.width, precision = f.point ? std::max(0, f.precision) : -1;
    int n = 0;
    if (size == 16) n = std::snprintf(out.end(), out.left(), spec, width, precision, va_arg(args, long double));
    if (size != 16) n = std::snprintf(out.end(), out.left(), spec, width, precision, va_arg(args, double));
    if (n > 0) out.length += static_cast<std::size_t>(n);
}
/// No more of the text is read than is to be printed.
inline void put_text(growing_text& out, const format_field& f, const char* text) noexcept {
    const auto value = reinterpret_cast<std::uintptr_t>(text);
    if (value < 4096) text = text == nullptr ? "(null)" : "(efault)";
    if (value >= static_cast<std::uintptr_t>(-4095)) text = "(efault)";
    const std::size_t n = f.precision < 0 ? std::strlen(text) : ::strnlen(text, static_cast<std::size_t>(f.precision));
    const int missing = f.width - static_cast<int>(n);
    if (!f.left) out.fill(' ', missing);
    out.put(text, n);
    if (f.left) out.fill(' ', missing);
}
inline bool is_alphanumeric(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}   // namespace impl

namespace impl {
/// Who counts on what snprintf() returned, and gives it `size - n`, may have passed the end.
BOTTOMHALF_COLD inline int refuse_room(location at = location::current()) noexcept {
    bottomhalf::detail::say(channel::kernel, severity::warn, "vsnprintf", at, "WARN_ON_ONCE(size > INT_MAX)");
    return 0;
}
BOTTOMHALF_COLD inline void refuse_conversion(char letter, location at = location::current()) noexcept {
    bottomhalf::detail::say(channel::kernel, severity::warn, "format_decode", at,
                            "Please remove unsupported %%%c in format string", letter);
}
}   // namespace impl

inline int bottomhalf_vformat(char* to, std::size_t room, const char* fmt, std::va_list given) noexcept {
    if (room > 0x7fffffff) return impl::refuse_room();
    impl::growing_text out{to, room, 0};
    if (room != 0) *to = '\0';
    std::va_list args;
    va_copy(args, given);   // its name decays to a pointer in a parameter, and is read by others here
    while (*fmt != '\0') {
        const char* next = ::strchrnul(fmt, '%');
        out.put(fmt, static_cast<std::size_t>(next - fmt));
        if (*next == '\0') break;
        fmt = next + 1;
        impl::format_field f;
        const unsigned size = impl::read_field(fmt, f, args);
        const char conversion = *fmt;
        if (conversion == '\0') break;
        ++fmt;
        switch (conversion) {
            case '%': out.put('%'); break;
            case 'c':
                if (!f.left) out.fill(' ', f.width - 1);
                out.put(static_cast<char>(va_arg(args, int)));
                if (f.left) out.fill(' ', f.width - 1);
                break;
            case 's': impl::put_text(out, f, va_arg(args, const char*)); break;
            case 'p': {
                const char* what = fmt;
                while (impl::is_alphanumeric(*fmt)) ++fmt;
                char letters[8] = "";
                std::memcpy(letters, what, std::min<std::size_t>(static_cast<std::size_t>(fmt - what), 7));
                impl::put_pointer(out, f, letters, va_arg(args, const void*));
                break;
            }
            case 'd':
            case 'i':
            case 'u':
            case 'x':
            case 'X':
            case 'o': impl::put_integer(out, f, conversion, size, args); break;
            default:
                if (std::strchr("fFeEgGaA", conversion) != nullptr) {
                    impl::put_real(out, f, conversion, size, args);
                    break;
                }
                // Nobody knows how much of the arguments it stands for: the text ends here.
                impl::refuse_conversion(conversion);
                fmt += std::strlen(fmt);
        }
    }
    va_end(args);
    return static_cast<int>(out.length);
}

// An error pointer that stands where the kernel has a void*, as an argument of a text.
template <class T>
requires(!std::is_base_of_v<bottomhalf_pointer, T>) constexpr T bottomhalf_plain(T value) noexcept { return value; }
inline void* bottomhalf_plain(bottomhalf_pointer p) noexcept { return static_cast<void*>(p); }

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_errname;
using bottomhalf::linux6::bottomhalf_plain;
using bottomhalf::linux6::bottomhalf_vformat;

// bottomhalf_args(a, b, ...) is `, bottomhalf_plain(a), bottomhalf_plain(b) ...`.
#define bottomhalf_args(...) __VA_OPT__(bottomhalf_scan(bottomhalf_each_arg(__VA_ARGS__)))
#define bottomhalf_text(fmt, ...) fmt bottomhalf_args(__VA_ARGS__)
#define bottomhalf_each_arg(a, ...) , bottomhalf_plain(a) __VA_OPT__(bottomhalf_next_arg bottomhalf_parens(__VA_ARGS__))
#define bottomhalf_next_arg() bottomhalf_each_arg
#define bottomhalf_parens ()
// The preprocessor goes on with the next one each time it reads the text again: here for up to 80 arguments.
#define bottomhalf_scan(...) bottomhalf_scan3(bottomhalf_scan3(bottomhalf_scan3(__VA_ARGS__)))
#define bottomhalf_scan3(...) bottomhalf_scan2(bottomhalf_scan2(bottomhalf_scan2(__VA_ARGS__)))
#define bottomhalf_scan2(...) bottomhalf_scan1(bottomhalf_scan1(bottomhalf_scan1(__VA_ARGS__)))
#define bottomhalf_scan1(...) bottomhalf_scan0(bottomhalf_scan0(bottomhalf_scan0(__VA_ARGS__)))
#define bottomhalf_scan0(...) __VA_ARGS__
