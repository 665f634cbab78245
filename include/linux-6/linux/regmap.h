// SPDX-License-Identifier: MIT
// <linux/regmap.h>: the registers of a chip, whatever they are reached by: with a lock, a cache, and rules about which of them
// can be read and written.
//
//   static const struct regmap_config config = { .reg_bits = 8, .val_bits = 8, .max_register = 0x7f };
//   struct regmap *map = devm_regmap_init_i2c(client, &config);        or _mmio; or by functions of one's own:
//   struct regmap *map = devm_regmap_init(dev, NULL, context, &config);        config.reg_read(), config.reg_write()
//   regmap_update_bits(map, CTRL, CTRL_ON, CTRL_ON);
//
// Registers of 8, 16, 24 and 32 bits, values likewise; or both packed into whole bytes, as 7 and 9 bits are: such a chip cannot
// be read.  A register that is not volatile is asked for once, if there is a cache; regcache_cache_only() while the chip
// sleeps, then regcache_mark_dirty() and regcache_sync() bring it what it has missed.
//
// Not here: ranges of pages, defaults in a chip's own format, interrupts of a map, writes that are waited for later (they are
// done at once, as in the kernel on a bus that knows no others).
#pragma once

#include <linux/bottomhalf_regmap_access.h>
#include <linux/bottomhalf_regmap_types.h>
#include <linux/device.h>
#include <linux/iopoll.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

// Context, all that follow: process; any that may take the lock, if it is a spin lock; for maps without, the caller's
// business.  Return, where nothing else is said: 0; -EINVAL: a register between two, see reg_stride; -EIO: one that is not
// readable, or not writeable; -EBUSY: the chip would have to be asked, and regcache_cache_only() forbids that; or what the
// bus returned.

inline int regmap_write(struct regmap* map, unsigned int reg, unsigned int val, location at = location::current()) {
    if (!impl::is_aligned(*map, reg)) return -EINVAL;
    const impl::map_lock g(*map, at);
    return impl::write_reg(*map, reg, val);
}
inline int regmap_write_async(struct regmap* map, unsigned int reg, unsigned int val,
                              location at = location::current()) {
    return regmap_write(map, reg, val, at);
}
inline int regmap_async_complete(struct regmap*) noexcept { return 0; }
inline int regmap_read(struct regmap* map, unsigned int reg, unsigned int* val, location at = location::current()) {
    if (!impl::is_aligned(*map, reg)) return -EINVAL;
    const impl::map_lock g(*map, at);
    return impl::read_reg(*map, reg, val);
}
/// Past the cache.
inline int regmap_read_bypassed(struct regmap* map, unsigned int reg, unsigned int* val,
                                location at = location::current()) {
    if (!impl::is_aligned(*map, reg)) return -EINVAL;
    const impl::map_lock g(*map, at);
    const impl::flag_set bypass(map->cache_bypass, true), only(map->cache_only, false);
    return impl::read_reg(*map, reg, val);
}
/// The bits of `mask` become those of `val`.  If they are already, nothing is written, unless `force`.  *change, if it is
/// not null: whether something was.
inline int regmap_update_bits_base(struct regmap* map, unsigned int reg, unsigned int mask, unsigned int val,
                                   bool* change, bool /*async*/, bool force, location at = location::current()) {
    const impl::map_lock g(*map, at);
    return impl::update_reg(*map, reg, mask, val, change, force);
}
inline int regmap_update_bits(struct regmap* map, unsigned int reg, unsigned int mask, unsigned int val,
                              location at = location::current()) {
    return regmap_update_bits_base(map, reg, mask, val, nullptr, false, false, at);
}
inline int regmap_update_bits_async(struct regmap* map, unsigned int reg, unsigned int mask, unsigned int val,
                                    location at = location::current()) {
    return regmap_update_bits_base(map, reg, mask, val, nullptr, true, false, at);
}
inline int regmap_update_bits_check(struct regmap* map, unsigned int reg, unsigned int mask, unsigned int val,
                                    bool* change, location at = location::current()) {
    return regmap_update_bits_base(map, reg, mask, val, change, false, false, at);
}
inline int regmap_write_bits(struct regmap* map, unsigned int reg, unsigned int mask, unsigned int val,
                             location at = location::current()) {
    return regmap_update_bits_base(map, reg, mask, val, nullptr, false, true, at);
}
inline int regmap_set_bits(struct regmap* map, unsigned int reg, unsigned int bits, location at = location::current()) {
    return regmap_update_bits(map, reg, bits, bits, at);
}
inline int regmap_clear_bits(struct regmap* map, unsigned int reg, unsigned int bits,
                             location at = location::current()) {
    return regmap_update_bits(map, reg, bits, 0, at);
}
inline int regmap_assign_bits(struct regmap* map, unsigned int reg, unsigned int bits, bool value,
                              location at = location::current()) {
    return regmap_update_bits(map, reg, bits, value ? bits : 0, at);
}
/// Return: 1 if all of them are set, 0 if not, or -errno.
inline int regmap_test_bits(struct regmap* map, unsigned int reg, unsigned int bits,
                            location at = location::current()) {
    unsigned int val = 0;
    const int err = regmap_read(map, reg, &val, at);
    return err != 0 ? err : (val & bits) == bits ? 1 : 0;
}

