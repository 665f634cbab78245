// SPDX-License-Identifier: MIT
// <linux/err.h>: an error in the place of a pointer.  The last page of the address space is never anybody's.
#pragma once

#include <linux/bottomhalf_pointer.h>
#include <linux/errno.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

inline constexpr int MAX_ERRNO = 4095;

[[nodiscard]] constexpr bool bottomhalf_is_err_value(unsigned long x) noexcept {
    return x >= static_cast<unsigned long>(-MAX_ERRNO);
}
/// `error` is negative.
[[nodiscard]] inline bottomhalf_pointer ERR_PTR(long error) noexcept {
    return bottomhalf_pointer(reinterpret_cast<void*>(error));
}
[[nodiscard]] inline long PTR_ERR(const volatile void* p) noexcept { return reinterpret_cast<long>(p); }
[[nodiscard]] inline bool IS_ERR(const volatile void* p) noexcept {
    return __builtin_expect(bottomhalf_is_err_value(reinterpret_cast<unsigned long>(p)), false);
}
[[nodiscard]] inline bool IS_ERR_OR_NULL(const volatile void* p) noexcept { return p == nullptr || IS_ERR(p); }
/// Return: the error, 0 if there is none.
[[nodiscard]] inline int PTR_ERR_OR_ZERO(const volatile void* p) noexcept {
    return IS_ERR(p) ? static_cast<int>(PTR_ERR(p)) : 0;
}
/// The error of one pointer as that of another type.
[[nodiscard]] inline bottomhalf_pointer ERR_CAST(const volatile void* p) noexcept {
    return bottomhalf_pointer(const_cast<void*>(p));
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_is_err_value;
using bottomhalf::linux6::ERR_CAST;
using bottomhalf::linux6::ERR_PTR;
using bottomhalf::linux6::IS_ERR;
using bottomhalf::linux6::IS_ERR_OR_NULL;
using bottomhalf::linux6::MAX_ERRNO;
using bottomhalf::linux6::PTR_ERR;
using bottomhalf::linux6::PTR_ERR_OR_ZERO;

#define IS_ERR_VALUE(x) bottomhalf_is_err_value((unsigned long)(x))
