// SPDX-License-Identifier: MIT
// <linux/bitfield.h>: a field of a register, named by its mask.
#pragma once

#include <bit>
#include <type_traits>

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

template <class T>
constexpr int bottomhalf_shift(T mask) noexcept {
    return std::countr_zero(static_cast<std::make_unsigned_t<T>>(mask));
}
template <class M>
[[nodiscard]] constexpr M bottomhalf_field_max(M mask) noexcept {
    return static_cast<M>(static_cast<std::make_unsigned_t<M>>(mask) >> bottomhalf_shift(mask));
}
/// What does not fit is cut.
template <class M, class V>
[[nodiscard]] constexpr M bottomhalf_field_prep(M mask, V value) noexcept {
    return static_cast<M>(static_cast<M>(static_cast<M>(value) << bottomhalf_shift(mask)) & mask);
}
template <class M, class V>
[[nodiscard]] constexpr M bottomhalf_field_get(M mask, V reg) noexcept {
    using U = std::make_unsigned_t<M>;
    return static_cast<M>((static_cast<U>(reg) & static_cast<U>(mask)) >> bottomhalf_shift(mask));
}

[[nodiscard]] constexpr u32 u32_get_bits(u32 v, u32 field) noexcept { return (v & field) >> bottomhalf_shift(field); }
[[nodiscard]] constexpr u32 u32_encode_bits(u32 v, u32 field) noexcept {
    return (v << bottomhalf_shift(field)) & field;
}
[[nodiscard]] constexpr u32 u32_replace_bits(u32 old, u32 v, u32 field) noexcept {
    return (old & ~field) | u32_encode_bits(v, field);
}
inline void u32p_replace_bits(u32* p, u32 v, u32 field) noexcept { *p = u32_replace_bits(*p, v, field); }

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::u32_encode_bits;
using bottomhalf::linux6::u32_get_bits;
using bottomhalf::linux6::u32_replace_bits;
using bottomhalf::linux6::u32p_replace_bits;

#define __bf_shf(mask) ::bottomhalf::linux6::bottomhalf_shift(mask)
#define FIELD_MAX(mask) ::bottomhalf::linux6::bottomhalf_field_max(mask)
#define FIELD_FIT(mask, val) (static_cast<__typeof__((mask) + 0)>(val) <= FIELD_MAX(mask))
#define FIELD_PREP(mask, val) ::bottomhalf::linux6::bottomhalf_field_prep(mask, val)
#define FIELD_PREP_CONST(mask, val) FIELD_PREP(mask, val)
#define FIELD_GET(mask, reg) ::bottomhalf::linux6::bottomhalf_field_get(mask, reg)
#define FIELD_MODIFY(mask, reg, val) \
    ((void)(*(reg) = static_cast<__typeof__(*(reg))>((*(reg) & ~(mask)) | FIELD_PREP(mask, val))))
