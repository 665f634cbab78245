// SPDX-License-Identifier: MIT
// <linux/leds.h>: lights: set from any context, by a driver that may have to sleep for it; and blinking by a timer.
//
//   led->name = "card:green:link";
//   led->brightness_set_blocking = set;             may sleep: called by a work item; or brightness_set(), called at once
//   devm_led_classdev_register(dev, led);
//   led_set_brightness(led, LED_FULL);              any context
//   led_blink_set(led, &on, &off);                  ms
//
// A light that blinks goes on to when it is set to something else than off; set to off it stops.  There is no /sys/class/leds,
// and there are no triggers: who plays them calls led_set_brightness() and led_blink_set().
#pragma once

#include <linux/bitops.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

namespace bottomhalf::linux6 {

enum led_brightness : unsigned int {
    LED_OFF = 0,
    LED_ON = 1,
    LED_HALF = 127,
    LED_FULL = 255,
};
// What a driver may say of a light.
inline constexpr int LED_SUSPENDED = 1 << 0;
inline constexpr int LED_CORE_SUSPENDRESUME = 1 << 16;   // nothing is suspended here
inline constexpr int LED_RETAIN_AT_SHUTDOWN = 1 << 22;   // stays as it is when it is unregistered

inline namespace BOTTOMHALF_ENGINE {

struct led_classdev {
    const char* name;
    unsigned int brightness;       // A: what was last asked for
    unsigned int max_brightness;   // 0: LED_FULL
    int flags;
    unsigned long work_flags;                                                      // A: bits, LED_BLINK_*
    void (*brightness_set)(struct led_classdev* led, enum led_brightness value);   // any context, must not sleep
    int (*brightness_set_blocking)(struct led_classdev* led, enum led_brightness value);
    enum led_brightness (*brightness_get)(struct led_classdev* led);
    // The device blinks by itself.  Return: 0, or it cannot.
    int (*blink_set)(struct led_classdev* led, unsigned long* delay_on, unsigned long* delay_off);
    struct device* dev;
    const struct attribute_group** groups;
    const char* default_trigger;                           // accepted; there are none
    unsigned long blink_delay_on, blink_delay_off;         // A: ms, 0: it does not blink by the timer
    unsigned int blink_brightness, new_blink_brightness;   // A: while it is on
    struct timer_list blink_timer;
    struct work_struct set_brightness_work;
    unsigned int delayed_set_value;   // A: for that
    struct list_head node;            // of all, under their mutex
};
struct led_init_data {
    const char* default_label;
    const char* devicename;
    bool devname_mandatory;
};
enum : int { LED_BLINK_SW = 0, LED_BLINK_DISABLE = 3, LED_BLINK_BRIGHTNESS_CHANGE = 5 };

namespace impl {

struct led_list {
    struct mutex lock;
    list_head leds;   // under lock
};
BOTTOMHALF_STATE inline constinit led_list leds = {{}, {nullptr, nullptr}};

// relaxed, all of them: each is a number by itself; what has to be in order is, by the timer and the work item.
template <class T>
T look(const T& field) noexcept {
    return atomic<T>(const_cast<T&>(field)).load(relaxed);
}
template <class T>
void put(T& field, std::type_identity_t<T> value) noexcept {
    atomic<T>(field).store(value, relaxed);
}

}   // namespace impl

/// Context: any that we manage.  Whatever blinks is not asked.
inline void led_set_brightness_nosleep(struct led_classdev* led, unsigned int value) noexcept {
    value = min(value, led->max_brightness);
    impl::put(led->brightness, value);
    if ((led->flags & LED_SUSPENDED) != 0) return;
    if (led->brightness_set != nullptr) return led->brightness_set(led, static_cast<enum led_brightness>(value));
    impl::put(led->delayed_set_value, value);
    schedule_work(&led->set_brightness_work);
}
/// Context: any that we manage.  Of one that blinks: LED_OFF ends that, anything else is what it blinks with from now on.
inline void led_set_brightness(struct led_classdev* led, unsigned int value) noexcept {
    if (!test_bit(LED_BLINK_SW, &led->work_flags)) return led_set_brightness_nosleep(led, value);
    if (value == LED_OFF) {
        set_bit(LED_BLINK_DISABLE, &led->work_flags);   // by the work item: the timer has to be waited for
        schedule_work(&led->set_brightness_work);
    } else {
        impl::put(led->new_blink_brightness, min(value, led->max_brightness));
        set_bit(LED_BLINK_BRIGHTNESS_CHANGE, &led->work_flags);
    }
}
/// At once.  Context: process.  Return: 0; -EBUSY: it blinks; -ENOTSUPP: the driver cannot; or what that says.
inline int led_set_brightness_sync(struct led_classdev* led, unsigned int value) {
    if (impl::look(led->blink_delay_on) != 0 || impl::look(led->blink_delay_off) != 0) return -EBUSY;
    value = min(value, led->max_brightness);
    impl::put(led->brightness, value);
    if ((led->flags & LED_SUSPENDED) != 0) return 0;
    return led->brightness_set_blocking != nullptr
               ? led->brightness_set_blocking(led, static_cast<enum led_brightness>(value))
               : -ENOTSUPP;
}
/// Asks the device.  Return: 0, or the driver's error.
inline int led_update_brightness(struct led_classdev* led) {
    if (led->brightness_get == nullptr) return 0;
    const int value = static_cast<int>(led->brightness_get(led));
    if (value < 0) return value;
    impl::put(led->brightness, static_cast<unsigned int>(value));
    return 0;
}

// ---- blinking -------------------------------------------------------------------------------------------------------

/// Context: process: waits for the timer.
inline void led_stop_software_blink(struct led_classdev* led, location at = location::current()) noexcept {
    timer_delete_sync(&led->blink_timer, at);
    impl::put(led->blink_delay_on, 0);
    impl::put(led->blink_delay_off, 0);
    clear_bit(LED_BLINK_SW, &led->work_flags);
}
namespace impl {
inline void set_led_delayed(struct work_struct* w) {
    led_classdev* led = container_of(w, led_classdev, set_brightness_work);
    if (test_and_clear_bit(LED_BLINK_DISABLE, &led->work_flags)) {
        led_stop_software_blink(led);
        put(led->brightness, LED_OFF);
        put(led->delayed_set_value, LED_OFF);
    }
    const auto value = static_cast<enum led_brightness>(look(led->delayed_set_value));
    int err = -ENOTSUPP;
    if (led->brightness_set != nullptr)
        led->brightness_set(led, value), err = 0;
    else if (led->brightness_set_blocking != nullptr)
        err = led->brightness_set_blocking(led, value);
    if (err < 0 && err != -ENODEV) dev_err(led->dev, "Setting an LED's brightness failed (%d)\n", err);
}
inline void blink_led(struct timer_list* t) noexcept {
    led_classdev* led = container_of(t, led_classdev, blink_timer);
    unsigned long delay = look(led->blink_delay_off);
    const unsigned int now = look(led->brightness);
    if (now != LED_OFF) {
        put(led->blink_brightness, now);
        led_set_brightness_nosleep(led, LED_OFF);
    } else {
        delay = look(led->blink_delay_on);
        if (test_and_clear_bit(LED_BLINK_BRIGHTNESS_CHANGE, &led->work_flags))
            put(led->blink_brightness, look(led->new_blink_brightness));
        led_set_brightness_nosleep(led, look(led->blink_brightness));
    }
    mod_timer(&led->blink_timer, jiffies + msecs_to_jiffies(static_cast<unsigned int>(delay)));
}
}   // namespace impl

/// By the device, if it can; else by a timer.  Both 0: half a second each; *delay_on 0: off; *delay_off 0: on.  They tell what
/// was made of them.  Context: process.
inline void led_blink_set(struct led_classdev* led, unsigned long* delay_on, unsigned long* delay_off,
                          location at = location::current()) {
    led_stop_software_blink(led, at);
    if (led->blink_set != nullptr && led->blink_set(led, delay_on, delay_off) == 0) return;
    if (*delay_on == 0 && *delay_off == 0) *delay_on = *delay_off = 500;
    const unsigned int now = impl::look(led->brightness);
    if (now != LED_OFF) impl::put(led->blink_brightness, now);
    if (impl::look(led->blink_brightness) == LED_OFF) impl::put(led->blink_brightness, led->max_brightness);
    if (*delay_on == 0) return led_set_brightness_nosleep(led, LED_OFF);
    if (*delay_off == 0) return led_set_brightness_nosleep(led, impl::look(led->blink_brightness));
    impl::put(led->blink_delay_on, *delay_on);
    impl::put(led->blink_delay_off, *delay_off);
    set_bit(LED_BLINK_SW, &led->work_flags);
    mod_timer(&led->blink_timer, jiffies + 1, at);
}

// ---- a light's life -------------------------------------------------------------------------------------------------

namespace impl {
inline void release_led(device* dev) noexcept { kfree(dev); }
/// Caller holds the mutex.
inline bool is_led(const char* name) noexcept {
    if (leds.leds.next == nullptr) INIT_LIST_HEAD(&leds.leds);
    led_classdev* led;
    list_for_each_entry(led, &leds.leds, node) if (std::strcmp(dev_name(led->dev), name) == 0) return true;
    return false;
}
inline int name_led(device* dev, const char* wanted) noexcept {
    int err = dev_set_name(dev, "%s", wanted);
    for (int i = 1; err == 0 && is_led(dev_name(dev)); ++i) err = dev_set_name(dev, "%s_%d", wanted, i);
    return err;
}
}   // namespace impl

/// By its name; one that is taken gets a number behind it.  Context: process.  Return: 0; -EINVAL: no name; -ENOMEM.
inline int led_classdev_register_ext(struct device* parent, struct led_classdev* led, struct led_init_data* init,
                                     location at = location::current()) {
    char composed[64];
    const char* name = led->name;
    if (init != nullptr && init->default_label != nullptr) {
        const bool with_device = init->devicename != nullptr;
        std::snprintf(composed, sizeof composed, "%s%s%s", with_device ? init->devicename : "", with_device ? ":" : "",
                      init->default_label);
        name = composed;
    }
    if (name == nullptr) return -EINVAL;
    impl::up(at);   // it may first be set by a top half
    device* dev = kzalloc(sizeof *dev, GFP_KERNEL, at);
    if (dev == nullptr) return -ENOMEM;
    device_initialize(dev);
    dev->parent = parent;
    dev->release = impl::release_led;
    dev->groups = led->groups;
    dev_set_drvdata(dev, led);
    if (led->max_brightness == 0) led->max_brightness = LED_FULL;
    led->work_flags = 0;
    led->blink_delay_on = led->blink_delay_off = 0;
    timer_setup(&led->blink_timer, impl::blink_led, 0);
    INIT_WORK(&led->set_brightness_work, impl::set_led_delayed);
    led_update_brightness(led);
    mutex_lock(&impl::leds.lock, at);
    int err = impl::name_led(dev, name);
    if (err == 0) err = device_add(dev, at);
    if (err == 0) {
        led->dev = dev;
        list_add_tail(&led->node, &impl::leds.leds);
    }
    mutex_unlock(&impl::leds.lock, at);
    if (err != 0) put_device(dev);
    return err;
}
inline int led_classdev_register(struct device* parent, struct led_classdev* led, location at = location::current()) {
    return led_classdev_register_ext(parent, led, nullptr, at);
}
/// It stops blinking, and is off, unless LED_RETAIN_AT_SHUTDOWN.  Context: process.  One that is not registered: nothing.
inline void led_classdev_unregister(struct led_classdev* led, location at = location::current()) {
    if (led->dev == nullptr) return;
    led_stop_software_blink(led, at);
    if ((led->flags & LED_RETAIN_AT_SHUTDOWN) == 0) led_set_brightness(led, LED_OFF);
    flush_work(&led->set_brightness_work, at);
    mutex_lock(&impl::leds.lock, at);
    list_del(&led->node);
    mutex_unlock(&impl::leds.lock, at);
    device_unregister(led->dev);
    led->dev = nullptr;
}
namespace impl {
inline void unregister_led_action(void* led) { led_classdev_unregister(static_cast<led_classdev*>(led)); }
}   // namespace impl
inline int devm_led_classdev_register_ext(struct device* parent, struct led_classdev* led, struct led_init_data* init,
                                          location at = location::current()) {
    const int err = led_classdev_register_ext(parent, led, init, at);
    return err != 0 ? err : devm_add_action_or_reset(parent, impl::unregister_led_action, led, at);
}
inline int devm_led_classdev_register(struct device* parent, struct led_classdev* led,
                                      location at = location::current()) {
    return devm_led_classdev_register_ext(parent, led, nullptr, at);
}
/// Before its time.
inline void devm_led_classdev_unregister(struct device* parent, struct led_classdev* led,
                                         location at = location::current()) {
    devm_release_action(parent, impl::unregister_led_action, led, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_led_classdev_register;
using bottomhalf::linux6::devm_led_classdev_register_ext;
using bottomhalf::linux6::devm_led_classdev_unregister;
using bottomhalf::linux6::LED_BLINK_BRIGHTNESS_CHANGE;
using bottomhalf::linux6::LED_BLINK_DISABLE;
using bottomhalf::linux6::LED_BLINK_SW;
using bottomhalf::linux6::led_blink_set;
using bottomhalf::linux6::led_brightness;
using bottomhalf::linux6::led_classdev;
using bottomhalf::linux6::led_classdev_register;
using bottomhalf::linux6::led_classdev_register_ext;
using bottomhalf::linux6::led_classdev_unregister;
using bottomhalf::linux6::LED_CORE_SUSPENDRESUME;
using bottomhalf::linux6::led_init_data;
using bottomhalf::linux6::LED_RETAIN_AT_SHUTDOWN;
using bottomhalf::linux6::led_set_brightness;
using bottomhalf::linux6::led_set_brightness_nosleep;
using bottomhalf::linux6::led_set_brightness_sync;
using bottomhalf::linux6::led_stop_software_blink;
using bottomhalf::linux6::LED_SUSPENDED;
using bottomhalf::linux6::led_update_brightness;
using enum bottomhalf::linux6::led_brightness;
