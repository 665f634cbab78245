// SPDX-License-Identifier: MIT
// <asm/byteorder.h>: the system's, whose names have two underscores, and the kernel's without.  The orders are one type to
// the compiler; telling them apart is sparse's work.
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#include_next <asm/byteorder.h>

#include <arpa/inet.h>   // htons() and its kin

#include <linux/types.h>

#define cpu_to_le64(x) __cpu_to_le64(x)
#define le64_to_cpu(x) __le64_to_cpu(x)
#define cpu_to_le32(x) __cpu_to_le32(x)
#define le32_to_cpu(x) __le32_to_cpu(x)
#define cpu_to_le16(x) __cpu_to_le16(x)
#define le16_to_cpu(x) __le16_to_cpu(x)
#define cpu_to_be64(x) (static_cast<__be64>(__builtin_bswap64(static_cast<__u64>(x))))
#define be64_to_cpu(x) (static_cast<__u64>(__builtin_bswap64(static_cast<__be64>(x))))
#define cpu_to_be32(x) (static_cast<__be32>(__builtin_bswap32(static_cast<__u32>(x))))
#define be32_to_cpu(x) (static_cast<__u32>(__builtin_bswap32(static_cast<__be32>(x))))
#define cpu_to_be16(x) (static_cast<__be16>(__builtin_bswap16(static_cast<__u16>(x))))
#define be16_to_cpu(x) (static_cast<__u16>(__builtin_bswap16(static_cast<__be16>(x))))
#define le64_to_cpup(p) le64_to_cpu(*(p))
#define le32_to_cpup(p) le32_to_cpu(*(p))
#define le16_to_cpup(p) le16_to_cpu(*(p))
#define be64_to_cpup(p) be64_to_cpu(*(p))
#define be32_to_cpup(p) be32_to_cpu(*(p))
#define be16_to_cpup(p) be16_to_cpu(*(p))
// In place, and of many.
#define bottomhalf_reorder(p, how) ((void)(*(p) = how(*(p))))
#define le64_to_cpus(p) bottomhalf_reorder(p, le64_to_cpu)
#define le32_to_cpus(p) bottomhalf_reorder(p, le32_to_cpu)
#define le16_to_cpus(p) bottomhalf_reorder(p, le16_to_cpu)
#define be64_to_cpus(p) bottomhalf_reorder(p, be64_to_cpu)
#define be32_to_cpus(p) bottomhalf_reorder(p, be32_to_cpu)
#define be16_to_cpus(p) bottomhalf_reorder(p, be16_to_cpu)
#define cpu_to_le64s(p) bottomhalf_reorder(p, cpu_to_le64)
#define cpu_to_le32s(p) bottomhalf_reorder(p, cpu_to_le32)
#define cpu_to_le16s(p) bottomhalf_reorder(p, cpu_to_le16)
#define cpu_to_be64s(p) bottomhalf_reorder(p, cpu_to_be64)
#define cpu_to_be32s(p) bottomhalf_reorder(p, cpu_to_be32)
#define cpu_to_be16s(p) bottomhalf_reorder(p, cpu_to_be16)
#define cpu_to_le64p(p) cpu_to_le64(*(p))
#define cpu_to_le32p(p) cpu_to_le32(*(p))
#define cpu_to_le16p(p) cpu_to_le16(*(p))
#define cpu_to_be64p(p) cpu_to_be64(*(p))
#define cpu_to_be32p(p) cpu_to_be32(*(p))
#define cpu_to_be16p(p) cpu_to_be16(*(p))
#define bottomhalf_add_ordered(p, v, to, from, type) ((void)(*(p) = to(static_cast<type>(from(*(p)) + (v)))))
#define le64_add_cpu(p, v) bottomhalf_add_ordered(p, v, cpu_to_le64, le64_to_cpu, __u64)
#define le32_add_cpu(p, v) bottomhalf_add_ordered(p, v, cpu_to_le32, le32_to_cpu, __u32)
#define le16_add_cpu(p, v) bottomhalf_add_ordered(p, v, cpu_to_le16, le16_to_cpu, __u16)
#define be64_add_cpu(p, v) bottomhalf_add_ordered(p, v, cpu_to_be64, be64_to_cpu, __u64)
#define be32_add_cpu(p, v) bottomhalf_add_ordered(p, v, cpu_to_be32, be32_to_cpu, __u32)
#define be16_add_cpu(p, v) bottomhalf_add_ordered(p, v, cpu_to_be16, be16_to_cpu, __u16)

namespace bottomhalf::linux6 {
inline void le32_to_cpu_array(u32* words, unsigned int n) noexcept {
    for (; n != 0; --n, ++words) le32_to_cpus(words);
}
inline void cpu_to_le32_array(u32* words, unsigned int n) noexcept {
    for (; n != 0; --n, ++words) cpu_to_le32s(words);
}
inline void be32_to_cpu_array(u32* to, const u32* from, std::size_t n) noexcept {
    for (; n != 0; --n, ++to, ++from) *to = be32_to_cpu(*from);
}
inline void cpu_to_be32_array(u32* to, const u32* from, std::size_t n) noexcept {
    for (; n != 0; --n, ++to, ++from) *to = cpu_to_be32(*from);
}
}   // namespace bottomhalf::linux6
using bottomhalf::linux6::be32_to_cpu_array;
using bottomhalf::linux6::cpu_to_be32_array;
using bottomhalf::linux6::cpu_to_le32_array;
using bottomhalf::linux6::le32_to_cpu_array;

#define swab16(x) (static_cast<__u16>(__builtin_bswap16(static_cast<__u16>(x))))
#define swab32(x) (static_cast<__u32>(__builtin_bswap32(static_cast<__u32>(x))))
#define swab64(x) (static_cast<__u64>(__builtin_bswap64(static_cast<__u64>(x))))
#define swahw32(x) (static_cast<__u32>(static_cast<__u32>(x) << 16 | static_cast<__u32>(x) >> 16))
#define swahb32(x) \
    (static_cast<__u32>((static_cast<__u32>(x) & 0x00ff00ffU) << 8 | (static_cast<__u32>(x) & 0xff00ff00U) >> 8))
#define swab16p(p) swab16(*(p))
#define swab32p(p) swab32(*(p))
#define swab64p(p) swab64(*(p))
#define swab16s(p) bottomhalf_reorder(p, swab16)
#define swab32s(p) bottomhalf_reorder(p, swab32)
#define swab64s(p) bottomhalf_reorder(p, swab64)
