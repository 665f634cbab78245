// SPDX-License-Identifier: MIT
// <linux/string.h>: libc's, and the kernel's own.
#pragma once

#include <string.h>
#include <strings.h>

#include <cctype>

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

/// Copies what there is room for, always terminated.  Return: the length, -E2BIG if it was cut.
inline ssize_t bottomhalf_strscpy(char* to, const char* from, std::size_t room) noexcept {
    if (room == 0 || room > PTRDIFF_MAX) return -E2BIG;
    for (std::size_t i = 0; i < room; ++i)
        if ((to[i] = from[i]) == '\0') return static_cast<ssize_t>(i);
    to[room - 1] = '\0';
    return -E2BIG;
}
/// And zeroes the rest.
inline ssize_t bottomhalf_strscpy_pad(char* to, const char* from, std::size_t room) noexcept {
    const ssize_t n = bottomhalf_strscpy(to, from, room);
    if (n >= 0) ::memset(to + n, 0, room - static_cast<std::size_t>(n));
    return n;
}
template <std::size_t N>
inline ssize_t strscpy(char (&to)[N], const char* from) noexcept {
    return bottomhalf_strscpy(to, from, N);
}
inline ssize_t strscpy(char* to, const char* from, std::size_t room) noexcept {
    return bottomhalf_strscpy(to, from, room);
}
template <std::size_t N>
inline ssize_t strscpy_pad(char (&to)[N], const char* from) noexcept {
    return bottomhalf_strscpy_pad(to, from, N);
}
inline ssize_t strscpy_pad(char* to, const char* from, std::size_t room) noexcept {
    return bottomhalf_strscpy_pad(to, from, room);
}
/// The first byte that is not `c`, or null.
inline bottomhalf_pointer memchr_inv(const void* start, int c, std::size_t n) noexcept {
    const auto* p = static_cast<const unsigned char*>(start);
    for (; n != 0; ++p, --n)
        if (*p != static_cast<unsigned char>(c)) return bottomhalf_pointer(const_cast<unsigned char*>(p));
    return nullptr;
}
inline void memzero_explicit(void* p, std::size_t n) noexcept {
    ::memset(p, 0, n);
    asm volatile("" : : "r"(p) : "memory");   // or the compiler drops what nobody will read
}
inline void* memset16(u16* p, u16 v, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) p[i] = v;
    return p;
}
inline void* memset32(u32* p, u32 v, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) p[i] = v;
    return p;
}
inline void* memset64(u64* p, u64 v, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) p[i] = v;
    return p;
}
inline void memcpy_and_pad(void* to, std::size_t room, const void* from, std::size_t n, int pad) noexcept {
    ::memcpy(to, from, n < room ? n : room);
    if (n < room) ::memset(static_cast<char*>(to) + n, pad, room - n);
}
inline char* skip_spaces(const char* s) noexcept {
    while (std::isspace(static_cast<unsigned char>(*s)) != 0) ++s;
    return const_cast<char*>(s);
}
/// Cuts the white space at the end off.  Return: behind that at the beginning.
inline char* strim(char* s) noexcept {
    std::size_t n = ::strlen(s);
    while (n != 0 && std::isspace(static_cast<unsigned char>(s[n - 1])) != 0) s[--n] = '\0';
    return skip_spaces(s);
}
inline char* strstrip(char* s) noexcept { return strim(s); }
inline char* strreplace(char* s, char old, char fresh) noexcept {
    for (char* p = s; *p != '\0'; ++p)
        if (*p == old) *p = fresh;
    return s;
}
/// One newline at the end does not count.
[[nodiscard]] inline bool sysfs_streq(const char* a, const char* b) noexcept {
    while (*a != '\0' && *a == *b) ++a, ++b;
    const auto at_end = [](const char* s) { return *s == '\0' || (*s == '\n' && s[1] == '\0'); };
    return at_end(a) && at_end(b);
}
/// The index of `s` among `n` strings, or up to a null.  Return: -EINVAL if it is none of them.
[[nodiscard]] inline int match_string(const char* const* array, std::size_t n, const char* s) noexcept {
    for (std::size_t i = 0; i < n && array[i] != nullptr; ++i)
        if (::strcmp(array[i], s) == 0) return static_cast<int>(i);
    return -EINVAL;
}
[[nodiscard]] inline int __sysfs_match_string(const char* const* array, std::size_t n, const char* s) noexcept {
    for (std::size_t i = 0; i < n && array[i] != nullptr; ++i)
        if (sysfs_streq(array[i], s)) return static_cast<int>(i);
    return -EINVAL;
}
[[nodiscard]] inline const char* kbasename(const char* path) noexcept {
    const char* slash = ::strrchr(path, '/');
    return slash != nullptr ? slash + 1 : path;
}
/// Return: the length of `prefix`, 0 if `s` does not begin with it.
[[nodiscard]] inline std::size_t str_has_prefix(const char* s, const char* prefix) noexcept {
    const std::size_t n = ::strlen(prefix);
    return ::strncmp(s, prefix, n) == 0 ? n : 0;
}
[[nodiscard]] inline bool strstarts(const char* s, const char* prefix) noexcept {
    return ::strncmp(s, prefix, ::strlen(prefix)) == 0;
}
[[nodiscard]] inline char* strnchr(const char* s, std::size_t n, int c) noexcept {
    for (; n != 0; --n, ++s) {
        if (*s == static_cast<char>(c)) return const_cast<char*>(s);
        if (*s == '\0') break;
    }
    return nullptr;
}
[[nodiscard]] inline char* strnstr(const char* s, const char* what, std::size_t n) noexcept {
    const std::size_t len = ::strlen(what);
    for (; n >= len; ++s, --n)
        if (::memcmp(s, what, len) == 0) return const_cast<char*>(s);
    return nullptr;
}

