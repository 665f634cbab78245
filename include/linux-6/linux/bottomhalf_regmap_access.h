// SPDX-License-Identifier: MIT
// <linux/bottomhalf_regmap_access.h>: what a <linux/regmap.h> does with its lock held: the rules about registers, the bytes on
// the bus, and when the cache answers instead of the chip.
#pragma once

#include <linux/bottomhalf_regmap_types.h>
#include <linux/delay.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {
namespace impl {

// ---- the lock -------------------------------------------------------------------------------------------------------

inline bool has_spinlock(const struct regmap& m) noexcept {
    return m.config.fast_io || (m.bus != nullptr && m.bus->fast_io);
}
inline gfp_t gfp_of(const struct regmap& m) noexcept { return has_spinlock(m) ? GFP_ATOMIC : GFP_KERNEL; }

class map_lock {
public:
    map_lock(struct regmap& m, location at) noexcept : m_(m), at_(at) {
        if (m.config.lock != nullptr)
            m.config.lock(m.config.lock_arg);
        else if (m.config.disable_locking)
            return;
        else if (!has_spinlock(m))
            mutex_lock(&m.mutex, at);
        else {
            const unsigned long flags = bottomhalf_spin_lock_irqsave(&m.spinlock, at);
            m.spinlock_flags = flags;
        }
    }
    ~map_lock() {
        if (m_.config.lock != nullptr)
            m_.config.unlock(m_.config.lock_arg);
        else if (m_.config.disable_locking)
            return;
        else if (!has_spinlock(m_))
            mutex_unlock(&m_.mutex, at_);
        else
            spin_unlock_irqrestore(&m_.spinlock, m_.spinlock_flags, at_);
    }
    map_lock(const map_lock&) = delete;
    map_lock& operator=(const map_lock&) = delete;

private:
    struct regmap& m_;
    location at_;
};
/// A flag that is another for a while.
class flag_set {
public:
    flag_set(bool& flag, bool value) noexcept : flag_(flag), before_(flag) { flag = value; }
    ~flag_set() { flag_ = before_; }
    flag_set(const flag_set&) = delete;
    flag_set& operator=(const flag_set&) = delete;

private:
    bool& flag_;
    bool before_;
};

// ---- rules ----------------------------------------------------------------------------------------------------------

inline bool ends(const struct regmap& m) noexcept { return m.config.max_register != 0 || m.config.max_register_is_0; }
inline unsigned int stride_of(const struct regmap& m) noexcept {
    return static_cast<unsigned int>(m.config.reg_stride);
}
inline unsigned int nth(const struct regmap& m, unsigned int reg, std::size_t i) noexcept {
    return reg + static_cast<unsigned int>(i) * stride_of(m);
}
inline bool is_aligned(const struct regmap& m, unsigned int reg) noexcept { return reg % stride_of(m) == 0; }

inline bool in_ranges(unsigned int reg, const regmap_range* ranges, unsigned int n) noexcept {
    for (unsigned int i = 0; i < n; ++i)
        if (ranges[i].range_min <= reg && reg <= ranges[i].range_max) return true;
    return false;
}
inline bool by_table(unsigned int reg, const regmap_access_table& t) noexcept {
    if (in_ranges(reg, t.no_ranges, t.n_no_ranges)) return false;
    return t.n_yes_ranges == 0 || in_ranges(reg, t.yes_ranges, t.n_yes_ranges);
}
/// What a function says, or a table if there is none, or else `otherwise`.
inline bool by_rule(const struct regmap& m, unsigned int reg, bool (*function)(device*, unsigned int),
                    const regmap_access_table* table, bool otherwise) {
    if (function != nullptr) return function(m.dev, reg);
    return table != nullptr ? by_table(reg, *table) : otherwise;
}
inline bool is_beyond(const struct regmap& m, unsigned int reg) noexcept {
    return ends(m) && reg > m.config.max_register;
}
inline bool can_write(const struct regmap& m, unsigned int reg) {
    return !is_beyond(m, reg) && by_rule(m, reg, m.config.writeable_reg, m.config.wr_table, true);
}
inline bool can_ask(const struct regmap& m) noexcept {
    return !m.packed && (m.raw_read != nullptr || m.config.reg_read != nullptr);
}
inline bool can_read(const struct regmap& m, unsigned int reg) {
    return can_ask(m) && !is_beyond(m, reg) && by_rule(m, reg, m.config.readable_reg, m.config.rd_table, true);
}
inline bool can_read_again(const struct regmap& m, unsigned int reg) {
    return by_rule(m, reg, m.config.readable_noinc_reg, m.config.rd_noinc_table, true);
}
inline bool is_volatile(const struct regmap& m, unsigned int reg) {
    if (!m.packed && !can_read(m, reg)) return false;
    return by_rule(m, reg, m.config.volatile_reg, m.config.volatile_table, m.cache.type == REGCACHE_NONE);
}
/// None of them is answered by the cache.
inline bool is_uncached(const struct regmap& m, unsigned int reg, std::size_t n) {
    if (m.cache.type == REGCACHE_NONE || m.cache_bypass) return true;
    for (std::size_t i = 0; i < n; ++i)
        if (!is_volatile(m, nth(m, reg, i))) return false;
    return true;
}

// ---- bytes ----------------------------------------------------------------------------------------------------------

inline void put_bytes(u8* to, std::size_t n, unsigned int value, bool little) noexcept {
    for (std::size_t i = 0; i < n; ++i) to[little ? i : n - 1 - i] = static_cast<u8>(value >> (8 * i));
}
inline unsigned int get_bytes(const u8* from, std::size_t n, bool little) noexcept {
    unsigned int value = 0;
    for (std::size_t i = 0; i < n; ++i) value |= static_cast<unsigned int>(from[little ? i : n - 1 - i]) << (8 * i);
    return value;
}
/// The elements of a caller's array.
inline void store(const struct regmap& m, void* array, std::size_t i, unsigned int value) noexcept {
    switch (m.val_bytes) {
        case 1: static_cast<u8*>(array)[i] = static_cast<u8>(value); break;
        case 2: static_cast<u16*>(array)[i] = static_cast<u16>(value); break;
        default: static_cast<u32*>(array)[i] = value;
    }
}
inline unsigned int load(const struct regmap& m, const void* array, std::size_t i) noexcept {
    switch (m.val_bytes) {
        case 1: return static_cast<const u8*>(array)[i];
        case 2: return static_cast<const u16*>(array)[i];
        default: return static_cast<const u32*>(array)[i];
    }
}
inline unsigned int on_the_bus(const struct regmap& m, unsigned int reg) noexcept {
    reg += m.config.reg_base;
    return m.config.reg_shift >= 0 ? reg >> m.config.reg_shift : reg << -m.config.reg_shift;
}
/// The register as the chip takes it, with padding behind.  Return: how many bytes that are.
inline std::size_t put_register(const struct regmap& m, u8* to, unsigned int reg, unsigned long flags) noexcept {
    put_bytes(to, m.reg_bytes, on_the_bus(m, reg), m.little_reg);
    for (std::size_t i = 0; i < m.reg_bytes; ++i) to[i] = static_cast<u8>(to[i] | (flags >> (8 * i) & 0xff));
    std::memset(to + m.reg_bytes, 0, m.pad_bytes);
    return m.reg_bytes + m.pad_bytes;
}
inline constexpr std::size_t longest_register = 4 + 4;   // and padding

/// One transfer.
inline int transfer_in(struct regmap& m, unsigned int reg, u8* to, std::size_t len) {
    u8 head[longest_register];
    const std::size_t n = put_register(m, head, reg, m.config.read_flag_mask);
    return m.raw_read(m.context, head, n, to, len);
}
inline int transfer_out(struct regmap& m, unsigned int reg, const u8* from, std::size_t len) {
    u8 few[longest_register + 8];
    const std::size_t head = m.reg_bytes + m.pad_bytes;
    u8* bytes = head + len <= sizeof few ? few : static_cast<u8*>(kmalloc(head + len, gfp_of(m)));
    if (bytes == nullptr) return -ENOMEM;
    put_register(m, bytes, reg, m.config.write_flag_mask);
    int err = -ENOTSUPP;
    if (len > m.val_bytes && m.bus != nullptr && m.bus->gather_write != nullptr)
        err = m.bus->gather_write(m.context, bytes, head, from, len);
    if (err == -ENOTSUPP) {
        std::memcpy(bytes + head, from, len);
        err = m.raw_write(m.context, bytes, head + len);
    }
    if (bytes != few) kfree(bytes);
    return err;
}

// ---- the chip -------------------------------------------------------------------------------------------------------

inline int ask(struct regmap& m, unsigned int reg, unsigned int* value) {
    if (m.raw_read == nullptr) return m.config.reg_read(m.context, m.bus != nullptr ? on_the_bus(m, reg) : reg, value);
    u8 bytes[4];
    const int err = transfer_in(m, reg, bytes, m.val_bytes);
    if (err == 0) *value = get_bytes(bytes, m.val_bytes, m.little_val);
    return err;
}
inline int tell(struct regmap& m, unsigned int reg, unsigned int value) {
    if (m.raw_write == nullptr)
        return m.config.reg_write(m.context, m.bus != nullptr ? on_the_bus(m, reg) : reg, value);
    u8 bytes[8];
    if (m.packed) {
        const auto bits = static_cast<unsigned int>(m.config.val_bits);
        const std::size_t n = (static_cast<unsigned int>(m.config.reg_bits) + bits) / 8;
        put_bytes(bytes, n, on_the_bus(m, reg) << bits | value, false);
        return m.raw_write(m.context, bytes, n);
    }
    put_bytes(bytes, m.val_bytes, value, m.little_val);
    return transfer_out(m, reg, bytes, m.val_bytes);
}

// ---- chip and cache -------------------------------------------------------------------------------------------------

inline int cache_reg(struct regmap& m, unsigned int reg, unsigned int value) {
    return is_volatile(m, reg) ? 0 : m.cache.write(reg, value, gfp_of(m));
}
inline int read_reg(struct regmap& m, unsigned int reg, unsigned int* value) {
    if (!m.cache_bypass && !is_volatile(m, reg) && m.cache.read(reg, value) == 0) return 0;
    if (m.cache_only) return -EBUSY;
    if (!can_read(m, reg)) return -EIO;
    const int err = ask(m, reg, value);
    if (err == 0 && !m.cache_bypass) cache_reg(m, reg, *value);   // without memory: it will be asked again
    return err;
}
inline int write_reg(struct regmap& m, unsigned int reg, unsigned int value) {
    if (!can_write(m, reg)) return -EIO;
    if (!m.cache_bypass) {
        const int err = cache_reg(m, reg, value);
        if (err != 0) return err;
        if (m.cache_only) {
            m.cache_dirty = true;
            return 0;
        }
    }
    return tell(m, reg, value);
}
inline int update_reg(struct regmap& m, unsigned int reg, unsigned int mask, unsigned int bits, bool* change,
                      bool force) {
    if (change != nullptr) *change = false;
    int err = 0;
    if (m.config.reg_update_bits != nullptr && is_volatile(m, reg)) {
        err = m.config.reg_update_bits(m.context, m.bus != nullptr ? on_the_bus(m, reg) : reg, mask, bits);
    } else {
        unsigned int before = 0;
        err = read_reg(m, reg, &before);
        if (err != 0) return err;
        const unsigned int after = (before & ~mask) | (bits & mask);
        if (after == before && !force) return 0;
        err = write_reg(m, reg, after);
    }
    if (err == 0 && change != nullptr) *change = true;
    return err;
}
/// Registers per transfer.
inline std::size_t chunk(const struct regmap& m, std::size_t max_bytes, bool single) noexcept {
    if (single) return 1;
    if (max_bytes == 0) return SIZE_MAX;
    return max_bytes < m.val_bytes ? 1 : max_bytes / m.val_bytes;
}
/// From the chip.
inline int read_block(struct regmap& m, unsigned int reg, u8* to, std::size_t n) {
    if (m.cache_only) return -EBUSY;
    for (std::size_t i = 0; i < n; ++i)
        if (!can_read(m, nth(m, reg, i))) return -EIO;
    const std::size_t most = chunk(m, m.config.max_raw_read, m.config.use_single_read);
    int err = 0;
    for (std::size_t i = 0, now; err == 0 && i < n; i += now) {
        now = n - i < most ? n - i : most;
        err = transfer_in(m, nth(m, reg, i), to + i * m.val_bytes, now * m.val_bytes);
    }
    return err;
}
inline int write_block(struct regmap& m, unsigned int reg, const u8* from, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
        if (!can_write(m, nth(m, reg, i))) return -EIO;
    int err = 0;
    if (!m.cache_bypass) {
        for (std::size_t i = 0; err == 0 && i < n; ++i)
            err = cache_reg(m, nth(m, reg, i), get_bytes(from + i * m.val_bytes, m.val_bytes, m.little_val));
        if (err == 0 && m.cache_only) {
            m.cache_dirty = true;
            return 0;
        }
    }
    const std::size_t most = chunk(m, m.config.max_raw_write, m.config.use_single_write);
    for (std::size_t i = 0, now; err == 0 && i < n; i += now) {
        now = n - i < most ? n - i : most;
        err = transfer_out(m, nth(m, reg, i), from + i * m.val_bytes, now * m.val_bytes);
    }
    return err;
}
inline int write_sequence(struct regmap& m, const reg_sequence* regs, int n) {
    for (int i = 0; i < n; ++i) {
        const int err = write_reg(m, regs[i].reg, regs[i].def);
        if (err != 0) return err;
        if (regs[i].delay_us != 0) has_spinlock(m) ? udelay(regs[i].delay_us) : fsleep(regs[i].delay_us);
    }
    return 0;
}
/// With the cache bypassed.
inline int sync_region(struct regmap& m, unsigned int first, unsigned int last) {
    return m.cache.for_each(first, last, [&m](unsigned int reg, unsigned int value) {
        if (is_volatile(m, reg) || !can_write(m, reg)) return 0;
        if (m.no_sync_defaults)
            for (unsigned int i = 0; i < m.nr_defaults; ++i)
                if (m.defaults[i].reg == reg && m.defaults[i].def == value) return 0;
        return write_reg(m, reg, value);
    });
}

// ---- a new one ------------------------------------------------------------------------------------------------------

inline bool is_little(regmap_endian wanted, regmap_endian of_bus) noexcept {
    if (wanted == REGMAP_ENDIAN_DEFAULT) wanted = of_bus;
    return wanted == REGMAP_ENDIAN_LITTLE ||
           (wanted == REGMAP_ENDIAN_NATIVE && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
}
inline bool is_whole(int bits) noexcept { return bits == 8 || bits == 16 || bits == 24 || bits == 32; }

/// Return: 0, -EINVAL or -ENOMEM.
inline int set_format(struct regmap& m) noexcept {
    const regmap_config& c = m.config;
    if (m.raw_read == nullptr && m.raw_write == nullptr)
        return (m.bus == nullptr || (c.reg_read != nullptr && c.reg_write != nullptr)) ? 0 : -EINVAL;
    m.packed = c.reg_bits % 8 != 0;
    if (m.packed) {
        const int bits = c.reg_bits + c.val_bits;
        return c.reg_bits > 0 && c.val_bits > 0 && bits % 8 == 0 && bits <= 32 && c.pad_bits == 0 ? 0 : -EINVAL;
    }
    return is_whole(c.reg_bits) && is_whole(c.val_bits) && c.pad_bits % 8 == 0 && c.pad_bits <= 32 ? 0 : -EINVAL;
}
inline int set_up(struct regmap& m, const regmap_config& given) {
    regmap_config& c = m.config;
    c = given;
    c.name = nullptr;
    if (c.reg_stride == 0) c.reg_stride = 1;
    if (m.bus != nullptr) {
        m.raw_read = m.bus->read;
        m.raw_write = m.bus->write;
        c.reg_read = m.bus->reg_read;
        c.reg_write = m.bus->reg_write;
        c.reg_update_bits = m.bus->reg_update_bits;
        if (c.max_raw_read == 0) c.max_raw_read = m.bus->max_raw_read;
        if (c.max_raw_write == 0) c.max_raw_write = m.bus->max_raw_write;
        if (c.read_flag_mask == 0 && c.write_flag_mask == 0 && !c.zero_flag_mask)
            c.read_flag_mask = m.bus->read_flag_mask;
    } else {
        m.raw_read = c.read;
        m.raw_write = c.write;
    }
    m.reg_bytes = static_cast<std::size_t>(c.reg_bits + 7) / 8;
    m.pad_bytes = static_cast<std::size_t>(c.pad_bits) / 8;
    m.val_bytes = static_cast<std::size_t>(c.val_bits + 7) / 8;
    m.little_reg =
        is_little(c.reg_format_endian, m.bus != nullptr ? m.bus->reg_format_endian_default : REGMAP_ENDIAN_DEFAULT);
    m.little_val =
        is_little(c.val_format_endian, m.bus != nullptr ? m.bus->val_format_endian_default : REGMAP_ENDIAN_DEFAULT);
    int err = set_format(m);
    if (err != 0) return err;
    if (given.name != nullptr && (c.name = kstrdup(given.name, GFP_KERNEL)) == nullptr) return -ENOMEM;

    c.reg_defaults = nullptr;   // the copy counts
    if (c.cache_type == REGCACHE_NONE) {
        m.cache_bypass = true;
        if (given.num_reg_defaults != 0) dev_warn(m.dev, "No cache used with register defaults set!\n");
        return 0;
    }
    err = m.cache.init(c.cache_type, stride_of(m), ends(m), c.max_register);
    if (err != 0 || given.num_reg_defaults == 0) return err;
    m.defaults = static_cast<reg_default*>(
        kmemdup_array(given.reg_defaults, given.num_reg_defaults, sizeof *m.defaults, GFP_KERNEL));
    if (m.defaults == nullptr) return -ENOMEM;
    m.nr_defaults = given.num_reg_defaults;
    for (unsigned int i = 0; err == 0 && i < m.nr_defaults; ++i) {
        if (!is_aligned(m, m.defaults[i].reg)) return -EINVAL;
        err = m.cache.write(m.defaults[i].reg, m.defaults[i].def, GFP_KERNEL);
    }
    return err;
}

}   // namespace impl
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6
