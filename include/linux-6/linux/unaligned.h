// SPDX-License-Identifier: MIT
// <linux/unaligned.h>: numbers at any address, in either order of bytes.
#pragma once

#include <cstring>

#include <asm/byteorder.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

template <class T>
[[nodiscard]] inline T bottomhalf_get_unaligned(const T* p) noexcept {
    T v;
    std::memcpy(&v, static_cast<const void*>(p), sizeof v);
    return v;
}
template <class T>
inline void bottomhalf_put_unaligned(T v, T* p) noexcept {
    std::memcpy(static_cast<void*>(p), &v, sizeof v);
}
namespace unaligned_impl {
template <class T>
[[nodiscard]] inline T get(const void* p) noexcept {
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class T>
inline void put(T v, void* p) noexcept {
    std::memcpy(p, &v, sizeof v);
}
}   // namespace unaligned_impl

#define BOTTOMHALF_UNALIGNED(order, bits)                                               \
    [[nodiscard]] inline u##bits get_unaligned_##order##bits(const void* p) noexcept {  \
        return order##bits##_to_cpu(unaligned_impl::get<u##bits>(p));                   \
    }                                                                                   \
    inline void put_unaligned_##order##bits(u##bits v, void* p) noexcept {              \
        unaligned_impl::put<u##bits>(static_cast<u##bits>(cpu_to_##order##bits(v)), p); \
    }
BOTTOMHALF_UNALIGNED(le, 16)
BOTTOMHALF_UNALIGNED(le, 32)
BOTTOMHALF_UNALIGNED(le, 64)
BOTTOMHALF_UNALIGNED(be, 16)
BOTTOMHALF_UNALIGNED(be, 32)
BOTTOMHALF_UNALIGNED(be, 64)
#undef BOTTOMHALF_UNALIGNED

[[nodiscard]] inline u32 get_unaligned_be24(const u8* p) noexcept {
    return static_cast<u32>(p[0] << 16 | p[1] << 8 | p[2]);
}
[[nodiscard]] inline u32 get_unaligned_le24(const u8* p) noexcept {
    return static_cast<u32>(p[2] << 16 | p[1] << 8 | p[0]);
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::get_unaligned_be16;
using bottomhalf::linux6::get_unaligned_be24;
using bottomhalf::linux6::get_unaligned_be32;
using bottomhalf::linux6::get_unaligned_be64;
using bottomhalf::linux6::get_unaligned_le16;
using bottomhalf::linux6::get_unaligned_le24;
using bottomhalf::linux6::get_unaligned_le32;
using bottomhalf::linux6::get_unaligned_le64;
using bottomhalf::linux6::put_unaligned_be16;
using bottomhalf::linux6::put_unaligned_be32;
using bottomhalf::linux6::put_unaligned_be64;
using bottomhalf::linux6::put_unaligned_le16;
using bottomhalf::linux6::put_unaligned_le32;
using bottomhalf::linux6::put_unaligned_le64;

#define get_unaligned(p) ::bottomhalf::linux6::bottomhalf_get_unaligned(p)
#define put_unaligned(v, p) ::bottomhalf::linux6::bottomhalf_put_unaligned(static_cast<__typeof__(*(p))>(v), p)
