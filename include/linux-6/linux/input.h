// SPDX-License-Identifier: MIT
// <linux/input.h>: devices that people press, turn and touch.  The codes of events are the system's.
//
//   struct input_dev *input = devm_input_allocate_device(dev);
//   input->name = "button";
//   input_set_capability(input, EV_KEY, KEY_POWER);
//   input_register_device(input);
//   input_report_key(input, KEY_POWER, 1);        in any context
//   input_sync(input);                            what was reported since the last one goes to those who listen
//
// As in the kernel, an event that is no news is dropped: a key that is as it was, an axis that has not moved by more than its
// noise, a relative movement by zero.  A key that stays down is repeated by a timer, if EV_REP is set.
//
// There is no /dev/input here and there are no handlers: who listens is a reader of <linux/bottomhalf_input.h>, and a device is
// open while it has one.  Not here: slots of touches (ABS_MT_SLOT is dropped, the other codes of touches pass as they are),
// force feedback, maps of keys that can be changed.
#pragma once

#include <linux/bottomhalf_input_event.h>
#include <linux/bottomhalf_input_types.h>
#include <linux/device.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline void input_report_key(struct input_dev* dev, unsigned int code, int value) noexcept {
    input_event(dev, EV_KEY, code, value != 0 ? 1 : 0);
}
inline void input_report_rel(struct input_dev* dev, unsigned int code, int value) noexcept {
    input_event(dev, EV_REL, code, value);
}
inline void input_report_abs(struct input_dev* dev, unsigned int code, int value) noexcept {
    input_event(dev, EV_ABS, code, value);
}
inline void input_report_switch(struct input_dev* dev, unsigned int code, int value) noexcept {
    input_event(dev, EV_SW, code, value != 0 ? 1 : 0);
}
/// The end of a packet.
inline void input_sync(struct input_dev* dev) noexcept { input_event(dev, EV_SYN, SYN_REPORT, 0); }
inline void input_mt_sync(struct input_dev* dev) noexcept { input_event(dev, EV_SYN, SYN_MT_REPORT, 0); }

[[nodiscard]] inline bottomhalf_pointer input_get_drvdata(struct input_dev* dev) noexcept {
    return dev_get_drvdata(&dev->dev);
}
inline void input_set_drvdata(struct input_dev* dev, void* data) noexcept { dev_set_drvdata(&dev->dev, data); }

// ---- what it can do -------------------------------------------------------------------------------------------------

/// Memory for its axes.  Context: process.  Without memory input_register_device() refuses it.
inline void input_alloc_absinfo(struct input_dev* dev) noexcept {
    if (dev->absinfo == nullptr) dev->absinfo = kcalloc(ABS_CNT, sizeof *dev->absinfo, GFP_KERNEL);
}
inline void input_set_abs_params(struct input_dev* dev, unsigned int axis, int min, int max, int fuzz,
                                 int flat) noexcept {
    __set_bit(EV_ABS, dev->evbit);
    __set_bit(axis, dev->absbit);
    input_alloc_absinfo(dev);
    if (dev->absinfo == nullptr) return;
    struct ::input_absinfo& a = dev->absinfo[axis];
    a.minimum = min;
    a.maximum = max;
    a.fuzz = fuzz;
    a.flat = flat;
}
[[nodiscard]] inline int input_abs_get_val(struct input_dev* dev, unsigned int axis) noexcept {
    return dev->absinfo != nullptr ? dev->absinfo[axis].value : 0;
}
[[nodiscard]] inline int input_abs_get_min(struct input_dev* dev, unsigned int axis) noexcept {
    return dev->absinfo != nullptr ? dev->absinfo[axis].minimum : 0;
}
[[nodiscard]] inline int input_abs_get_max(struct input_dev* dev, unsigned int axis) noexcept {
    return dev->absinfo != nullptr ? dev->absinfo[axis].maximum : 0;
}
inline void input_abs_set_res(struct input_dev* dev, unsigned int axis, int resolution) noexcept {
    input_alloc_absinfo(dev);
    if (dev->absinfo != nullptr) dev->absinfo[axis].resolution = resolution;
}
/// It can report `code`.  A code that there is not: said, and nothing is set.
inline void input_set_capability(struct input_dev* dev, unsigned int type, unsigned int code) noexcept {
    if (const unsigned int last = impl::last_code(type); last != 0 && code > last) {
        printk(KERN_ERR "input_set_capability: invalid code %u for type %u\n", code, type);
        return;
    }
    unsigned long* bits = impl::codes_of(*dev, type);
    if (bits == nullptr && type != EV_PWR) {
        printk(KERN_ERR "input_set_capability: unknown type %u (code %u)\n", type, code);
        return;
    }
    if (bits != nullptr) __set_bit(code, bits);
    if (type == EV_ABS) input_alloc_absinfo(dev);
    __set_bit(type, dev->evbit);
}
inline void input_set_events_per_packet(struct input_dev* dev, int n) noexcept {
    dev->hint_events_per_packet = static_cast<unsigned int>(n);
}
/// A key that stays down comes again after `delay` ms, and then every `period` ms, if EV_REP is set.  Before the device is
/// registered; without it that is 250 and 33.
inline void input_enable_softrepeat(struct input_dev* dev, int delay, int period) noexcept {
    dev->bottomhalf_repeats = true;
    dev->rep[REP_DELAY] = delay;
    dev->rep[REP_PERIOD] = period;
}

