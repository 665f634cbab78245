// SPDX-License-Identifier: MIT
// <linux/bottomhalf_regmap_types.h>: what a map of <linux/regmap.h> is made from: its description, and the way to the chip.
#pragma once

#include <linux/bottomhalf_regmap_cache.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

namespace bottomhalf::linux6 {

enum regmap_endian : int {
    REGMAP_ENDIAN_DEFAULT = 0,   // big
    REGMAP_ENDIAN_BIG,
    REGMAP_ENDIAN_LITTLE,
    REGMAP_ENDIAN_NATIVE,
};
struct reg_default {
    unsigned int reg, def;
};
struct reg_sequence {
    unsigned int reg, def, delay_us;
};
struct regmap_range {
    unsigned int range_min, range_max;
};
struct regmap_access_table {
    const struct regmap_range* yes_ranges;
    unsigned int n_yes_ranges;
    const struct regmap_range* no_ranges;   // these first
    unsigned int n_no_ranges;
};

inline namespace BOTTOMHALF_ENGINE {

using regmap_lock = void (*)(void*);
using regmap_unlock = void (*)(void*);

struct regmap_config {
    const char* name;
    int reg_bits, reg_stride, reg_shift;   // shift > 0: to the right, on the bus
    unsigned int reg_base;                 // added, on the bus
    int pad_bits, val_bits;
    bool (*writeable_reg)(struct device* dev, unsigned int reg);
    bool (*readable_reg)(struct device* dev, unsigned int reg);
    bool (*volatile_reg)(struct device* dev, unsigned int reg);
    bool (*precious_reg)(struct device* dev, unsigned int reg);
    bool (*writeable_noinc_reg)(struct device* dev, unsigned int reg);
    bool (*readable_noinc_reg)(struct device* dev, unsigned int reg);
    int (*reg_read)(void* context, unsigned int reg, unsigned int* val);
    int (*reg_write)(void* context, unsigned int reg, unsigned int val);
    int (*reg_update_bits)(void* context, unsigned int reg, unsigned int mask, unsigned int val);
    int (*read)(void* context, const void* reg_buf, std::size_t reg_size, void* val_buf, std::size_t val_size);
    int (*write)(void* context, const void* data, std::size_t count);
    std::size_t max_raw_read, max_raw_write;   // bytes in one transfer; 0: any
    bool can_sleep;
    bool fast_io;   // a spin lock, with interrupts masked, instead of a mutex
    bool io_port, disable_locking;
    regmap_lock lock;
    regmap_unlock unlock;
    void* lock_arg;
    unsigned int max_register;   // 0: none is known
    bool max_register_is_0;
    const struct regmap_access_table *wr_table, *rd_table, *volatile_table, *precious_table, *wr_noinc_table,
        *rd_noinc_table;
    const struct reg_default* reg_defaults;
    unsigned int num_reg_defaults;
    enum regcache_type cache_type;
    unsigned long read_flag_mask, write_flag_mask;   // set in the register's bytes, the first one the lowest
    bool zero_flag_mask;                             // zeroes are meant, not the bus's
    bool use_single_read, use_single_write;
    enum regmap_endian reg_format_endian, val_format_endian;
};

/// How registers are reached: by numbers, or by bytes in the chip's format.
struct regmap_bus {
    bool fast_io;
    int (*write)(void* context, const void* data, std::size_t count);
    int (*gather_write)(void* context, const void* reg, std::size_t reg_len, const void* val, std::size_t val_len);
    int (*reg_write)(void* context, unsigned int reg, unsigned int val);
    int (*reg_update_bits)(void* context, unsigned int reg, unsigned int mask, unsigned int val);
    int (*read)(void* context, const void* reg_buf, std::size_t reg_size, void* val_buf, std::size_t val_size);
    int (*reg_read)(void* context, unsigned int reg, unsigned int* val);
    void (*free_context)(void* context);
    u8 read_flag_mask;
    enum regmap_endian reg_format_endian_default, val_format_endian_default;
    std::size_t max_raw_read, max_raw_write;
};

/// Its members are the implementation's.
struct regmap {
    struct device* dev;
    const struct regmap_bus* bus;
    void* context;   // of the functions
    struct regmap_config config;
    int (*raw_write)(void* context, const void* data, std::size_t count);
    int (*raw_read)(void* context, const void* reg_buf, std::size_t reg_size, void* val_buf, std::size_t val_size);
    struct mutex mutex;
    spinlock_t spinlock;
    unsigned long spinlock_flags;   // under spinlock
    std::size_t reg_bytes, pad_bytes, val_bytes;
    bool packed, little_reg, little_val;
    // What follows: under the lock.
    bool cache_only, cache_bypass, cache_dirty, no_sync_defaults;
    impl::register_cache cache;
    struct reg_default* defaults;
    unsigned int nr_defaults;
    struct reg_sequence* patch;
    int nr_patch;
};

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::reg_default;
using bottomhalf::linux6::reg_sequence;
using bottomhalf::linux6::regmap;
using bottomhalf::linux6::regmap_access_table;
using bottomhalf::linux6::regmap_bus;
using bottomhalf::linux6::regmap_config;
using bottomhalf::linux6::regmap_endian;
using bottomhalf::linux6::regmap_lock;
using bottomhalf::linux6::regmap_range;
using bottomhalf::linux6::regmap_unlock;
using enum bottomhalf::linux6::regmap_endian;

#define REGMAP_UPSHIFT(s) (-(s))
#define REGMAP_DOWNSHIFT(s) (s)
#define REG_SEQ(reg, def, delay_us) \
    { (reg), (def), (delay_us) }
#define REG_SEQ0(reg, def) REG_SEQ(reg, def, 0)
#define regmap_reg_range(low, high) \
    { (low), (high) }
