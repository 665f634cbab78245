// SPDX-License-Identifier: MIT
// <linux/bottomhalf_bus.h>: how devices and drivers of one kind find each other; what <linux/platform_device.h> and
// <linux/i2c.h> have in common.
//
// A device is probed by the first driver that was registered for it, at once, whichever of the two comes second.  A Kind says
// what is particular about a bus:
//
//   struct kind {
//       using device_type = ...;   has a `struct device dev` and a `struct list_head bottomhalf_all`
//       using driver_type = ...;   has a `struct device_driver driver` and a `driver_type* bottomhalf_next`
//       static bool match(const driver_type&, device_type&);
//       static int probe(driver_type&, device_type&);
//       static void remove(driver_type&, device_type&);
//   };
#pragma once

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// A pointer to a remove function, which returned int once and returns nothing today.  Trivial, as the struct that it is a
/// part of.
template <class Device>
class bottomhalf_remove_function {
public:
    bottomhalf_remove_function() = default;
    constexpr bottomhalf_remove_function(std::nullptr_t) noexcept : nothing_(nullptr), number_(nullptr) {}   // NOLINT
    constexpr bottomhalf_remove_function(void (*f)(Device*)) noexcept : nothing_(f), number_(nullptr) {}     // NOLINT
    constexpr bottomhalf_remove_function(int (*f)(Device*)) noexcept : nothing_(nullptr), number_(f) {}      // NOLINT
    void operator()(Device* dev) const {
        if (nothing_ != nullptr)
            nothing_(dev);
        else if (number_ != nullptr)
            number_(dev);
    }

private:
    void (*nothing_)(Device*);
    int (*number_)(Device*);
};

namespace impl {

/// Zeroes: an empty one.  Its mutex is held while probe() and remove() run, as the kernel's device lock is.
template <class Kind>
struct driver_bus {
    using device_type = typename Kind::device_type;
    using driver_type = typename Kind::driver_type;

    struct mutex lock;
    list_head devices;      // in the order of their registration
    driver_type* drivers;   // likewise
    int next_id;

    /// The lock; a probe() or remove() that registers further devices, as of a device with several functions, has it.
    class turn {
    public:
        explicit turn(driver_bus& bus) noexcept : bus_(bottomhalf_is_held(&bus.lock) ? nullptr : &bus) {
            if (bus_ != nullptr) mutex_lock(&bus_->lock);
        }
        ~turn() {
            if (bus_ != nullptr) mutex_unlock(&bus_->lock);
        }
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;

    private:
        driver_bus* bus_;
    };

    // All that follow: with the lock.
    list_head* all() noexcept {
        if (devices.next == nullptr) INIT_LIST_HEAD(&devices);
        return &devices;
    }
    /// Return: 0, -ENODEV if it is not for this driver, or what probe() returned.
    int bind(driver_type& drv, device_type& d) {
        if (!Kind::match(drv, d)) return -ENODEV;
        d.dev.driver = &drv.driver;
        int err = Kind::probe(drv, d);
        if (err == 0) {
            err = show_groups(d.dev, drv.driver.dev_groups, location::current());
            if (err == 0) return 0;
            Kind::remove(drv, d);
        }
        let_go(d);
        if (err != -ENODEV && err != -ENXIO && err != -EPROBE_DEFER)
            printk(KERN_WARNING "%s: probe of %s failed with error %d\n", drv.driver.name, dev_name(&d.dev), err);
        return err;
    }
    void unbind(device_type& d) {
        if (d.dev.driver == nullptr) return;
        driver_type& drv = *container_of(d.dev.driver, driver_type, driver);
        hide_groups(d.dev, drv.driver.dev_groups);
        Kind::remove(drv, d);
        let_go(d);
    }
    void add(device_type& d) {
        list_add_tail(&d.bottomhalf_all, all());
        for (driver_type* drv = drivers; drv != nullptr && d.dev.driver == nullptr; drv = drv->bottomhalf_next)
            bind(*drv, d);
    }
    void del(device_type& d) {
        unbind(d);
        list_del_init(&d.bottomhalf_all);
    }
    /// Return: 0, or -EBUSY if it is registered.
    int add(driver_type& drv) {
        driver_type** link = &drivers;
        for (; *link != nullptr; link = &(*link)->bottomhalf_next)
            if (*link == &drv) return -EBUSY;
        *link = &drv;
        drv.bottomhalf_next = nullptr;
        device_type* d;
        list_for_each_entry(d, all(), bottomhalf_all) if (d->dev.driver == nullptr) bind(drv, *d);
        return 0;
    }
    /// remove() for each of its devices, the youngest first.
    void del(driver_type& drv) {
        device_type* d;
        list_for_each_entry_reverse(d, all(), bottomhalf_all) if (d->dev.driver == &drv.driver) unbind(*d);
        for (driver_type** link = &drivers; *link != nullptr; link = &(*link)->bottomhalf_next)
            if (*link == &drv) {
                *link = drv.bottomhalf_next;
                break;
            }
    }

private:
    static void let_go(device_type& d) {
        devres_release_all(&d.dev);
        d.dev.driver = nullptr;
        dev_set_drvdata(&d.dev, nullptr);
    }
};

}   // namespace impl

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6
