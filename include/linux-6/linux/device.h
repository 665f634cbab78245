// SPDX-License-Identifier: MIT
// <linux/device.h>: a device: its name, its driver's data, and what is managed for it: memory and actions that are released in
// reverse order when its driver lets go of it.
//
// There is no bus here, and no /sys: see <linux/sysfs.h> for a device's attributes.  A device is one by itself: zeroed, or device_initialize()d; named by init_name or
// dev_set_name().  What is managed goes
//
//   * when its driver is unbound, or its probe() fails: see <linux/platform_device.h>
//   * with device_unregister(), or the last put_device()
//   * with devres_release_all(dev), which a test of a driver's own probe function calls at its end
#pragma once

#include <linux/bitmap.h>
#include <linux/bottomhalf_pointer.h>
#include <linux/dev_printk.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>

namespace bottomhalf::linux6 {

struct module;
struct device_node;
struct of_device_id {
    char name[32], type[32], compatible[128];
    const void* data;
};
struct dev_pm_ops;
struct bus_type {
    const char* name;
};

inline namespace BOTTOMHALF_ENGINE {

struct device_driver {
    const char* name;
    const struct bus_type* bus;
    struct module* owner;
    const char* mod_name;
    bool suppress_bind_attrs;
    int probe_type;
    const struct of_device_id* of_match_table;
    const void* acpi_match_table;
    const struct dev_pm_ops* pm;
    const struct attribute_group **groups, **dev_groups;   // the second: of each device that it drives
};
using dr_release_t = void (*)(struct device* dev, void* res);
using dr_match_t = int (*)(struct device* dev, void* res, void* match_data);

namespace impl {
/// Stands in front of what devres_alloc() returns.
struct alignas(std::max_align_t) devres_node {
    devres_node* older;
    dr_release_t release;
};
struct shown_attribute;
}   // namespace impl

struct device {
    struct kobject kobj;
    struct device* parent;
    const char* init_name;
    const struct bus_type* bus;
    struct device_driver* driver;
    bottomhalf_pointer_field platform_data;
    void* driver_data;
    const struct attribute_group** groups;
    struct device_node* of_node;
    u64* dma_mask;
    u64 coherent_dma_mask;
    void (*release)(struct device* dev);
    bottomhalf::detail::zeroed_spinlock<engine> bottomhalf_lock;   // of the list
    impl::devres_node* bottomhalf_devres;                          // the youngest
    impl::shown_attribute* bottomhalf_attributes;                  // the oldest
    bool bottomhalf_named;                                         // kobj.name is ours to free
};

inline const char* dev_name(const struct device* dev) noexcept {
    if (dev->init_name != nullptr) return dev->init_name;
    return dev->kobj.name != nullptr ? dev->kobj.name : "(unnamed)";
}
inline const char* dev_driver_string(const struct device* dev) noexcept {
    if (dev->driver != nullptr && dev->driver->name != nullptr) return dev->driver->name;
    return dev->bus != nullptr && dev->bus->name != nullptr ? dev->bus->name : "";
}
/// Return: 0 or -ENOMEM.
__attribute__((format(printf, 2, 3))) inline int dev_set_name(struct device* dev, const char* fmt, ...) noexcept {
    va_list args;
    va_start(args, fmt);
    char* name = kvasprintf(GFP_KERNEL, fmt, args);
    va_end(args);
    if (name == nullptr) return -ENOMEM;
    if (dev->bottomhalf_named) kfree(dev->kobj.name);
    dev->kobj.name = name;
    dev->bottomhalf_named = true;
    return 0;
}
[[nodiscard]] inline bottomhalf_pointer dev_get_drvdata(const struct device* dev) noexcept {
    return bottomhalf_pointer(dev->driver_data);
}
inline void dev_set_drvdata(struct device* dev, void* data) noexcept { dev->driver_data = data; }
[[nodiscard]] inline bottomhalf_pointer dev_get_platdata(const struct device* dev) noexcept {
    return dev->platform_data;
}

// ---- what is managed ------------------------------------------------------------------------------------------------

namespace impl {
inline void* data_of(devres_node* n) noexcept { return n + 1; }
inline devres_node* node_of(void* res) noexcept { return static_cast<devres_node*>(res) - 1; }
/// Takes the youngest that fits off the list.
template <class Fits>
devres_node* take(device& dev, Fits fits) noexcept {
    bottomhalf::detail::irq_lock<engine> g(dev.bottomhalf_lock);
    for (devres_node** link = &dev.bottomhalf_devres; *link != nullptr; link = &(*link)->older)
        if (devres_node* n = *link; fits(n)) {
            *link = n->older;
            return n;
        }
    return nullptr;
}
inline auto fits(device* dev, dr_release_t release, dr_match_t match, void* match_data) noexcept {
    return [=](devres_node* n) {
        return n->release == release && (match == nullptr || match(dev, data_of(n), match_data) != 0);
    };
}
inline int same_memory(device*, void* res, void* wanted) noexcept { return res == wanted ? 1 : 0; }
inline void release_memory(device*, void*) noexcept {}
struct action {
    void (*function)(void*);
    void* data;
};
inline void release_action(device*, void* res) noexcept {
    static_cast<action*>(res)->function(static_cast<action*>(res)->data);
}
inline int same_action(device*, void* res, void* wanted) noexcept {
    const auto &a = *static_cast<action*>(res), &b = *static_cast<action*>(wanted);
    return a.function == b.function && a.data == b.data ? 1 : 0;
}
}   // namespace impl

/// A zeroed resource of `size` bytes, in nobody's list yet.
inline bottomhalf_pointer devres_alloc(dr_release_t release, std::size_t size, gfp_t flags,
                                       location at = location::current()) noexcept {
    impl::devres_node* n = kzalloc(size_add(sizeof *n, size), flags, at);
    if (n == nullptr) return nullptr;
    n->release = release;
    return bottomhalf_pointer(impl::data_of(n));
}
/// For one that is in no list.
inline void devres_free(void* res) noexcept {
    if (res != nullptr) kfree(impl::node_of(res));
}
inline void devres_add(struct device* dev, void* res) noexcept {
    impl::devres_node* n = impl::node_of(res);
    bottomhalf::detail::irq_lock<engine> g(dev->bottomhalf_lock);
    n->older = dev->bottomhalf_devres;
    dev->bottomhalf_devres = n;
}
/// The youngest of that kind for which match() says so, or null.
inline bottomhalf_pointer devres_find(struct device* dev, dr_release_t release, dr_match_t match,
                                      void* match_data) noexcept {
    const auto fits = impl::fits(dev, release, match, match_data);
    bottomhalf::detail::irq_lock<engine> g(dev->bottomhalf_lock);
    for (impl::devres_node* n = dev->bottomhalf_devres; n != nullptr; n = n->older)
        if (fits(n)) return bottomhalf_pointer(impl::data_of(n));
    return nullptr;
}
/// Takes it out of the list: the caller's now.
inline bottomhalf_pointer devres_remove(struct device* dev, dr_release_t release, dr_match_t match,
                                        void* match_data) noexcept {
    impl::devres_node* n = impl::take(*dev, impl::fits(dev, release, match, match_data));
    return n != nullptr ? bottomhalf_pointer(impl::data_of(n)) : nullptr;
}
/// Frees it without its release().  Return: 0 or -ENOENT.
inline int devres_destroy(struct device* dev, dr_release_t release, dr_match_t match, void* match_data) noexcept {
    void* res = devres_remove(dev, release, match, match_data);
    devres_free(res);
    return res != nullptr ? 0 : -ENOENT;
}
inline int devres_release(struct device* dev, dr_release_t release, dr_match_t match, void* match_data) noexcept {
    void* res = devres_remove(dev, release, match, match_data);
    if (res == nullptr) return -ENOENT;
    release(dev, res);
    devres_free(res);
    return 0;
}
/// Releases all, the youngest first; what is added meanwhile, too.  Context: process.  Return: how many.
inline int devres_release_all(struct device* dev) noexcept {
    int n = 0;
    while (impl::devres_node* youngest = impl::take(*dev, [](impl::devres_node*) { return true; })) {
        youngest->release(dev, impl::data_of(youngest));
        kfree(youngest);
        ++n;
    }
    return n;
}

/// Memory that is freed with what else is managed.  Return: null if there is none.
inline bottomhalf_pointer devm_kmalloc(struct device* dev, std::size_t size, gfp_t flags,
                                       location at = location::current()) noexcept {
    void* res = devres_alloc(impl::release_memory, size, flags, at);   // zeroed: nobody minds
    if (res != nullptr) devres_add(dev, res);
    return bottomhalf_pointer(res);
}
inline bottomhalf_pointer devm_kzalloc(struct device* dev, std::size_t size, gfp_t flags,
                                       location at = location::current()) noexcept {
    return devm_kmalloc(dev, size, flags | __GFP_ZERO, at);
}
inline bottomhalf_pointer devm_kmalloc_array(struct device* dev, std::size_t n, std::size_t size, gfp_t flags,
                                             location at = location::current()) noexcept {
    return devm_kmalloc(dev, size_mul(n, size), flags, at);
}
inline bottomhalf_pointer devm_kcalloc(struct device* dev, std::size_t n, std::size_t size, gfp_t flags,
                                       location at = location::current()) noexcept {
    return devm_kmalloc_array(dev, n, size, flags | __GFP_ZERO, at);
}
/// Before its time.  Of memory that is not managed for `dev`: reported.
inline void devm_kfree(struct device* dev, const void* p, location at = location::current()) noexcept {
    if (p == nullptr) return;
    if (devres_destroy(dev, impl::release_memory, impl::same_memory, const_cast<void*>(p)) != 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "devm_kfree", at, "WARN_ON(rc)");
}
/// Its place in the order is that of a new one.
inline bottomhalf_pointer devm_krealloc(struct device* dev, void* p, std::size_t size, gfp_t flags,
                                        location at = location::current()) noexcept {
    if (size == 0) {
        devm_kfree(dev, p, at);
        return nullptr;
    }
    void* fresh = devm_kmalloc(dev, size, flags, at);
    if (p == nullptr || fresh == nullptr) return bottomhalf_pointer(fresh);
    const std::size_t before = ksize(impl::node_of(p)) - sizeof(impl::devres_node);
    std::memcpy(fresh, p, before < size ? before : size);
    devm_kfree(dev, p, at);
    return bottomhalf_pointer(fresh);
}
inline bottomhalf_pointer devm_kmemdup(struct device* dev, const void* p, std::size_t size, gfp_t flags,
                                       location at = location::current()) noexcept {
    void* copy = devm_kmalloc(dev, size, flags, at);
    if (copy != nullptr) std::memcpy(copy, p, size);
    return bottomhalf_pointer(copy);
}
inline char* devm_kstrdup(struct device* dev, const char* s, gfp_t flags, location at = location::current()) noexcept {
    return s == nullptr ? nullptr : devm_kmemdup(dev, s, std::strlen(s) + 1, flags, at);
}
inline const char* devm_kstrdup_const(struct device* dev, const char* s, gfp_t flags,
                                      location at = location::current()) noexcept {
    return devm_kstrdup(dev, s, flags, at);
}
__attribute__((format(printf, 3, 0))) inline char* devm_kvasprintf(struct device* dev, gfp_t flags, const char* fmt,
                                                                   std::va_list args) noexcept {
    va_list again;
    va_copy(again, args);
    const int n = bottomhalf_vformat(nullptr, 0, fmt, again);
    va_end(again);
    char* text = n < 0 ? nullptr : devm_kmalloc(dev, static_cast<std::size_t>(n) + 1, flags);
    if (text != nullptr) bottomhalf_vformat(text, static_cast<std::size_t>(n) + 1, fmt, args);
    return text;
}
__attribute__((format(printf, 3, 4))) inline char* devm_kasprintf(struct device* dev, gfp_t flags, const char* fmt,
                                                                  ...) noexcept {
    va_list args;
    va_start(args, fmt);
    char* text = devm_kvasprintf(dev, flags, fmt, args);
    va_end(args);
    return text;
}

inline bottomhalf_pointer devm_bitmap_zalloc(struct device* dev, unsigned int nbits, gfp_t flags,
                                             location at = location::current()) noexcept {
    return devm_kzalloc(dev, bitmap_size(nbits), flags, at);
}

/// function(data) when the device's driver goes.  Return: 0 or -ENOMEM.
inline int devm_add_action(struct device* dev, void (*function)(void*), void* data,
                           location at = location::current()) noexcept {
    impl::action* a = devres_alloc(impl::release_action, sizeof *a, GFP_KERNEL, at);
    if (a == nullptr) return -ENOMEM;
    *a = {function, data};
    devres_add(dev, a);
    return 0;
}
/// If that cannot be had, now.
inline int devm_add_action_or_reset(struct device* dev, void (*function)(void*), void* data,
                                    location at = location::current()) noexcept {
    const int err = devm_add_action(dev, function, data, at);
    if (err != 0) function(data);
    return err;
}
/// Not any more.  Of an action that was not added: reported.
inline void devm_remove_action(struct device* dev, void (*function)(void*), void* data,
                               location at = location::current()) noexcept {
    impl::action wanted = {function, data};
    if (devres_destroy(dev, impl::release_action, impl::same_action, &wanted) != 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "devm_remove_action", at, "WARN_ON(devres_destroy())");
}
/// Now.
inline void devm_release_action(struct device* dev, void (*function)(void*), void* data,
                                location at = location::current()) noexcept {
    impl::action wanted = {function, data};
    if (devres_release(dev, impl::release_action, impl::same_action, &wanted) != 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "devm_release_action", at,
                                "WARN_ON(devres_release())");
}

// ---- a device's life ------------------------------------------------------------------------------------------------

namespace impl {
// In <linux/bottomhalf_attributes.h>.
int show_groups(device& dev, const attribute_group** groups, location at) noexcept;
void hide_groups(device& dev, const attribute_group** groups) noexcept;
void hide_all_attributes(device& dev) noexcept;
}   // namespace impl

inline void device_initialize(struct device* dev) noexcept { kref_init(&dev->kobj.kref); }
/// Names it, and shows its groups.  Return: 0, or -EINVAL if it has no name; -ENOMEM; -EEXIST.
inline int device_add(struct device* dev, location at = location::current()) noexcept {
    if (dev->init_name != nullptr) {
        const int err = dev_set_name(dev, "%s", dev->init_name);
        if (err != 0) return err;
        dev->init_name = nullptr;
    }
    return dev->kobj.name != nullptr ? impl::show_groups(*dev, dev->groups, at) : -EINVAL;
}
inline int device_register(struct device* dev, location at = location::current()) noexcept {
    device_initialize(dev);
    return device_add(dev, at);
}
inline struct device* get_device(struct device* dev) noexcept {
    if (dev != nullptr) kref_get(&dev->kobj.kref);
    return dev;
}
namespace impl {
inline void last_put(struct kref* k) noexcept {
    device* dev = container_of(k, device, kobj.kref);
    devres_release_all(dev);
    hide_all_attributes(*dev);
    const char* name = dev->bottomhalf_named ? dev->kobj.name : nullptr;
    if (dev->release != nullptr)
        dev->release(dev);
    else
        bottomhalf::detail::say(channel::kernel, severity::warn, "device_release", location::current(),
                                "Device '%s' does not have a release() function, it is broken and must be fixed. See "
                                "Documentation/core-api/kobject.rst.",
                                dev_name(dev));
    kfree(name);
}
}   // namespace impl
/// The last one releases what is managed, and calls dev->release().
inline void put_device(struct device* dev) noexcept {
    if (dev != nullptr) kref_put(&dev->kobj.kref, impl::last_put);
}
inline void device_del(struct device* dev) noexcept {
    impl::hide_all_attributes(*dev);
    devres_release_all(dev);
}
inline void device_unregister(struct device* dev) noexcept {
    device_del(dev);
    put_device(dev);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bus_type;
using bottomhalf::linux6::dev_driver_string;
using bottomhalf::linux6::dev_get_drvdata;
using bottomhalf::linux6::dev_get_platdata;
using bottomhalf::linux6::dev_name;
using bottomhalf::linux6::dev_pm_ops;
using bottomhalf::linux6::dev_set_drvdata;
using bottomhalf::linux6::dev_set_name;
using bottomhalf::linux6::device_add;
using bottomhalf::linux6::device_del;
using bottomhalf::linux6::device_driver;
using bottomhalf::linux6::device_initialize;
using bottomhalf::linux6::device_node;
using bottomhalf::linux6::device_register;
using bottomhalf::linux6::device_unregister;
using bottomhalf::linux6::devm_add_action;
using bottomhalf::linux6::devm_add_action_or_reset;
using bottomhalf::linux6::devm_bitmap_zalloc;
using bottomhalf::linux6::devm_kasprintf;
using bottomhalf::linux6::devm_kcalloc;
using bottomhalf::linux6::devm_kfree;
using bottomhalf::linux6::devm_kmalloc;
using bottomhalf::linux6::devm_kmalloc_array;
using bottomhalf::linux6::devm_kmemdup;
using bottomhalf::linux6::devm_krealloc;
using bottomhalf::linux6::devm_kstrdup;
using bottomhalf::linux6::devm_kstrdup_const;
using bottomhalf::linux6::devm_kvasprintf;
using bottomhalf::linux6::devm_kzalloc;
using bottomhalf::linux6::devm_release_action;
using bottomhalf::linux6::devm_remove_action;
using bottomhalf::linux6::devres_add;
using bottomhalf::linux6::devres_alloc;
using bottomhalf::linux6::devres_destroy;
using bottomhalf::linux6::devres_find;
using bottomhalf::linux6::devres_free;
using bottomhalf::linux6::devres_release;
using bottomhalf::linux6::devres_release_all;
using bottomhalf::linux6::devres_remove;
using bottomhalf::linux6::dr_match_t;
using bottomhalf::linux6::dr_release_t;
using bottomhalf::linux6::get_device;
using bottomhalf::linux6::of_device_id;
using bottomhalf::linux6::put_device;

#define kobj_to_dev(kobj_ptr) container_of(kobj_ptr, struct device, kobj)

#include <linux/bottomhalf_attributes.h>

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
