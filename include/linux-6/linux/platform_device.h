// SPDX-License-Identifier: MIT
// <linux/platform_device.h>: devices and drivers that find each other by name.
//
// A device is probed by the first driver that was registered for its name, at once, whichever of the two comes second:
// <linux/bottomhalf_bus.h>.  remove() may return int, as before 6.11, or void.
#pragma once

#include <linux/bottomhalf_bus.h>
#include <linux/bottomhalf_devm_irq.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>

namespace bottomhalf::linux6 {

inline constexpr int PLATFORM_DEVID_NONE = -1;
inline constexpr int PLATFORM_DEVID_AUTO = -2;

inline namespace BOTTOMHALF_ENGINE {

struct pm_message {
    int event;
};
using pm_message_t = struct pm_message;

struct platform_device {
    const char* name;
    int id;
    bool id_auto;
    struct device dev;
    u32 num_resources;
    struct resource* resource;
    const struct platform_device_id* id_entry;
    struct list_head bottomhalf_all;
    bool bottomhalf_allocated;
};

struct platform_driver {
    int (*probe)(struct platform_device*);
    bottomhalf_remove_function<struct platform_device> remove, remove_new;
    void (*shutdown)(struct platform_device*);
    int (*suspend)(struct platform_device*, pm_message_t state);
    int (*resume)(struct platform_device*);
    struct device_driver driver;
    const struct platform_device_id* id_table;
    bool prevent_deferred_probe;
    struct platform_driver* bottomhalf_next;
};

inline constexpr bus_type platform_bus_type = {"platform"};

namespace impl {

struct platform_kind {
    using device_type = platform_device;
    using driver_type = platform_driver;

    static bool match(const platform_driver& drv, platform_device& pdev) noexcept {
        pdev.id_entry = nullptr;
        if (drv.id_table == nullptr) return std::strcmp(drv.driver.name, pdev.name) == 0;
        const platform_device_id* id = drv.id_table;
        while (id->name[0] != '\0' && std::strcmp(id->name, pdev.name) != 0) ++id;
        if (id->name[0] != '\0') pdev.id_entry = id;
        return pdev.id_entry != nullptr;
    }
    static int probe(platform_driver& drv, platform_device& pdev) {
        return drv.probe != nullptr ? drv.probe(&pdev) : 0;
    }
    static void remove(platform_driver& drv, platform_device& pdev) {
        drv.remove(&pdev);
        drv.remove_new(&pdev);
    }
};
using platform_bus = driver_bus<platform_kind>;
BOTTOMHALF_STATE inline constinit platform_bus platform = {{}, {nullptr, nullptr}, nullptr, 0};

inline void release_platform_device(device* dev) noexcept {
    platform_device* pdev = container_of(dev, platform_device, dev);
    if (!pdev->bottomhalf_allocated) return;
    kfree(pdev->resource);
    kfree(pdev);
}

}   // namespace impl

/// Probes the devices that wait for it.  Context: process.  Return: 0, or -EBUSY if it is registered.
inline int __platform_driver_register(struct platform_driver* drv, struct module* owner) noexcept {
    drv->driver.owner = owner;
    drv->driver.bus = &platform_bus_type;
    const impl::platform_bus::turn g(impl::platform);
    return impl::platform.add(*drv);
}
/// remove() for each of its devices, then what is managed for them goes.  Context: process.
inline void platform_driver_unregister(struct platform_driver* drv) noexcept {
    const impl::platform_bus::turn g(impl::platform);
    impl::platform.del(*drv);
}

/// In the heap, with `id` (PLATFORM_DEVID_NONE: none, _AUTO: any).  Return: null if there is no memory.
inline struct platform_device* platform_device_alloc(const char* name, int id) noexcept {
    platform_device* pdev = kzalloc(sizeof *pdev, GFP_KERNEL);
    if (pdev == nullptr) return nullptr;
    pdev->name = name;
    pdev->id = id;
    pdev->bottomhalf_allocated = true;
    device_initialize(&pdev->dev);
    pdev->dev.release = impl::release_platform_device;   // also of one that is never added
    return pdev;
}
inline int platform_device_add_resources(struct platform_device* pdev, const struct resource* res,
                                         unsigned int num) noexcept {
    auto* copy = static_cast<struct resource*>(kmemdup_array(res, num, sizeof *res, GFP_KERNEL));
    if (copy == nullptr) return -ENOMEM;
    kfree(pdev->resource);
    pdev->resource = copy;
    pdev->num_resources = num;
    return 0;
}
/// The data is copied, and lives as long as the driver holds the device.
inline int platform_device_add_data(struct platform_device* pdev, const void* data, std::size_t size) noexcept {
    void* copy = devm_kmemdup(&pdev->dev, data, size, GFP_KERNEL);
    pdev->dev.platform_data = copy;
    return copy != nullptr ? 0 : -ENOMEM;
}
/// Names it, and has it probed.  A probe that fails is no error of this.  Context: process.  Return: 0 or -ENOMEM.
inline int platform_device_add(struct platform_device* pdev) noexcept {
    const impl::platform_bus::turn g(impl::platform);
    if (pdev->id == PLATFORM_DEVID_AUTO) {
        pdev->id = impl::platform.next_id++;
        pdev->id_auto = true;
    }
    int err = pdev->id_auto                     ? dev_set_name(&pdev->dev, "%s.%d.auto", pdev->name, pdev->id)
              : pdev->id == PLATFORM_DEVID_NONE ? dev_set_name(&pdev->dev, "%s", pdev->name)
                                                : dev_set_name(&pdev->dev, "%s.%d", pdev->name, pdev->id);
    if (err == 0) err = impl::show_groups(pdev->dev, pdev->dev.groups, location::current());
    if (err != 0) return err;
    pdev->dev.bus = &platform_bus_type;
    if (pdev->dev.release == nullptr) pdev->dev.release = impl::release_platform_device;
    impl::platform.add(*pdev);
    return 0;
}
inline void platform_device_del(struct platform_device* pdev) noexcept {
    {
        const impl::platform_bus::turn g(impl::platform);
        impl::platform.del(*pdev);
    }
    device_del(&pdev->dev);
}
inline void platform_device_put(struct platform_device* pdev) noexcept {
    if (!IS_ERR_OR_NULL(pdev)) put_device(&pdev->dev);
}
inline int platform_device_register(struct platform_device* pdev) noexcept {
    device_initialize(&pdev->dev);
    return platform_device_add(pdev);
}
inline void platform_device_unregister(struct platform_device* pdev) noexcept {
    if (IS_ERR_OR_NULL(pdev)) return;
    platform_device_del(pdev);
    platform_device_put(pdev);
}
/// Return: the device, or an ERR_PTR().
inline struct platform_device* platform_device_register_simple(const char* name, int id, const struct resource* res,
                                                               unsigned int num) noexcept {
    platform_device* pdev = platform_device_alloc(name, id);
    if (pdev == nullptr) return ERR_PTR(-ENOMEM);
    int err = num != 0 ? platform_device_add_resources(pdev, res, num) : 0;
    if (err == 0) err = platform_device_add(pdev);
    if (err == 0) return pdev;
    platform_device_put(pdev);
    return ERR_PTR(err);
}

[[nodiscard]] inline bottomhalf_pointer platform_get_drvdata(const struct platform_device* pdev) noexcept {
    return dev_get_drvdata(&pdev->dev);
}
inline void platform_set_drvdata(struct platform_device* pdev, void* data) noexcept {
    dev_set_drvdata(&pdev->dev, data);
}
/// The `num`th resource of a type, or null.
[[nodiscard]] inline struct resource* platform_get_resource(struct platform_device* pdev, unsigned int type,
                                                            unsigned int num) noexcept {
    for (u32 i = 0; i < pdev->num_resources; ++i)
        if ((pdev->resource[i].flags & type) != 0 && num-- == 0) return &pdev->resource[i];
    return nullptr;
}
[[nodiscard]] inline struct resource* platform_get_resource_byname(struct platform_device* pdev, unsigned int type,
                                                                   const char* name) noexcept {
    for (u32 i = 0; i < pdev->num_resources; ++i)
        if (struct resource& r = pdev->resource[i];
            (r.flags & type) != 0 && r.name != nullptr && std::strcmp(r.name, name) == 0)
            return &r;
    return nullptr;
}
/// Return: the interrupt's number, or -ENXIO, and then it is said.
inline int platform_get_irq(struct platform_device* pdev, unsigned int num) noexcept {
    if (const struct resource* r = platform_get_resource(pdev, IORESOURCE_IRQ, num)) return static_cast<int>(r->start);
    return dev_err_probe(&pdev->dev, -ENXIO, "IRQ index %u not found\n", num);
}
inline int platform_get_irq_optional(struct platform_device* pdev, unsigned int num) noexcept {
    const struct resource* r = platform_get_resource(pdev, IORESOURCE_IRQ, num);
    return r != nullptr ? static_cast<int>(r->start) : -ENXIO;
}

// Memory resources are addresses of plain memory: see <linux/io.h>.
[[nodiscard]] inline bottomhalf_pointer devm_ioremap(struct device*, u64 address, u64 size) noexcept {
    return ioremap(address, size);
}
[[nodiscard]] inline bottomhalf_pointer devm_ioremap_wc(struct device*, u64 address, u64 size) noexcept {
    return ioremap(address, size);
}
inline void devm_iounmap(struct device*, volatile void*) noexcept {}
namespace impl {
struct managed_region {
    u64 start, n;
};
inline void release_region_of(device*, void* res) noexcept {
    const auto* r = static_cast<managed_region*>(res);
    release_mem_region(r->start, r->n);
}
}   // namespace impl
/// request_mem_region(), and released with what else is managed.
[[nodiscard]] inline struct resource* devm_request_mem_region(struct device* dev, u64 start, u64 n, const char* name,
                                                              location at = location::current()) noexcept {
    impl::managed_region* managed = devres_alloc(impl::release_region_of, sizeof *managed, GFP_KERNEL, at);
    if (managed == nullptr) return nullptr;
    *managed = {start, n};
    struct resource* claimed = request_mem_region(start, n, name);
    claimed != nullptr ? devres_add(dev, managed) : devres_free(managed);
    return claimed;
}
/// Return: the memory, or an ERR_PTR(): -EINVAL if there is no such resource.
[[nodiscard]] inline bottomhalf_pointer devm_ioremap_resource(struct device* dev, const struct resource* r) noexcept {
    if (r != nullptr && (r->flags & IORESOURCE_MEM) != 0) return devm_ioremap(dev, r->start, resource_size(r));
    dev_err(dev, "invalid resource\n");
    return ERR_PTR(-EINVAL);
}
[[nodiscard]] inline bottomhalf_pointer devm_platform_ioremap_resource(struct platform_device* pdev,
                                                                       unsigned int index) noexcept {
    return devm_ioremap_resource(&pdev->dev, platform_get_resource(pdev, IORESOURCE_MEM, index));
}
[[nodiscard]] inline bottomhalf_pointer devm_platform_ioremap_resource_byname(struct platform_device* pdev,
                                                                              const char* name) noexcept {
    return devm_ioremap_resource(&pdev->dev, platform_get_resource_byname(pdev, IORESOURCE_MEM, name));
}
[[nodiscard]] inline bottomhalf_pointer devm_platform_get_and_ioremap_resource(struct platform_device* pdev,
                                                                               unsigned int index,
                                                                               struct resource** res) noexcept {
    struct resource* r = platform_get_resource(pdev, IORESOURCE_MEM, index);
    if (res != nullptr) *res = r;
    return devm_ioremap_resource(&pdev->dev, r);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__platform_driver_register;
using bottomhalf::linux6::devm_ioremap;
using bottomhalf::linux6::devm_ioremap_resource;
using bottomhalf::linux6::devm_ioremap_wc;
using bottomhalf::linux6::devm_iounmap;
using bottomhalf::linux6::devm_platform_get_and_ioremap_resource;
using bottomhalf::linux6::devm_platform_ioremap_resource;
using bottomhalf::linux6::devm_platform_ioremap_resource_byname;
using bottomhalf::linux6::devm_request_mem_region;
using bottomhalf::linux6::platform_bus_type;
using bottomhalf::linux6::platform_device;
using bottomhalf::linux6::platform_device_add;
using bottomhalf::linux6::platform_device_add_data;
using bottomhalf::linux6::platform_device_add_resources;
using bottomhalf::linux6::platform_device_alloc;
using bottomhalf::linux6::platform_device_del;
using bottomhalf::linux6::platform_device_put;
using bottomhalf::linux6::platform_device_register;
using bottomhalf::linux6::platform_device_register_simple;
using bottomhalf::linux6::platform_device_unregister;
using bottomhalf::linux6::PLATFORM_DEVID_AUTO;
using bottomhalf::linux6::PLATFORM_DEVID_NONE;
using bottomhalf::linux6::platform_driver;
using bottomhalf::linux6::platform_driver_unregister;
using bottomhalf::linux6::platform_get_drvdata;
using bottomhalf::linux6::platform_get_irq;
using bottomhalf::linux6::platform_get_irq_optional;
using bottomhalf::linux6::platform_get_resource;
using bottomhalf::linux6::platform_get_resource_byname;
using bottomhalf::linux6::platform_set_drvdata;
using bottomhalf::linux6::pm_message_t;

#define platform_get_device_id(pdev) ((pdev)->id_entry)
#define to_platform_device(x) container_of((x), struct platform_device, dev)
#define to_platform_driver(drv) container_of((drv), struct platform_driver, driver)
#define platform_driver_register(drv) __platform_driver_register(drv, THIS_MODULE)
#define module_platform_driver(drv) module_driver(drv, platform_driver_register, platform_driver_unregister)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/errno.h>
#include <linux/interrupt.h>
