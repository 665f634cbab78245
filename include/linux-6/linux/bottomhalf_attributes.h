// SPDX-License-Identifier: MIT
// <linux/bottomhalf_attributes.h>: a device's attributes: who adds and removes them, and who reads and writes them in the
// place of a shell.  Of <linux/device.h>.  All of them are in the end a struct device_attribute.
#pragma once

#include <linux/device.h>
#include <linux/kstrtox.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct device_attribute {
    struct attribute attr;
    ssize_t (*show)(struct device* dev, struct device_attribute* attr, char* buf);
    ssize_t (*store)(struct device* dev, struct device_attribute* attr, const char* buf, size_t count);
};
/// An attribute whose show() and store() are the library's.
struct dev_ext_attribute {
    struct device_attribute attr;
    void* var;
};

namespace impl {

/// One attribute of a device; guarded by the device's lock.
struct shown_attribute {
    shown_attribute* next;
    const attribute* attr;
    const char* directory;   // null: none
    umode_t mode;
    unsigned int users;   // inside of show() and store()
};
inline bool same_text(const char* a, const char* b) noexcept {
    return a == b || (a != nullptr && b != nullptr && std::strcmp(a, b) == 0);
}
inline shown_attribute* find_attribute(device& dev, const char* directory, const char* name) noexcept {
    for (shown_attribute* s = dev.bottomhalf_attributes; s != nullptr; s = s->next)
        if (same_text(s->directory, directory) && same_text(s->attr->name, name)) return s;
    return nullptr;
}
/// Return: 0, -ENOMEM, -EEXIST (said).
inline int add_attribute(device& dev, const char* directory, const attribute* attr, umode_t mode,
                         location at) noexcept {
    shown_attribute* s = kzalloc(sizeof *s, GFP_KERNEL, at);
    if (s == nullptr) return -ENOMEM;
    *s = {nullptr, attr, directory, mode, 0};
    bool there = false;
    {
        bottomhalf::detail::irq_lock<engine> g(dev.bottomhalf_lock);
        there = find_attribute(dev, directory, attr->name) != nullptr;
        shown_attribute** end = &dev.bottomhalf_attributes;
        while (*end != nullptr) end = &(*end)->next;
        if (!there) *end = s;
    }
    if (!there) return 0;
    kfree(s, at);
    bottomhalf::detail::say(channel::kernel, severity::warn, "sysfs_warn_dup", at,
                            "sysfs: cannot create duplicate filename '%s/%s%s%s'", dev_name(&dev),
                            directory != nullptr ? directory : "", directory != nullptr ? "/" : "", attr->name);
    return -EEXIST;
}
/// Takes off what fits, and waits until nobody is inside any more.
template <class Fits>
void remove_attributes(device& dev, Fits fits) noexcept {
    while (true) {
        shown_attribute* found = nullptr;
        {
            bottomhalf::detail::irq_lock<engine> g(dev.bottomhalf_lock);
            for (shown_attribute** link = &dev.bottomhalf_attributes; *link != nullptr; link = &(*link)->next)
                if (fits(**link)) {
                    found = *link;
                    *link = found->next;
                    break;
                }
        }
        if (found == nullptr) return;
        const auto busy = [&] {
            bottomhalf::detail::irq_lock<engine> g(dev.bottomhalf_lock);
            return found->users != 0;
        };
        for (unsigned round = 0; busy(); ++round) engine::relax(round);
        kfree(found);
    }
}
/// Looks "name" or "group/name" up, and calls f() on it while it cannot go.
template <class F>
ssize_t with_attribute(device& dev, const char* path, umode_t wanted, F f) {
    const char* slash = std::strchr(path, '/');
    shown_attribute* s = nullptr;
    {
        bottomhalf::detail::irq_lock<engine> g(dev.bottomhalf_lock);
        for (s = dev.bottomhalf_attributes; s != nullptr; s = s->next) {
            const std::size_t n = slash != nullptr ? static_cast<std::size_t>(slash - path) : 0;
            const bool it_is = slash == nullptr ? s->directory == nullptr
                                                : s->directory != nullptr && std::strlen(s->directory) == n &&
                                                      std::memcmp(s->directory, path, n) == 0;
            if (it_is && same_text(s->attr->name, slash != nullptr ? slash + 1 : path)) break;
        }
        if (s == nullptr) return -ENOENT;
        if ((s->mode & wanted) == 0) return -EACCES;
        ++s->users;
    }
    const ssize_t result = f(*const_cast<device_attribute*>(
        reinterpret_cast<const device_attribute*>(s->attr)));   // whose first member it is
    bottomhalf::detail::irq_lock<engine> g(dev.bottomhalf_lock);
    --s->users;
    return result;
}

}   // namespace impl

