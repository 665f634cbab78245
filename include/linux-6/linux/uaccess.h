// SPDX-License-Identifier: MIT
// <linux/uaccess.h>: memory of "user space", which is the same memory here: nothing faults, but a null.
#pragma once

#include <cstring>

#include <linux/bottomhalf.h>
#include <linux/compiler_types.h>
#include <linux/errno.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Context: process.  Return: how many bytes could not be copied.
inline unsigned long copy_to_user(void* to, const void* from, unsigned long n,
                                  location at = location::current()) noexcept {
    impl::here::might_sleep("copy_to_user", at);
    if (to == nullptr) return n;
    std::memcpy(to, from, n);
    return 0;
}
inline unsigned long copy_from_user(void* to, const void* from, unsigned long n,
                                    location at = location::current()) noexcept {
    impl::here::might_sleep("copy_from_user", at);
    if (from == nullptr) {
        std::memset(to, 0, n);
        return n;
    }
    std::memcpy(to, from, n);
    return 0;
}
inline unsigned long clear_user(void* to, unsigned long n, location at = location::current()) noexcept {
    impl::here::might_sleep("clear_user", at);
    if (to == nullptr) return n;
    std::memset(to, 0, n);
    return 0;
}
/// Return: the length; `n` if it was cut, and then it has no end; -EFAULT.
inline long strncpy_from_user(char* to, const char* from, long n, location at = location::current()) noexcept {
    impl::here::might_sleep("strncpy_from_user", at);
    if (from == nullptr) return -EFAULT;
    long i = 0;
    for (; i < n && (to[i] = from[i]) != '\0'; ++i) {}
    return i;
}
template <class T>
inline int bottomhalf_get_user(T& to, const T* from, location at = location::current()) noexcept {
    impl::here::might_sleep("get_user", at);
    if (from == nullptr) return to = T{}, -EFAULT;
    std::memcpy(&to, from, sizeof to);
    return 0;
}
template <class T>
inline int bottomhalf_put_user(T from, T* to, location at = location::current()) noexcept {
    impl::here::might_sleep("put_user", at);
    if (to == nullptr) return -EFAULT;
    std::memcpy(to, &from, sizeof from);
    return 0;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::clear_user;
using bottomhalf::linux6::copy_from_user;
using bottomhalf::linux6::copy_to_user;
using bottomhalf::linux6::strncpy_from_user;

#define access_ok(p, n) ((p) != nullptr)
/// Return: 0 or -EFAULT.
#define get_user(x, p) ::bottomhalf::linux6::bottomhalf_get_user(x, p)
#define put_user(x, p) ::bottomhalf::linux6::bottomhalf_put_user(static_cast<__typeof__(*(p))>(x), p)
#define __get_user(x, p) get_user(x, p)
#define __put_user(x, p) put_user(x, p)
#define __copy_to_user(to, from, n) copy_to_user(to, from, n)
#define __copy_from_user(to, from, n) copy_from_user(to, from, n)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