// ---- several at a time ----------------------------------------------------------------------------------------------

/// `n` registers from `reg` on, into an array of u8, u16 or u32, as wide as a value.  In one transfer, if the bus has bytes and
/// none of them is cached.  Return: -EINVAL also for n == 0, and values of 24 bits.
inline int regmap_bulk_read(struct regmap* map, unsigned int reg, void* val, std::size_t n,
                            location at = location::current()) {
    if (!impl::is_aligned(*map, reg) || n == 0 || map->val_bytes == 3) return -EINVAL;
    const impl::map_lock g(*map, at);
    if (map->raw_read != nullptr && !map->packed && impl::is_uncached(*map, reg, n)) {
        const int err = impl::read_block(*map, reg, static_cast<u8*>(val), n);
        for (std::size_t i = 0; err == 0 && i < n; ++i)
            impl::store(*map, val, i,
                        impl::get_bytes(static_cast<u8*>(val) + i * map->val_bytes, map->val_bytes, map->little_val));
        return err;
    }
    for (std::size_t i = 0; i < n; ++i) {
        unsigned int v = 0;
        const int err = impl::read_reg(*map, impl::nth(*map, reg, i), &v);
        if (err != 0) return err;
        impl::store(*map, val, i, v);
    }
    return 0;
}
/// From such an array.
inline int regmap_bulk_write(struct regmap* map, unsigned int reg, const void* val, std::size_t n,
                             location at = location::current()) {
    if (!impl::is_aligned(*map, reg) || map->val_bytes == 3) return -EINVAL;
    const impl::map_lock g(*map, at);
    if (map->raw_write == nullptr || map->packed || map->config.use_single_write) {
        int err = 0;
        for (std::size_t i = 0; err == 0 && i < n; ++i)
            err = impl::write_reg(*map, impl::nth(*map, reg, i), impl::load(*map, val, i));
        return err;
    }
    u8* bytes = kmalloc(size_mul(n, map->val_bytes), impl::gfp_of(*map), at);
    if (bytes == nullptr) return -ENOMEM;
    for (std::size_t i = 0; i < n; ++i)
        impl::put_bytes(bytes + i * map->val_bytes, map->val_bytes, impl::load(*map, val, i), map->little_val);
    const int err = impl::write_block(*map, reg, bytes, n);
    kfree(bytes);
    return err;
}
/// Bytes in the chip's format.  Return: also -ENOTSUPP, of a map without; -EINVAL: not a whole number of values.
inline int regmap_raw_read(struct regmap* map, unsigned int reg, void* val, std::size_t len,
                           location at = location::current()) {
    if (map->raw_read == nullptr || map->packed) return -ENOTSUPP;
    if (!impl::is_aligned(*map, reg) || len == 0 || len % map->val_bytes != 0) return -EINVAL;
    const std::size_t n = len / map->val_bytes;
    const impl::map_lock g(*map, at);
    if (impl::is_uncached(*map, reg, n)) return impl::read_block(*map, reg, static_cast<u8*>(val), n);
    for (std::size_t i = 0; i < n; ++i) {
        unsigned int v = 0;
        const int err = impl::read_reg(*map, impl::nth(*map, reg, i), &v);
        if (err != 0) return err;
        impl::put_bytes(static_cast<u8*>(val) + i * map->val_bytes, map->val_bytes, v, map->little_val);
    }
    return 0;
}
inline int regmap_raw_write(struct regmap* map, unsigned int reg, const void* val, std::size_t len,
                            location at = location::current()) {
    if (map->raw_write == nullptr || map->packed) return -ENOTSUPP;
    if (!impl::is_aligned(*map, reg) || len % map->val_bytes != 0) return -EINVAL;
    const impl::map_lock g(*map, at);
    return impl::write_block(*map, reg, static_cast<const u8*>(val), len / map->val_bytes);
}
/// All of them from one register, as of a FIFO.  Return: -EINVAL also if that is cached, or no such register.
inline int regmap_noinc_read(struct regmap* map, unsigned int reg, void* val, std::size_t len,
                             location at = location::current()) {
    if (map->raw_read == nullptr || map->packed) return -ENOTSUPP;
    if (!impl::is_aligned(*map, reg) || len == 0 || len % map->val_bytes != 0) return -EINVAL;
    const impl::map_lock g(*map, at);
    if (!impl::is_volatile(*map, reg) || !impl::can_read_again(*map, reg)) return -EINVAL;
    return impl::transfer_in(*map, reg, static_cast<u8*>(val), len);
}
/// One after the other.
inline int regmap_multi_reg_write(struct regmap* map, const struct reg_sequence* regs, int n,
                                  location at = location::current()) {
    const impl::map_lock g(*map, at);
    return impl::write_sequence(*map, regs, n);
}
/// Writes them past the cache, now and before each regcache_sync().  Return: also -ENOMEM.
inline int regmap_register_patch(struct regmap* map, const struct reg_sequence* regs, int n,
                                 location at = location::current()) {
    const impl::map_lock g(*map, at);
    const auto before = static_cast<std::size_t>(map->nr_patch), more = static_cast<std::size_t>(n);
    reg_sequence* all = krealloc_array(map->patch, before + more, sizeof *all, impl::gfp_of(*map), at);
    if (all == nullptr) return -ENOMEM;
    std::memcpy(all + before, regs, more * sizeof *all);
    map->patch = all;
    map->nr_patch += n;
    const impl::flag_set bypass(map->cache_bypass, true);
    return impl::write_sequence(*map, regs, n);
}