// ---- the driver's side ------------------------------------------------------------------------------------------------

/// Context (of all that add or remove): process.  Return: 0, -ENOMEM, or -EEXIST if there is one of that name (reported).
inline int device_create_file(struct device* dev, const struct device_attribute* attr,
                              location at = location::current()) noexcept {
    return impl::add_attribute(*dev, nullptr, &attr->attr, attr->attr.mode, at);
}
/// On return nobody is in its show() or store(); so not from there.
inline void device_remove_file(struct device* dev, const struct device_attribute* attr) noexcept {
    impl::remove_attributes(*dev, [=](const impl::shown_attribute& s) { return s.attr == &attr->attr; });
}
inline void sysfs_remove_group(struct kobject* kobj, const struct attribute_group* grp) noexcept {
    device* dev = kobj_to_dev(kobj);
    for (struct attribute** a = grp->attrs; a != nullptr && *a != nullptr; ++a)
        impl::remove_attributes(*dev, [=](const impl::shown_attribute& s) {
            return s.attr == *a && impl::same_text(s.directory, grp->name);
        });
}
/// All of them or none.
inline int sysfs_create_group(struct kobject* kobj, const struct attribute_group* grp,
                              location at = location::current()) noexcept {
    int i = 0;
    for (struct attribute** a = grp->attrs; a != nullptr && *a != nullptr; ++a, ++i) {
        const umode_t mode = grp->is_visible != nullptr ? grp->is_visible(kobj, *a, i) : (*a)->mode;
        if (mode == 0) continue;
        const int err = impl::add_attribute(*kobj_to_dev(kobj), grp->name, *a, mode, at);
        if (err == 0) continue;
        if (err != -EEXIST) sysfs_remove_group(kobj, grp);
        return err;
    }
    return 0;
}
inline void sysfs_remove_groups(struct kobject* kobj, const struct attribute_group** groups) noexcept {
    for (; groups != nullptr && *groups != nullptr; ++groups) sysfs_remove_group(kobj, *groups);
}
inline int sysfs_create_groups(struct kobject* kobj, const struct attribute_group** groups,
                               location at = location::current()) noexcept {
    for (const struct attribute_group** g = groups; g != nullptr && *g != nullptr; ++g)
        if (const int err = sysfs_create_group(kobj, *g, at); err != 0) {
            while (g-- != groups) sysfs_remove_group(kobj, *g);
            return err;
        }
    return 0;
}
inline int sysfs_create_file(struct kobject* kobj, const struct attribute* attr,
                             location at = location::current()) noexcept {
    return impl::add_attribute(*kobj_to_dev(kobj), nullptr, attr, attr->mode, at);
}
inline void sysfs_remove_file(struct kobject* kobj, const struct attribute* attr) noexcept {
    impl::remove_attributes(*kobj_to_dev(kobj), [=](const impl::shown_attribute& s) { return s.attr == attr; });
}
inline int device_add_groups(struct device* dev, const struct attribute_group** groups,
                             location at = location::current()) noexcept {
    return sysfs_create_groups(&dev->kobj, groups, at);
}
inline void device_remove_groups(struct device* dev, const struct attribute_group** groups) noexcept {
    sysfs_remove_groups(&dev->kobj, groups);
}

