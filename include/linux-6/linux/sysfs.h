// SPDX-License-Identifier: MIT
// <linux/sysfs.h>: attributes, texts that a device shows and takes.
//
//   static ssize_t speed_show(struct device *dev, struct device_attribute *attr, char *buf)
//   { return sysfs_emit(buf, "%d\n", speed); }
//   static ssize_t speed_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
//   static DEVICE_ATTR_RW(speed);
//   device_create_file(dev, &dev_attr_speed);                in <linux/device.h>, as are groups
//
// There is no /sys here.  Who plays the shell calls bottomhalf_sysfs_read(), _write() and _list(): <linux/device.h>.
#pragma once

#include <cstdarg>
#include <cstdio>

#include <linux/bottomhalf.h>
#include <linux/bottomhalf_format.h>
#include <linux/kobject.h>
#include <linux/stat.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr std::size_t bottomhalf_sysfs_page = 4096;

struct attribute {
    const char* name;
    umode_t mode;
};
struct bin_attribute {
    struct attribute attr;
    std::size_t size;
    void* bottomhalf_private;
};
struct attribute_group {
    const char* name;                                                             // a directory, or null
    umode_t (*is_visible)(struct kobject* kobj, struct attribute* attr, int n);   // Return: its mode, 0: not there
    struct attribute** attrs;                                                     // the last one is null
    struct bin_attribute** bin_attrs;                                             // accepted; not shown
};

/// From `at` on, in the page that a show() is given.  Return: how much was written.
__attribute__((format(printf, 3, 0))) inline int bottomhalf_vsysfs_emit(char* buf, int at, const char* fmt,
                                                                        std::va_list args) noexcept {
    if (at < 0 || static_cast<std::size_t>(at) >= bottomhalf_sysfs_page) return 0;
    const std::size_t room = bottomhalf_sysfs_page - static_cast<std::size_t>(at);
    const int n = bottomhalf_vformat(buf + at, room, fmt, args);
    if (n < 0) return 0;
    return static_cast<std::size_t>(n) < room ? n : static_cast<int>(room - 1);
}
__attribute__((format(printf, 2, 3))) inline int sysfs_emit(char* buf, const char* fmt, ...) noexcept {
    va_list args;
    va_start(args, fmt);
    const int n = bottomhalf_vsysfs_emit(buf, 0, fmt, args);
    va_end(args);
    return n;
}
__attribute__((format(printf, 3, 4))) inline int sysfs_emit_at(char* buf, int at, const char* fmt, ...) noexcept {
    va_list args;
    va_start(args, fmt);
    const int n = bottomhalf_vsysfs_emit(buf, at, fmt, args);
    va_end(args);
    return n;
}
/// Somebody who polls an attribute would wake up; nobody does here.
inline void sysfs_notify(struct kobject*, const char*, const char*) noexcept {}
inline void sysfs_attr_init(struct attribute*) noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::attribute;
using bottomhalf::linux6::attribute_group;
using bottomhalf::linux6::bin_attribute;
using bottomhalf::linux6::sysfs_attr_init;
using bottomhalf::linux6::sysfs_emit;
using bottomhalf::linux6::sysfs_emit_at;
using bottomhalf::linux6::sysfs_notify;

#define __ATTR(name, mode, show, store) \
    { {#name, (mode)}, show, store }
#define __ATTR_RO(name) __ATTR(name, 0444, name##_show, nullptr)
#define __ATTR_RO_MODE(name, mode) __ATTR(name, mode, name##_show, nullptr)
#define __ATTR_WO(name) __ATTR(name, 0200, nullptr, name##_store)
#define __ATTR_RW(name) __ATTR(name, 0644, name##_show, name##_store)
#define __ATTR_RW_MODE(name, mode) __ATTR(name, mode, name##_show, name##_store)
#define __ATTR_NULL \
    {}
#define __ATTRIBUTE_GROUPS(name) static const struct attribute_group* name##_groups[] = {&name##_group, nullptr}
#define ATTRIBUTE_GROUPS(name)                                                                    \
    static const struct attribute_group name##_group = {nullptr, nullptr, name##_attrs, nullptr}; \
    __ATTRIBUTE_GROUPS(name)

#include <linux/device.h>   // sysfs_create_group() and its kin
