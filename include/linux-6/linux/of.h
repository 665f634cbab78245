// SPDX-License-Identifier: MIT
// <linux/of.h>: a machine without a device tree, as a kernel without CONFIG_OF: nothing is found.  With -DCONFIG_OF=1 a table
// of compatible devices is kept where a driver names it by of_match_ptr(); nobody looks into it.
#pragma once

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/kconfig.h>
#include <linux/mod_devicetable.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

[[nodiscard]] inline bool of_property_read_bool(const struct device_node*, const char*) noexcept { return false; }
[[nodiscard]] inline bool of_property_present(const struct device_node*, const char*) noexcept { return false; }
/// Return (all that read): -ENOSYS, and the value stays as it was.
inline int of_property_read_u8(const struct device_node*, const char*, u8*) noexcept { return -ENOSYS; }
inline int of_property_read_u16(const struct device_node*, const char*, u16*) noexcept { return -ENOSYS; }
inline int of_property_read_u32(const struct device_node*, const char*, u32*) noexcept { return -ENOSYS; }
inline int of_property_read_u64(const struct device_node*, const char*, u64*) noexcept { return -ENOSYS; }
inline int of_property_read_u32_array(const struct device_node*, const char*, u32*, std::size_t) noexcept {
    return -ENOSYS;
}
inline int of_property_read_string(const struct device_node*, const char*, const char**) noexcept { return -ENOSYS; }
[[nodiscard]] inline bottomhalf_pointer of_get_property(const struct device_node*, const char*, int*) noexcept {
    return nullptr;
}
[[nodiscard]] inline int of_device_is_compatible(const struct device_node*, const char*) noexcept { return 0; }
[[nodiscard]] inline const struct of_device_id* of_match_device(const struct of_device_id*,
                                                                const struct device*) noexcept {
    return nullptr;
}
[[nodiscard]] inline bottomhalf_pointer of_device_get_match_data(const struct device*) noexcept { return nullptr; }
inline struct device_node* of_node_get(struct device_node* node) noexcept { return node; }
inline void of_node_put(struct device_node*) noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::of_device_get_match_data;
using bottomhalf::linux6::of_device_is_compatible;
using bottomhalf::linux6::of_get_property;
using bottomhalf::linux6::of_match_device;
using bottomhalf::linux6::of_node_get;
using bottomhalf::linux6::of_node_put;
using bottomhalf::linux6::of_property_present;
using bottomhalf::linux6::of_property_read_bool;
using bottomhalf::linux6::of_property_read_string;
using bottomhalf::linux6::of_property_read_u16;
using bottomhalf::linux6::of_property_read_u32;
using bottomhalf::linux6::of_property_read_u32_array;
using bottomhalf::linux6::of_property_read_u64;
using bottomhalf::linux6::of_property_read_u8;

#if IS_ENABLED(CONFIG_OF)
#define of_match_ptr(table) (table)
#else
#define of_match_ptr(table) nullptr
#endif

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/bitops.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/platform_device.h>