namespace impl {
struct managed_group {
    const attribute_group* group;
};
inline void release_group(device* dev, void* res) noexcept {
    sysfs_remove_group(&dev->kobj, static_cast<managed_group*>(res)->group);
}
}   // namespace impl
/// Goes with what else is managed.
inline int devm_device_add_group(struct device* dev, const struct attribute_group* grp,
                                 location at = location::current()) noexcept {
    impl::managed_group* res = devres_alloc(impl::release_group, sizeof *res, GFP_KERNEL, at);
    if (res == nullptr) return -ENOMEM;
    res->group = grp;
    if (const int err = sysfs_create_group(&dev->kobj, grp, at); err != 0) return devres_free(res), err;
    devres_add(dev, res);
    return 0;
}
inline int devm_device_add_groups(struct device* dev, const struct attribute_group** groups,
                                  location at = location::current()) noexcept {
    for (; groups != nullptr && *groups != nullptr; ++groups)
        if (const int err = devm_device_add_group(dev, *groups, at); err != 0) return err;
    return 0;
}

namespace impl {
inline int show_groups(device& dev, const attribute_group** groups, location at) noexcept {
    return sysfs_create_groups(&dev.kobj, groups, at);
}
inline void hide_groups(device& dev, const attribute_group** groups) noexcept {
    sysfs_remove_groups(&dev.kobj, groups);
}
inline void hide_all_attributes(device& dev) noexcept {
    remove_attributes(dev, [](const shown_attribute&) { return true; });
}
}   // namespace impl

// What DEVICE_ULONG_ATTR() and its kin show and take.
inline ssize_t device_show_ulong(struct device*, struct device_attribute* attr, char* buf) noexcept {
    return sysfs_emit(buf, "%lx\n", *static_cast<unsigned long*>(container_of(attr, dev_ext_attribute, attr)->var));
}
inline ssize_t device_store_ulong(struct device*, struct device_attribute* attr, const char* buf,
                                  size_t size) noexcept {
    const int err = kstrtoul(buf, 0, static_cast<unsigned long*>(container_of(attr, dev_ext_attribute, attr)->var));
    return err != 0 ? err : static_cast<ssize_t>(size);
}
inline ssize_t device_show_int(struct device*, struct device_attribute* attr, char* buf) noexcept {
    return sysfs_emit(buf, "%d\n", *static_cast<int*>(container_of(attr, dev_ext_attribute, attr)->var));
}
inline ssize_t device_store_int(struct device*, struct device_attribute* attr, const char* buf, size_t size) noexcept {
    const int err = kstrtoint(buf, 0, static_cast<int*>(container_of(attr, dev_ext_attribute, attr)->var));
    return err != 0 ? err : static_cast<ssize_t>(size);
}
inline ssize_t device_show_bool(struct device*, struct device_attribute* attr, char* buf) noexcept {
    return sysfs_emit(buf, "%d\n", *static_cast<bool*>(container_of(attr, dev_ext_attribute, attr)->var) ? 1 : 0);
}
inline ssize_t device_store_bool(struct device*, struct device_attribute* attr, const char* buf, size_t size) noexcept {
    const int err = kstrtobool(buf, static_cast<bool*>(container_of(attr, dev_ext_attribute, attr)->var));
    return err != 0 ? err : static_cast<ssize_t>(size);
}

// ---- the shell's side -------------------------------------------------------------------------------------------------