// ---- the cache ------------------------------------------------------------------------------------------------------

/// Writes go to the cache only, and nothing is asked for: the chip sleeps.
inline void regcache_cache_only(struct regmap* map, bool enable, location at = location::current()) {
    const impl::map_lock g(*map, at);
    if (map->cache.type != REGCACHE_NONE && map->cache_bypass && enable)
        bottomhalf::detail::say(channel::kernel, severity::warn, "regcache_cache_only", at,
                                "WARN_ON(map->cache_bypass && enable)");
    map->cache_only = enable;
}
/// Reads and writes go to the chip only.
inline void regcache_cache_bypass(struct regmap* map, bool enable, location at = location::current()) {
    const impl::map_lock g(*map, at);
    if (map->cache_only && enable)
        bottomhalf::detail::say(channel::kernel, severity::warn, "regcache_cache_bypass", at,
                                "WARN_ON(map->cache_only && enable)");
    map->cache_bypass = enable;
}
/// The chip has forgotten: it is at its defaults.
inline void regcache_mark_dirty(struct regmap* map, location at = location::current()) {
    const impl::map_lock g(*map, at);
    map->cache_dirty = map->no_sync_defaults = true;
}
/// Writes what is cached to the chip, if it may differ: after a write with regcache_cache_only(), all; after
/// regcache_mark_dirty(), what is not a default.  Return: -EINVAL, and reported, if there is no cache.
inline int regcache_sync(struct regmap* map, location at = location::current()) {
    if (map->cache.type == REGCACHE_NONE) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "regcache_sync", at,
                                "WARN_ON(map->cache_type == REGCACHE_NONE)");
        return -EINVAL;
    }
    const impl::map_lock g(*map, at);
    int err = 0;
    if (map->cache_dirty) {
        const impl::flag_set bypass(map->cache_bypass, true);
        err = impl::write_sequence(*map, map->patch, map->nr_patch);
        if (err == 0) err = impl::sync_region(*map, 0, UINT_MAX);
        if (err == 0) map->cache_dirty = false;
    }
    map->no_sync_defaults = false;
    return err;
}
inline int regcache_sync_region(struct regmap* map, unsigned int first, unsigned int last,
                                location at = location::current()) {
    const impl::map_lock g(*map, at);
    int err = 0;
    if (map->cache_dirty) {
        const impl::flag_set bypass(map->cache_bypass, true);
        err = impl::sync_region(*map, first, last);
    }
    map->no_sync_defaults = false;
    return err;
}
/// The chip is asked again.  Return: -EINVAL if that cannot be had of the cache.
inline int regcache_drop_region(struct regmap* map, unsigned int first, unsigned int last,
                                location at = location::current()) {
    if (map->cache.type == REGCACHE_NONE || map->cache.flat != nullptr) return -EINVAL;
    const impl::map_lock g(*map, at);
    map->cache.forget(first, last);
    return 0;
}
/// Stale when read.
[[nodiscard]] inline bool regcache_reg_cached(struct regmap* map, unsigned int reg, location at = location::current()) {
    const impl::map_lock g(*map, at);
    unsigned int v;
    return map->cache.type != REGCACHE_NONE && !impl::is_volatile(*map, reg) && map->cache.read(reg, &v) == 0;
}

