// SPDX-License-Identifier: MIT
// <linux/bottomhalf_regmap_field.h>: the part of <linux/regmap.h> that is fields: some bits of a register, by a name.
//
//   static const struct reg_field speed = REG_FIELD(CTRL, 2, 4);        the bits 2 to 4
//   struct regmap_field *f = devm_regmap_field_alloc(dev, map, speed);
//   regmap_field_write(f, 5);
#pragma once

#include <linux/bits.h>
#include <linux/regmap.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct reg_field {
    unsigned int reg, lsb, msb;
    unsigned int id_size, id_offset;   // several of the kind, that far apart; 0: one
};
struct regmap_field {
    struct regmap* regmap;
    unsigned int mask, shift, reg;
    unsigned int id_size, id_offset;
};

namespace impl {
inline regmap_field field_in(struct ::regmap* map, const reg_field& f) noexcept {
    const auto mask = static_cast<unsigned int>((2UL << f.msb) - (1UL << f.lsb));
    return {map, mask, f.lsb, f.reg, f.id_size, f.id_offset};
}
}   // namespace impl

/// Return: an ERR_PTR(-ENOMEM) if there is no memory.
[[nodiscard]] inline struct regmap_field* regmap_field_alloc(struct regmap* map, struct reg_field f,
                                                             location at = location::current()) noexcept {
    regmap_field* field = kzalloc(sizeof *field, GFP_KERNEL, at);
    if (field == nullptr) return ERR_PTR(-ENOMEM);
    *field = impl::field_in(map, f);
    return field;
}
inline void regmap_field_free(struct regmap_field* field) noexcept { kfree(field); }
[[nodiscard]] inline struct regmap_field* devm_regmap_field_alloc(struct device* dev, struct regmap* map,
                                                                  struct reg_field f,
                                                                  location at = location::current()) noexcept {
    regmap_field* field = devm_kzalloc(dev, sizeof *field, GFP_KERNEL, at);
    if (field == nullptr) return ERR_PTR(-ENOMEM);
    *field = impl::field_in(map, f);
    return field;
}
inline void devm_regmap_field_free(struct device* dev, struct regmap_field* field) noexcept { devm_kfree(dev, field); }

/// Return (all that follow): as regmap_read() and regmap_update_bits(); of a number beyond id_size: -EINVAL.
inline int regmap_field_read(struct regmap_field* field, unsigned int* val, location at = location::current()) {
    unsigned int all = 0;
    const int err = regmap_read(field->regmap, field->reg, &all, at);
    if (err == 0) *val = (all & field->mask) >> field->shift;
    return err;
}
inline int regmap_field_write(struct regmap_field* field, unsigned int val, location at = location::current()) {
    return regmap_update_bits(field->regmap, field->reg, field->mask, val << field->shift, at);
}
inline int regmap_field_force_write(struct regmap_field* field, unsigned int val, location at = location::current()) {
    return regmap_write_bits(field->regmap, field->reg, field->mask, val << field->shift, at);
}
inline int regmap_field_update_bits(struct regmap_field* field, unsigned int mask, unsigned int val,
                                    location at = location::current()) {
    return regmap_update_bits(field->regmap, field->reg, (mask << field->shift) & field->mask, val << field->shift, at);
}
inline int regmap_fields_write(struct regmap_field* field, unsigned int id, unsigned int val,
                               location at = location::current()) {
    if (id >= field->id_size) return -EINVAL;
    return regmap_update_bits(field->regmap, field->reg + field->id_offset * id, field->mask, val << field->shift, at);
}
inline int regmap_fields_read(struct regmap_field* field, unsigned int id, unsigned int* val,
                              location at = location::current()) {
    if (id >= field->id_size) return -EINVAL;
    unsigned int all = 0;
    const int err = regmap_read(field->regmap, field->reg + field->id_offset * id, &all, at);
    if (err == 0) *val = (all & field->mask) >> field->shift;
    return err;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_regmap_field_alloc;
using bottomhalf::linux6::devm_regmap_field_free;
using bottomhalf::linux6::reg_field;
using bottomhalf::linux6::regmap_field;
using bottomhalf::linux6::regmap_field_alloc;
using bottomhalf::linux6::regmap_field_force_write;
using bottomhalf::linux6::regmap_field_free;
using bottomhalf::linux6::regmap_field_read;
using bottomhalf::linux6::regmap_field_update_bits;
using bottomhalf::linux6::regmap_field_write;
using bottomhalf::linux6::regmap_fields_read;
using bottomhalf::linux6::regmap_fields_write;

#define REG_FIELD(_reg, _lsb, _msb) \
    { (_reg), (_lsb), (_msb), 0, 0 }
#define REG_FIELD_ID(_reg, _lsb, _msb, _size, _offset) \
    { (_reg), (_lsb), (_msb), (_size), (_offset) }