/// What `cat` of an attribute prints: of "name", or of "group/name".  `buf` has 4096 bytes.
/// Return: how many bytes; what show() returned if it is an error; -ENOENT, -EACCES (not to be read), -EIO (no show()).
inline ssize_t bottomhalf_sysfs_read(struct device* dev, const char* path, char* buf) {
    return impl::with_attribute(*dev, path, S_IRUGO, [&](device_attribute& a) {
        return a.show != nullptr ? a.show(dev, &a, buf) : ssize_t{-EIO};
    });
}
/// What `echo text >` an attribute does.  Return: what store() returned; -ENOENT, -EACCES, -EIO.
inline ssize_t bottomhalf_sysfs_write(struct device* dev, const char* path, const char* text) {
    return impl::with_attribute(*dev, path, S_IWUGO, [&](device_attribute& a) {
        return a.store != nullptr ? a.store(dev, &a, text, std::strlen(text)) : ssize_t{-EIO};
    });
}
/// `ls`: calls f(directory or null, name, mode, data) for each, in their order; with the device's lock, so f() is short.
inline void bottomhalf_sysfs_list(struct device* dev,
                                  void (*f)(const char* directory, const char* name, umode_t mode, void* data),
                                  void* data) {
    bottomhalf::detail::irq_lock<engine> g(dev->bottomhalf_lock);
    for (impl::shown_attribute* s = dev->bottomhalf_attributes; s != nullptr; s = s->next)
        f(s->directory, s->attr->name, s->mode, data);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_sysfs_list;
using bottomhalf::linux6::bottomhalf_sysfs_read;
using bottomhalf::linux6::bottomhalf_sysfs_write;
using bottomhalf::linux6::dev_ext_attribute;
using bottomhalf::linux6::device_add_groups;
using bottomhalf::linux6::device_attribute;
using bottomhalf::linux6::device_create_file;
using bottomhalf::linux6::device_remove_file;
using bottomhalf::linux6::device_remove_groups;
using bottomhalf::linux6::device_show_bool;
using bottomhalf::linux6::device_show_int;
using bottomhalf::linux6::device_show_ulong;
using bottomhalf::linux6::device_store_bool;
using bottomhalf::linux6::device_store_int;
using bottomhalf::linux6::device_store_ulong;
using bottomhalf::linux6::devm_device_add_group;
using bottomhalf::linux6::devm_device_add_groups;
using bottomhalf::linux6::sysfs_create_file;
using bottomhalf::linux6::sysfs_create_group;
using bottomhalf::linux6::sysfs_create_groups;
using bottomhalf::linux6::sysfs_remove_file;
using bottomhalf::linux6::sysfs_remove_group;
using bottomhalf::linux6::sysfs_remove_groups;

#define DEVICE_ATTR(name, mode, show, store) struct device_attribute dev_attr_##name = __ATTR(name, mode, show, store)
#define DEVICE_ATTR_RO(name) struct device_attribute dev_attr_##name = __ATTR_RO(name)
#define DEVICE_ATTR_WO(name) struct device_attribute dev_attr_##name = __ATTR_WO(name)
#define DEVICE_ATTR_RW(name) struct device_attribute dev_attr_##name = __ATTR_RW(name)
#define DEVICE_ATTR_ADMIN_RO(name) struct device_attribute dev_attr_##name = __ATTR_RO_MODE(name, 0400)
#define DEVICE_ATTR_ADMIN_RW(name) struct device_attribute dev_attr_##name = __ATTR_RW_MODE(name, 0600)
#define bottomhalf_ext_attr(name, mode, variable, kind)                                                      \
    struct dev_ext_attribute dev_attr_##name = {__ATTR(name, mode, device_show_##kind, device_store_##kind), \
                                                &(variable)}
#define DEVICE_ULONG_ATTR(name, mode, variable) bottomhalf_ext_attr(name, mode, variable, ulong)
#define DEVICE_INT_ATTR(name, mode, variable) bottomhalf_ext_attr(name, mode, variable, int)
#define DEVICE_BOOL_ATTR(name, mode, variable) bottomhalf_ext_attr(name, mode, variable, bool)