/// poll() is called every now and then while the device is open.  Return: 0 or -ENOMEM.
inline int input_setup_polling(struct input_dev* dev, void (*poll)(struct input_dev* dev)) noexcept {
    input_dev_poller* p = kzalloc(sizeof *p, GFP_KERNEL);
    if (p == nullptr) return -ENOMEM;
    INIT_DELAYED_WORK(&p->work, impl::poll_input);
    p->input = dev;
    p->poll = poll;
    p->poll_interval = 500;
    dev->poller = p;
    return 0;
}
/// In ms.
inline void input_set_poll_interval(struct input_dev* dev, unsigned int interval) noexcept {
    if (dev->poller != nullptr) dev->poller->poll_interval = interval;
}

// ---- its life -------------------------------------------------------------------------------------------------------

namespace impl {
inline void release_input(device* d) noexcept {
    input_dev* dev = container_of(d, input_dev, dev);
    kfree(dev->poller);
    kfree(dev->absinfo);
    kfree(dev->vals);
    kfree(dev);
}
/// Room for the largest packet.  Return: 0 or -ENOMEM.
inline int make_room(input_dev& dev) noexcept {
    unsigned int packet = 8;   // SYN_REPORT, and some keys
    for (unsigned int i = 0; i < ABS_CNT; ++i) packet += test_bit(i, dev.absbit) ? 1 : 0;
    for (unsigned int i = 0; i < REL_CNT; ++i) packet += test_bit(i, dev.relbit) ? 1 : 0;
    if (packet < dev.hint_events_per_packet) packet = dev.hint_events_per_packet;
    dev.hint_events_per_packet = packet;
    const unsigned int most = packet + 2;
    if (dev.max_vals >= most) return 0;
    input_value* more = kcalloc(most, sizeof *more, GFP_KERNEL);
    if (more == nullptr) return -ENOMEM;
    {
        const input_lock g(dev);   // somebody may report already
        std::memcpy(more, dev.vals, dev.num_vals * sizeof *more);
        std::swap(dev.vals, more);
        dev.max_vals = most;
    }
    kfree(more);
    return 0;
}
inline void unregister_input(input_dev& dev) noexcept {
    mutex_lock(&dev.mutex);
    dev.going_away = true;
    const bool open = dev.users != 0;
    dev.users = 0;
    {
        const input_lock g(dev);
        release_keys(dev);
        drop_readers(dev);
    }
    if (open) stop_input(dev);
    mutex_unlock(&dev.mutex);
    timer_delete_sync(&dev.timer);
    mutex_lock(&inputs.lock);
    list_del_init(&dev.node);
    mutex_unlock(&inputs.lock);
    device_del(&dev.dev);
}
inline input_dev*& managed_input(void* res) noexcept { return *static_cast<input_dev**>(res); }
inline int same_input(device*, void* res, void* wanted) noexcept { return managed_input(res) == wanted ? 1 : 0; }
inline void put_managed_input(device*, void* res) noexcept { put_device(&managed_input(res)->dev); }
inline void unregister_managed_input(device*, void* res) noexcept { unregister_input(*managed_input(res)); }
}   // namespace impl

