// SPDX-License-Identifier: MIT
// <linux/bottomhalf_input.h>: the other side of <linux/input.h>: who reads what a device reports.  Not of the kernel: it stands
// where evdev and /dev/input are there.
//
//   static void got(struct bottomhalf_input_reader *r, const struct input_value *vals, unsigned int count) { ... }
//   struct bottomhalf_input_reader reader = { got };
//   bottomhalf_input_open(bottomhalf_input_find("button"), &reader);        the driver's open() is called
//   ...
//   bottomhalf_input_close(&reader);                                        its close(), by the last one
#pragma once

#include <linux/input.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// The device of a name that is registered.  It is not held: who looks for it knows that it stays.  Context: process.
/// Return: null if there is none.
[[nodiscard]] inline struct input_dev* bottomhalf_input_find(const char* name) noexcept {
    input_dev *dev, *found = nullptr;
    mutex_lock(&impl::inputs.lock);
    if (impl::inputs.devices.next != nullptr)
        list_for_each_entry(dev, &impl::inputs.devices,
                            node) if (dev->name != nullptr && std::strcmp(dev->name, name) == 0) found = dev;
    mutex_unlock(&impl::inputs.lock);
    return found;
}
/// From now on reader->events() is called.  Context: process.
/// Return:  0; -ENODEV: the device is going; or what its open() returned, which the first reader calls.
inline int bottomhalf_input_open(struct input_dev* dev, struct bottomhalf_input_reader* reader) noexcept {
    mutex_lock(&dev->mutex);
    int err = dev->going_away ? -ENODEV : 0;
    if (err == 0) {
        reader->dev = dev;
        {
            const impl::input_lock g(*dev);
            list_add_tail(&reader->node, &dev->bottomhalf_readers);
        }
        if (dev->users++ == 0) err = impl::start_input(*dev);   // may report already
        if (err != 0) {
            --dev->users;
            const impl::input_lock g(*dev);
            list_del_init(&reader->node);
            reader->dev = nullptr;
        }
    }
    mutex_unlock(&dev->mutex);
    return err;
}
/// reader->events() is not called any more, and does not run.  Nothing, if the device was unregistered.  Context: process;
/// not while another thread unregisters the device.
inline void bottomhalf_input_close(struct bottomhalf_input_reader* reader) noexcept {
    input_dev* dev = reader->dev;
    if (dev == nullptr) return;
    mutex_lock(&dev->mutex);
    {
        const impl::input_lock g(*dev);
        list_del_init(&reader->node);
        reader->dev = nullptr;
    }
    if (--dev->users == 0) impl::stop_input(*dev);
    mutex_unlock(&dev->mutex);
}
/// What a program would write to the device: an LED, a bell, a repetition rate.  Context: any.
inline void bottomhalf_input_inject(struct bottomhalf_input_reader* reader, unsigned int type, unsigned int code,
                                    int value) noexcept {
    if (reader->dev != nullptr) input_event(reader->dev, type, code, value);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_input_close;
using bottomhalf::linux6::bottomhalf_input_find;
using bottomhalf::linux6::bottomhalf_input_inject;
using bottomhalf::linux6::bottomhalf_input_open;
