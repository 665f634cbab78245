// SPDX-License-Identifier: MIT
// <linux/bottomhalf_regmap_buses.h>: maps of <linux/regmap.h> over an I2C client, and over memory.
#pragma once

#include <linux/i2c.h>
#include <linux/io.h>
#include <linux/regmap.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {
namespace impl {

// ---- I2C: by messages; by SMBus, if the adapter knows nothing else and the format is one of SMBus ---------------------

inline int i2c_write_bytes(void* client, const void* data, std::size_t count) {
    const int sent =
        i2c_master_send(static_cast<i2c_client*>(client), static_cast<const char*>(data), static_cast<int>(count));
    if (sent < 0) return sent;
    return sent == static_cast<int>(count) ? 0 : -EIO;
}
inline int i2c_read_bytes(void* of, const void* reg, std::size_t reg_size, void* val, std::size_t val_size) {
    auto* client = static_cast<i2c_client*>(of);
    struct i2c_msg msgs[2] = {{client->addr, static_cast<u16>(client->flags & I2C_M_TEN), static_cast<u16>(reg_size),
                               static_cast<u8*>(const_cast<void*>(reg))},
                              {client->addr, static_cast<u16>((client->flags & I2C_M_TEN) | I2C_M_RD),
                               static_cast<u16>(val_size), static_cast<u8*>(val)}};
    const int done = i2c_transfer(client->adapter, msgs, 2);
    if (done < 0) return done;
    return done == 2 ? 0 : -EIO;
}
inline int i2c_write_byte_reg(void* of, unsigned int reg, unsigned int val) {
    if (reg > 0xff || val > 0xff) return -EINVAL;
    return i2c_smbus_write_byte_data(static_cast<i2c_client*>(of), static_cast<u8>(reg), static_cast<u8>(val));
}
inline int i2c_read_byte_reg(void* of, unsigned int reg, unsigned int* val) {
    if (reg > 0xff) return -EINVAL;
    const s32 got = i2c_smbus_read_byte_data(static_cast<i2c_client*>(of), static_cast<u8>(reg));
    if (got < 0) return got;
    *val = static_cast<unsigned int>(got);
    return 0;
}
template <bool Swapped>
int i2c_write_word_reg(void* of, unsigned int reg, unsigned int val) {
    if (reg > 0xff || val > 0xffff) return -EINVAL;
    auto* client = static_cast<i2c_client*>(of);
    const auto r = static_cast<u8>(reg);
    const auto v = static_cast<u16>(val);
    return Swapped ? i2c_smbus_write_word_swapped(client, r, v) : i2c_smbus_write_word_data(client, r, v);
}
template <bool Swapped>
int i2c_read_word_reg(void* of, unsigned int reg, unsigned int* val) {
    if (reg > 0xff) return -EINVAL;
    auto* client = static_cast<i2c_client*>(of);
    const auto r = static_cast<u8>(reg);
    const s32 got = Swapped ? i2c_smbus_read_word_swapped(client, r) : i2c_smbus_read_word_data(client, r);
    if (got < 0) return got;
    *val = static_cast<unsigned int>(got);
    return 0;
}
constexpr regmap_bus by_bytes(int (*write)(void*, const void*, std::size_t),
                              int (*read)(void*, const void*, std::size_t, void*, std::size_t)) noexcept {
    regmap_bus bus = {};
    bus.write = write;
    bus.read = read;
    return bus;
}
constexpr regmap_bus by_numbers(int (*write)(void*, unsigned int, unsigned int),
                                int (*read)(void*, unsigned int, unsigned int*)) noexcept {
    regmap_bus bus = {};
    bus.reg_write = write;
    bus.reg_read = read;
    return bus;
}
inline constexpr regmap_bus regmap_i2c = by_bytes(i2c_write_bytes, i2c_read_bytes);
inline constexpr regmap_bus regmap_smbus_byte = by_numbers(i2c_write_byte_reg, i2c_read_byte_reg);
inline constexpr regmap_bus regmap_smbus_word = by_numbers(i2c_write_word_reg<false>, i2c_read_word_reg<false>);
inline constexpr regmap_bus regmap_smbus_word_swapped = by_numbers(i2c_write_word_reg<true>, i2c_read_word_reg<true>);

/// Return: null if there is no way.
inline const regmap_bus* i2c_bus_for(i2c_client* client, const regmap_config& c) {
    if (i2c_check_functionality(client->adapter, I2C_FUNC_I2C) != 0) return &regmap_i2c;
    if (c.reg_bits != 8) return nullptr;
    if (c.val_bits == 16 && i2c_check_functionality(client->adapter, I2C_FUNC_SMBUS_WORD_DATA) != 0)
        return is_little(c.val_format_endian, REGMAP_ENDIAN_BIG) ? &regmap_smbus_word : &regmap_smbus_word_swapped;
    if (c.val_bits == 8 && i2c_check_functionality(client->adapter, I2C_FUNC_SMBUS_BYTE_DATA) != 0)
        return &regmap_smbus_byte;
    return nullptr;
}

// ---- memory: registers of one size, one behind the other; native, or little endian, which are the same here ------------

template <class T>
struct memory_bus {
    static int write(void* base, unsigned int reg, unsigned int val) noexcept {
        *reinterpret_cast<volatile T*>(static_cast<char*>(base) + reg) = static_cast<T>(val);
        return 0;
    }
    static int read(void* base, unsigned int reg, unsigned int* val) noexcept {
        *val = *reinterpret_cast<volatile T*>(static_cast<char*>(base) + reg);
        return 0;
    }
    static constexpr regmap_bus make() noexcept {
        regmap_bus made = by_numbers(write, read);
        made.fast_io = true;
        return made;
    }
    static constexpr regmap_bus bus = make();
};
/// Return: null if there are no such registers.
inline const regmap_bus* memory_bus_for(const regmap_config& c) noexcept {
    if (c.reg_bits != 8 && c.reg_bits != 16 && c.reg_bits != 32 && c.reg_bits != 64) return nullptr;
    if (c.pad_bits != 0 || c.val_format_endian == REGMAP_ENDIAN_BIG) return nullptr;
    const int stride = c.reg_stride == 0 ? 1 : c.reg_stride;
    if (c.val_bits == 8) return &memory_bus<u8>::bus;
    if (c.val_bits == 16 && stride % 2 == 0) return &memory_bus<u16>::bus;
    if (c.val_bits == 32 && stride % 4 == 0) return &memory_bus<u32>::bus;
    return nullptr;
}

}   // namespace impl