inline namespace BOTTOMHALF_ENGINE {

inline bottomhalf_pointer kmemdup(const void* p, std::size_t n, gfp_t flags,
                                  location at = location::current()) noexcept {
    bottomhalf_pointer copy = kmalloc(n, flags, at);
    if (copy) ::memcpy(static_cast<void*>(copy), p, n);
    return copy;
}
inline bottomhalf_pointer kmemdup_array(const void* p, std::size_t n, std::size_t size, gfp_t flags,
                                        location at = location::current()) noexcept {
    const std::size_t total = size_mul(n, size);
    return total == SIZE_MAX ? bottomhalf_pointer(nullptr) : kmemdup(p, total, flags, at);
}
inline char* kmemdup_nul(const char* s, std::size_t n, gfp_t flags, location at = location::current()) noexcept {
    if (s == nullptr) return nullptr;
    char* copy = kmalloc(n + 1, flags, at);
    if (copy == nullptr) return nullptr;
    ::memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}
inline char* kstrndup(const char* s, std::size_t max, gfp_t flags, location at = location::current()) noexcept {
    return s == nullptr ? nullptr : kmemdup_nul(s, ::strnlen(s, max), flags, at);
}
/// The kernel does not copy literals; here it is a copy, and kfree_const() frees it.
inline const char* kstrdup_const(const char* s, gfp_t flags, location at = location::current()) noexcept {
    return kstrdup(s, flags, at);
}
inline void kfree_const(const void* p, location at = location::current()) noexcept { kfree(p, at); }

// "User space" is the same memory.
inline bottomhalf_pointer memdup_user(const void* p, std::size_t n, location at = location::current()) noexcept {
    bottomhalf_pointer copy = kmemdup(p, n, GFP_USER, at);
    return copy ? copy : ERR_PTR(-ENOMEM);
}
inline bottomhalf_pointer memdup_user_nul(const void* p, std::size_t n, location at = location::current()) noexcept {
    char* copy = kmemdup_nul(static_cast<const char*>(p), n, GFP_USER, at);
    return copy != nullptr ? bottomhalf_pointer(copy) : ERR_PTR(-ENOMEM);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__sysfs_match_string;
using bottomhalf::linux6::kbasename;
using bottomhalf::linux6::kfree_const;
using bottomhalf::linux6::kmemdup;
using bottomhalf::linux6::kmemdup_array;
using bottomhalf::linux6::kmemdup_nul;
using bottomhalf::linux6::kstrdup_const;
using bottomhalf::linux6::kstrndup;
using bottomhalf::linux6::match_string;
using bottomhalf::linux6::memchr_inv;
using bottomhalf::linux6::memcpy_and_pad;
using bottomhalf::linux6::memdup_user;
using bottomhalf::linux6::memdup_user_nul;
using bottomhalf::linux6::memset16;
using bottomhalf::linux6::memset32;
using bottomhalf::linux6::memset64;
using bottomhalf::linux6::memzero_explicit;
using bottomhalf::linux6::skip_spaces;
using bottomhalf::linux6::str_has_prefix;
using bottomhalf::linux6::strim;
using bottomhalf::linux6::strnchr;
using bottomhalf::linux6::strnstr;
using bottomhalf::linux6::strreplace;
using bottomhalf::linux6::strscpy;
using bottomhalf::linux6::strscpy_pad;
using bottomhalf::linux6::strstarts;
using bottomhalf::linux6::strstrip;
using bottomhalf::linux6::sysfs_streq;

#define sysfs_match_string(array, s) __sysfs_match_string(array, sizeof(array) / sizeof((array)[0]), s)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/array_size.h>
#include <linux/compiler.h>
#include <linux/overflow.h>
#include <linux/stddef.h>