// ---- a map's life ---------------------------------------------------------------------------------------------------

namespace impl {
inline void release_attached(device*, void*) noexcept {}
inline int same_map(device*, void* res, void* wanted) noexcept {
    return *static_cast<struct regmap**>(res) == wanted ? 1 : 0;
}
inline int map_of_name(device*, void* res, void* name) noexcept {
    const struct regmap* map = *static_cast<struct regmap**>(res);
    return name == nullptr ||
                   (map->config.name != nullptr && std::strcmp(map->config.name, static_cast<char*>(name)) == 0)
               ? 1
               : 0;
}
inline void exit_map_action(void* map);
}   // namespace impl

inline void regmap_exit(struct regmap* map) {
    if (map->dev != nullptr) devres_destroy(map->dev, impl::release_attached, impl::same_map, map);
    if (map->bus != nullptr && map->bus->free_context != nullptr) map->bus->free_context(map->context);
    map->cache.destroy();
    kfree(map->patch);
    kfree(map->defaults);
    kfree(map->config.name);
    kfree(map);
}
inline void impl::exit_map_action(void* map) { regmap_exit(static_cast<struct regmap*>(map)); }

/// bus: null: by config->reg_read() and reg_write(), or by read() and write().  The config need not stay.
/// Context: process.
/// Return:  the map, which regmap_exit() frees; or an ERR_PTR(): -EINVAL: a format that is not known; -ENOMEM.
inline struct regmap* regmap_init(struct device* dev, const struct regmap_bus* bus, void* context,
                                  const struct regmap_config* config, location at = location::current()) {
    if (config == nullptr) return ERR_PTR(-EINVAL);
    struct regmap* map = kzalloc(sizeof *map, GFP_KERNEL, at);
    if (map == nullptr) return ERR_PTR(-ENOMEM);
    map->dev = dev;
    map->bus = bus;
    map->context = context;
    int err = impl::set_up(*map, *config);
    if (err == 0 && dev != nullptr) {
        struct regmap** attached = devres_alloc(impl::release_attached, sizeof *attached, GFP_KERNEL, at);
        if (attached != nullptr) {
            *attached = map;
            devres_add(dev, attached);
        } else {
            err = -ENOMEM;
        }
    }
    if (err == 0) return map;
    map->bus = nullptr;   // the context stays the caller's
    regmap_exit(map);
    return ERR_PTR(err);
}
/// And regmap_exit() with what else is managed.
inline struct regmap* devm_regmap_init(struct device* dev, const struct regmap_bus* bus, void* context,
                                       const struct regmap_config* config, location at = location::current()) {
    struct regmap* map = regmap_init(dev, bus, context, config, at);
    if (IS_ERR(map)) return map;
    const int err = devm_add_action_or_reset(dev, impl::exit_map_action, map, at);
    return err != 0 ? static_cast<struct regmap*>(ERR_PTR(err)) : map;
}
/// The youngest map of a device, or that of a name.  Return: null if there is none.
[[nodiscard]] inline struct regmap* dev_get_regmap(struct device* dev, const char* name) noexcept {
    struct regmap** attached = devres_find(dev, impl::release_attached, impl::map_of_name, const_cast<char*>(name));
    return attached != nullptr ? *attached : nullptr;
}
[[nodiscard]] inline struct device* regmap_get_device(struct regmap* map) noexcept { return map->dev; }
[[nodiscard]] inline int regmap_get_val_bytes(struct regmap* map) noexcept { return static_cast<int>(map->val_bytes); }
[[nodiscard]] inline int regmap_get_max_register(struct regmap* map) noexcept {
    return impl::ends(*map) ? static_cast<int>(map->config.max_register) : -EINVAL;
}
[[nodiscard]] inline int regmap_get_reg_stride(struct regmap* map) noexcept { return map->config.reg_stride; }
[[nodiscard]] inline bool regmap_might_sleep(struct regmap* map) noexcept { return !impl::has_spinlock(*map); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::dev_get_regmap;
using bottomhalf::linux6::devm_regmap_init;
using bottomhalf::linux6::regcache_cache_bypass;
using bottomhalf::linux6::regcache_cache_only;
using bottomhalf::linux6::regcache_drop_region;
using bottomhalf::linux6::regcache_mark_dirty;
using bottomhalf::linux6::regcache_reg_cached;
using bottomhalf::linux6::regcache_sync;
using bottomhalf::linux6::regcache_sync_region;
using bottomhalf::linux6::regmap_assign_bits;
using bottomhalf::linux6::regmap_async_complete;
using bottomhalf::linux6::regmap_bulk_read;
using bottomhalf::linux6::regmap_bulk_write;
using bottomhalf::linux6::regmap_clear_bits;
using bottomhalf::linux6::regmap_exit;
using bottomhalf::linux6::regmap_get_device;
using bottomhalf::linux6::regmap_get_max_register;
using bottomhalf::linux6::regmap_get_reg_stride;
using bottomhalf::linux6::regmap_get_val_bytes;
using bottomhalf::linux6::regmap_init;
using bottomhalf::linux6::regmap_might_sleep;
using bottomhalf::linux6::regmap_multi_reg_write;
using bottomhalf::linux6::regmap_noinc_read;
using bottomhalf::linux6::regmap_raw_read;
using bottomhalf::linux6::regmap_raw_write;
using bottomhalf::linux6::regmap_read;
using bottomhalf::linux6::regmap_read_bypassed;
using bottomhalf::linux6::regmap_register_patch;
using bottomhalf::linux6::regmap_set_bits;
using bottomhalf::linux6::regmap_test_bits;
using bottomhalf::linux6::regmap_update_bits;
using bottomhalf::linux6::regmap_update_bits_async;
using bottomhalf::linux6::regmap_update_bits_base;
using bottomhalf::linux6::regmap_update_bits_check;
using bottomhalf::linux6::regmap_write;
using bottomhalf::linux6::regmap_write_async;
using bottomhalf::linux6::regmap_write_bits;

// Reads `val` until `cond`, as <linux/iopoll.h> does.  The value: 0, -ETIMEDOUT, or the error of a read, which ends it.
#define bottomhalf_regmap_poll(poll, map, addr, val, cond, us, timeout_us)                                             \
    [&]() -> int {                                                                                                     \
        int bottomhalf_err = 0;                                                                                        \
        const int bottomhalf_late = poll(regmap_read, bottomhalf_err, bottomhalf_err != 0 || (cond), (us), timeout_us, \
                                         false, (map), (addr), &(val));                                                \
        return bottomhalf_err != 0 ? bottomhalf_err : bottomhalf_late;                                                 \
    }()
#define regmap_read_poll_timeout(map, addr, val, cond, sleep_us, timeout_us) \
    bottomhalf_regmap_poll(read_poll_timeout, map, addr, val, cond, sleep_us, timeout_us)
#define regmap_read_poll_timeout_atomic(map, addr, val, cond, delay_us, timeout_us) \
    bottomhalf_regmap_poll(read_poll_timeout_atomic, map, addr, val, cond, delay_us, timeout_us)

#include <linux/bottomhalf_regmap_buses.h>
#include <linux/bottomhalf_regmap_field.h>
