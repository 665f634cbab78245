// SPDX-License-Identifier: MIT
// <linux/kstrtox.h>: text to numbers, strictly: the whole text is the number, but for one newline at its end.
#pragma once

#include <cerrno>
#include <limits>
#include <type_traits>

#include <linux/errno.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
namespace kstrtox_impl {

constexpr unsigned int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<unsigned int>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned int>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned int>(c - 'A') + 10;
    return 255;
}
/// Base 0 is 16 for 0x..., 8 for 0..., else 10; 0x may stand in front in base 16, too.  Return: the first that is no digit.
constexpr const char* magnitude(const char* s, unsigned int base, u64& value, bool& too_large) noexcept {
    const bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit(s[2]) < 16;
    if (base == 0) base = hex ? 16 : s[0] == '0' ? 8 : 10;
    if (base == 16 && hex) s += 2;
    value = 0;
    for (; digit(*s) < base; ++s)
        if (__builtin_mul_overflow(value, u64{base}, &value) || __builtin_add_overflow(value, u64{digit(*s)}, &value))
            too_large = true;
    return s;
}
/// Return: 0, -EINVAL if it is no number, -ERANGE if it does not fit; *result changes only with 0.
template <class T>
constexpr int parse(const char* s, unsigned int base, T* result) noexcept {
    const bool negative = *s == '-';
    if (negative && std::is_unsigned_v<T>) return -EINVAL;
    if (*s == '+' || negative) ++s;
    u64 value = 0;
    bool too_large = false;
    const char* end = magnitude(s, base, value, too_large);
    if (end == s) return -EINVAL;
    if (*end == '\n') ++end;
    if (*end != '\0') return too_large ? -ERANGE : -EINVAL;
    const auto most = static_cast<u64>(std::numeric_limits<T>::max()) + (negative ? 1U : 0U);
    if (too_large || value > most) return -ERANGE;
    *result = static_cast<T>(negative ? 0 - value : value);
    return 0;
}

}   // namespace kstrtox_impl

inline int kstrtoull(const char* s, unsigned int base, unsigned long long* r) noexcept {
    return kstrtox_impl::parse(s, base, r);
}
inline int kstrtoll(const char* s, unsigned int base, long long* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtoul(const char* s, unsigned int base, unsigned long* r) noexcept {
    return kstrtox_impl::parse(s, base, r);
}
inline int kstrtol(const char* s, unsigned int base, long* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtouint(const char* s, unsigned int base, unsigned int* r) noexcept {
    return kstrtox_impl::parse(s, base, r);
}
inline int kstrtoint(const char* s, unsigned int base, int* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtou64(const char* s, unsigned int base, u64* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtos64(const char* s, unsigned int base, s64* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtou32(const char* s, unsigned int base, u32* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtos32(const char* s, unsigned int base, s32* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtou16(const char* s, unsigned int base, u16* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtos16(const char* s, unsigned int base, s16* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtou8(const char* s, unsigned int base, u8* r) noexcept { return kstrtox_impl::parse(s, base, r); }
inline int kstrtos8(const char* s, unsigned int base, s8* r) noexcept { return kstrtox_impl::parse(s, base, r); }
/// y, t, 1, on; n, f, 0, off; the first characters decide.
inline int kstrtobool(const char* s, bool* r) noexcept {
    if (s == nullptr) return -EINVAL;
    switch (*s) {
        case 'y':
        case 'Y':
        case 't':
        case 'T':
        case '1': *r = true; return 0;
        case 'n':
        case 'N':
        case 'f':
        case 'F':
        case '0': *r = false; return 0;
        case 'o':
        case 'O':
            if (s[1] == 'n' || s[1] == 'N') return *r = true, 0;
            if (s[1] == 'f' || s[1] == 'F') return *r = false, 0;
            return -EINVAL;
        default: return -EINVAL;
    }
}
/// The lax one: as far as there are digits.
inline unsigned long long simple_strtoull(const char* s, char** end, unsigned int base) noexcept {
    u64 value = 0;
    bool ignored = false;
    const char* e = kstrtox_impl::magnitude(s, base, value, ignored);
    if (end != nullptr) *end = const_cast<char*>(e);
    return value;
}
inline unsigned long simple_strtoul(const char* s, char** end, unsigned int base) noexcept {
    return static_cast<unsigned long>(simple_strtoull(s, end, base));
}
inline long simple_strtol(const char* s, char** end, unsigned int base) noexcept {
    return *s == '-' ? -static_cast<long>(simple_strtoull(s + 1, end, base))
                     : static_cast<long>(simple_strtoull(s, end, base));
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::kstrtobool;
using bottomhalf::linux6::kstrtoint;
using bottomhalf::linux6::kstrtol;
using bottomhalf::linux6::kstrtoll;
using bottomhalf::linux6::kstrtos16;
using bottomhalf::linux6::kstrtos32;
using bottomhalf::linux6::kstrtos64;
using bottomhalf::linux6::kstrtos8;
using bottomhalf::linux6::kstrtou16;
using bottomhalf::linux6::kstrtou32;
using bottomhalf::linux6::kstrtou64;
using bottomhalf::linux6::kstrtou8;
using bottomhalf::linux6::kstrtouint;
using bottomhalf::linux6::kstrtoul;
using bottomhalf::linux6::kstrtoull;
using bottomhalf::linux6::simple_strtol;
using bottomhalf::linux6::simple_strtoul;
using bottomhalf::linux6::simple_strtoull;
