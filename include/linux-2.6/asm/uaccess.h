// SPDX-License-Identifier: MIT
// <asm/uaccess.h>: memory of user space, which here is any memory.  It may have to be fetched, so these may sleep.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/compiler.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
/// Context: process; elsewhere reported.  Return: the bytes that could not be copied: none.
inline unsigned long copy_to_user(void* to, const void* from, unsigned long n,
                                  location at = location::current()) noexcept {
    impl::ctx::might_sleep("copy_to_user", at);
    std::memcpy(to, from, n);
    return 0;
}
inline unsigned long copy_from_user(void* to, const void* from, unsigned long n,
                                    location at = location::current()) noexcept {
    impl::ctx::might_sleep("copy_from_user", at);
    std::memcpy(to, from, n);
    return 0;
}
namespace impl {
inline int user_access(const char* function, location at = location::current()) noexcept {
    ctx::might_sleep(function, at);
    return 0;
}
}   // namespace impl
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26
using bottomhalf::linux26::copy_from_user;
using bottomhalf::linux26::copy_to_user;

#define get_user(variable, pointer) ((variable) = *(pointer), ::bottomhalf::linux26::impl::user_access("get_user"))
#define put_user(value, pointer) (*(pointer) = (value), ::bottomhalf::linux26::impl::user_access("put_user"))