/// Return (of all): the map, or an ERR_PTR(), as regmap_init(); also -ENOTSUPP: the adapter has no way for that format.
inline struct regmap* regmap_init_i2c(struct i2c_client* client, const struct regmap_config* config,
                                      location at = location::current()) {
    const regmap_bus* bus = impl::i2c_bus_for(client, *config);
    return bus != nullptr ? regmap_init(&client->dev, bus, client, config, at)
                          : static_cast<struct regmap*>(ERR_PTR(-ENOTSUPP));
}
inline struct regmap* devm_regmap_init_i2c(struct i2c_client* client, const struct regmap_config* config,
                                           location at = location::current()) {
    const regmap_bus* bus = impl::i2c_bus_for(client, *config);
    return bus != nullptr ? devm_regmap_init(&client->dev, bus, client, config, at)
                          : static_cast<struct regmap*>(ERR_PTR(-ENOTSUPP));
}
/// A register's number is how far it is behind `regs`, in bytes.  Return: also -EINVAL, of a reg_stride that does not fit.
inline struct regmap* regmap_init_mmio(struct device* dev, void* regs, const struct regmap_config* config,
                                       location at = location::current()) {
    const regmap_bus* bus = impl::memory_bus_for(*config);
    return bus != nullptr ? regmap_init(dev, bus, regs, config, at) : static_cast<struct regmap*>(ERR_PTR(-EINVAL));
}
inline struct regmap* devm_regmap_init_mmio(struct device* dev, void* regs, const struct regmap_config* config,
                                            location at = location::current()) {
    const regmap_bus* bus = impl::memory_bus_for(*config);
    return bus != nullptr ? devm_regmap_init(dev, bus, regs, config, at)
                          : static_cast<struct regmap*>(ERR_PTR(-EINVAL));
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_regmap_init_i2c;
using bottomhalf::linux6::devm_regmap_init_mmio;
using bottomhalf::linux6::regmap_init_i2c;
using bottomhalf::linux6::regmap_init_mmio;