/// In the heap, for input_register_device() or input_free_device().  Context: process.  Return: null: no memory.
[[nodiscard]] inline struct input_dev* input_allocate_device(location at = location::current()) noexcept {
    input_dev* dev = kzalloc(sizeof *dev, GFP_KERNEL, at);
    if (dev == nullptr) return nullptr;
    dev->max_vals = 10;
    dev->vals = kcalloc(dev->max_vals, sizeof *dev->vals, GFP_KERNEL, at);
    device_initialize(&dev->dev);
    dev->dev.release = impl::release_input;
    mutex_init(&dev->mutex);
    spin_lock_init(&dev->event_lock);
    timer_setup(&dev->timer, impl::repeat_key, 0);
    INIT_LIST_HEAD(&dev->bottomhalf_readers);
    INIT_LIST_HEAD(&dev->node);
    // relaxed: only that nobody else has it counts
    const unsigned int nr = impl::atomic<unsigned int>(impl::inputs.next_nr).fetch_add(1, relaxed);
    if (dev->vals != nullptr && dev_set_name(&dev->dev, "input%u", nr) == 0) return dev;
    put_device(&dev->dev);
    return nullptr;
}
/// It goes with what else is managed for `dev`, unregistered before if it is registered.
[[nodiscard]] inline struct input_dev* devm_input_allocate_device(struct device* dev,
                                                                  location at = location::current()) noexcept {
    input_dev** res = devres_alloc(impl::put_managed_input, sizeof *res, GFP_KERNEL, at);
    if (res == nullptr) return nullptr;
    *res = input_allocate_device(at);
    if (*res == nullptr) {
        devres_free(res);
        return nullptr;
    }
    input_dev* input = *res;
    input->dev.parent = dev;
    input->devres_managed = true;
    devres_add(dev, res);
    return input;
}
/// One that is not registered.
inline void input_free_device(struct input_dev* dev) noexcept {
    if (dev == nullptr) return;
    if (dev->devres_managed) devres_destroy(dev->dev.parent, impl::put_managed_input, impl::same_input, dev);
    put_device(&dev->dev);
}
/// Context: process.  Return: 0; -EINVAL: it has axes and no memory for them, and said; -ENOMEM.
inline int input_register_device(struct input_dev* dev, location at = location::current()) noexcept {
    if (test_bit(EV_ABS, dev->evbit) && dev->absinfo == nullptr) {
        dev_err(&dev->dev, "Absolute device without dev->absinfo, refusing to register\n");
        return -EINVAL;
    }
    input_dev** res = nullptr;
    if (dev->devres_managed) {
        res = devres_alloc(impl::unregister_managed_input, sizeof *res, GFP_KERNEL, at);
        if (res == nullptr) return -ENOMEM;
        *res = dev;
    }
    __set_bit(EV_SYN, dev->evbit);   // of all
    __clear_bit(KEY_RESERVED, dev->keybit);
    int err = impl::make_room(*dev);
    if (err == 0 && dev->rep[REP_DELAY] == 0 && dev->rep[REP_PERIOD] == 0) input_enable_softrepeat(dev, 250, 33);
    if (err == 0) err = device_add(&dev->dev, at);
    if (err != 0) {
        devres_free(res);
        return err;
    }
    printk(KERN_INFO "input: %s as /devices/virtual/input/%s\n",
           dev->name != nullptr ? dev->name : "Unspecified device", dev_name(&dev->dev));
    mutex_lock(&impl::inputs.lock);
    if (impl::inputs.devices.next == nullptr) INIT_LIST_HEAD(&impl::inputs.devices);
    list_add_tail(&dev->node, &impl::inputs.devices);
    mutex_unlock(&impl::inputs.lock);
    if (res != nullptr) devres_add(dev->dev.parent, res);
    return 0;
}
/// Keys that are down are let go, its readers are left alone.  It is freed, unless it is managed.  Context: process.
inline void input_unregister_device(struct input_dev* dev) noexcept {
    if (!dev->devres_managed) {
        impl::unregister_input(*dev);
        return put_device(&dev->dev);
    }
    devres_destroy(dev->dev.parent, impl::unregister_managed_input, impl::same_input, dev);
    impl::unregister_input(*dev);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_input_allocate_device;
using bottomhalf::linux6::input_abs_get_max;
using bottomhalf::linux6::input_abs_get_min;
using bottomhalf::linux6::input_abs_get_val;
using bottomhalf::linux6::input_abs_set_res;
using bottomhalf::linux6::input_alloc_absinfo;
using bottomhalf::linux6::input_allocate_device;
using bottomhalf::linux6::input_enable_softrepeat;
using bottomhalf::linux6::input_free_device;
using bottomhalf::linux6::input_get_drvdata;
using bottomhalf::linux6::input_mt_sync;
using bottomhalf::linux6::input_register_device;
using bottomhalf::linux6::input_report_abs;
using bottomhalf::linux6::input_report_key;
using bottomhalf::linux6::input_report_rel;
using bottomhalf::linux6::input_report_switch;
using bottomhalf::linux6::input_set_abs_params;
using bottomhalf::linux6::input_set_capability;
using bottomhalf::linux6::input_set_drvdata;
using bottomhalf::linux6::input_set_events_per_packet;
using bottomhalf::linux6::input_set_poll_interval;
using bottomhalf::linux6::input_setup_polling;
using bottomhalf::linux6::input_sync;
using bottomhalf::linux6::input_unregister_device;

#define to_input_dev(d) container_of(d, struct input_dev, dev)
