// SPDX-License-Identifier: MIT
// <linux/bottomhalf_input_event.h>: the way of an event in <linux/input.h>: is it news, to whom does it go, and when.  News is
// kept until a packet is complete; then all readers get it at once.
#pragma once

#include <linux/bottomhalf_input_types.h>
#include <linux/jiffies.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Who listens to a device: see <linux/bottomhalf_input.h>.
struct bottomhalf_input_reader {
    // A packet, SYN_REPORT its last.  With the device's lock held, interrupts masked: must not sleep.
    void (*events)(struct bottomhalf_input_reader* reader, const struct input_value* vals, unsigned int count);
    void* data;              // its owner's
    struct input_dev* dev;   // under the device's event_lock, null: none, or it has gone
    struct list_head node;   // likewise
};

namespace impl {

/// dev->event_lock, with interrupts masked.
class input_lock {
public:
    explicit input_lock(input_dev& dev) noexcept : dev_(dev) { spin_lock_irqsave(&dev.event_lock, flags_); }
    ~input_lock() { spin_unlock_irqrestore(&dev_.event_lock, flags_); }
    input_lock(const input_lock&) = delete;
    input_lock& operator=(const input_lock&) = delete;

private:
    input_dev& dev_;
    unsigned long flags_;
};

/// The codes of a type that a device has, or null.
inline unsigned long* codes_of(input_dev& dev, unsigned int type) noexcept {
    switch (type) {
        case EV_KEY: return dev.keybit;
        case EV_REL: return dev.relbit;
        case EV_ABS: return dev.absbit;
        case EV_MSC: return dev.mscbit;
        case EV_SW: return dev.swbit;
        case EV_LED: return dev.ledbit;
        case EV_SND: return dev.sndbit;
        case EV_FF: return dev.ffbit;
        default: return nullptr;
    }
}
constexpr unsigned int last_code(unsigned int type) noexcept {
    switch (type) {
        case EV_KEY: return KEY_MAX;
        case EV_REL: return REL_MAX;
        case EV_ABS: return ABS_MAX;
        case EV_MSC: return MSC_MAX;
        case EV_SW: return SW_MAX;
        case EV_LED: return LED_MAX;
        case EV_SND: return SND_MAX;
        case EV_FF: return FF_MAX;
        default: return 0;
    }
}
inline bool has_code(input_dev& dev, unsigned int type, unsigned int code) noexcept {
    const unsigned long* bits = codes_of(dev, type);
    return bits != nullptr && code <= last_code(type) && test_bit(code, bits);
}

// ---- is it news -----------------------------------------------------------------------------------------------------

/// A position with the noise taken out: as before if it is within half the noise, a mixture of both where it is within twice
/// that, the nearer to the old one the closer.
constexpr int without_noise(int value, int before, int fuzz) noexcept {
    const auto within = [=](int distance) { return value > before - distance && value < before + distance; };
    if (fuzz == 0) return value;
    if (within(fuzz / 2)) return before;
    if (within(fuzz)) return (before * 3 + value) / 4;
    if (within(fuzz * 2)) return (before + value) / 2;
    return value;
}
struct disposition {
    bool to_readers, to_device, flush;
};
inline constexpr disposition ignored = {false, false, false}, for_readers = {true, false, false},
                             for_all = {true, true, false};

/// A bit that becomes `value`.  Return: whether it was the other one.
inline bool flips(unsigned long* bits, unsigned int code, int value) noexcept {
    if (test_bit(code, bits) == (value != 0)) return false;
    __change_bit(code, bits);
    return true;
}
/// Caller holds the lock.
inline disposition judge(input_dev& dev, unsigned int type, unsigned int code, int& value) noexcept {
    if (type == EV_SYN) {
        if (code == SYN_CONFIG) return for_all;
        if (code == SYN_REPORT) return {true, false, true};
        return code == SYN_MT_REPORT ? for_readers : ignored;
    }
    if (type == EV_REP) {
        if (code > REP_MAX || value < 0 || dev.rep[code] == value) return ignored;
        dev.rep[code] = value;
        return for_all;
    }
    if (type == EV_PWR) return for_all;
    if (!has_code(dev, type, code)) return ignored;
    switch (type) {
        case EV_KEY: return value == 2 || flips(dev.key, code, value) ? for_readers : ignored;   // 2: a repetition
        case EV_SW: return flips(dev.sw, code, value) ? for_readers : ignored;
        case EV_REL: return value != 0 ? for_readers : ignored;
        case EV_LED: return flips(dev.led, code, value) ? for_all : ignored;
        case EV_SND: return flips(dev.snd, code, value) ? for_all : ignored;
        case EV_FF: return value >= 0 ? for_all : ignored;
        case EV_MSC: return for_all;
        default: break;
    }
    // EV_ABS
    if (code == ABS_MT_SLOT) return ignored;
    if (code >= ABS_MT_TOUCH_MAJOR || dev.absinfo == nullptr) return for_readers;   // of one touch of many
    struct ::input_absinfo& a = dev.absinfo[code];
    value = without_noise(value, a.value, a.fuzz);
    if (value == a.value) return ignored;
    a.value = value;
    return for_readers;
}

// ---- to whom it goes ------------------------------------------------------------------------------------------------

inline void begin_repetition(input_dev& dev, unsigned int code) noexcept {
    if (!dev.bottomhalf_repeats || !test_bit(EV_REP, dev.evbit) || dev.rep[REP_PERIOD] == 0 || dev.rep[REP_DELAY] == 0)
        return;
    dev.repeat_key = code;
    mod_timer(&dev.timer, jiffies + msecs_to_jiffies(static_cast<unsigned int>(dev.rep[REP_DELAY])));
}
/// Caller holds the lock.
inline void pass_on(input_dev& dev) noexcept {
    const unsigned int n = std::exchange(dev.num_vals, 0);
    if (n == 0) return;
    bottomhalf_input_reader* r;
    list_for_each_entry(r, &dev.bottomhalf_readers, node) r->events(r, dev.vals, n);
    for (unsigned int i = 0; i < n; ++i)
        if (const input_value& v = dev.vals[i]; v.type == EV_KEY && v.value != 2)
            v.value != 0 ? begin_repetition(dev, v.code) : void(timer_delete(&dev.timer));
}
/// Caller holds the lock.
inline void handle_event(input_dev& dev, unsigned int type, unsigned int code, int value) noexcept {
    const disposition d = judge(dev, type, code, value);
    if (d.to_device && dev.event != nullptr) dev.event(&dev, type, code, value);
    if (d.to_readers) dev.vals[dev.num_vals++] = {static_cast<u16>(type), static_cast<u16>(code), value};
    if (d.flush) {
        if (dev.num_vals >= 2) return pass_on(dev);
        dev.num_vals = 0;   // a SYN_REPORT alone is no news
    } else if (dev.num_vals + 2 >= dev.max_vals) {
        dev.vals[dev.num_vals++] = {EV_SYN, SYN_REPORT, 1};   // no room: a part of the packet
        pass_on(dev);
    }
}
/// The timer's function.
inline void repeat_key(struct timer_list* t) noexcept {
    input_dev& dev = *container_of(t, input_dev, timer);
    const input_lock g(dev);
    if (!test_bit(dev.repeat_key, dev.key) || !has_code(dev, EV_KEY, dev.repeat_key)) return;
    handle_event(dev, EV_KEY, dev.repeat_key, 2);
    handle_event(dev, EV_SYN, SYN_REPORT, 1);
    if (dev.rep[REP_PERIOD] != 0)
        mod_timer(&dev.timer, jiffies + msecs_to_jiffies(static_cast<unsigned int>(dev.rep[REP_PERIOD])));
}
/// Caller holds the lock.
inline void release_keys(input_dev& dev) noexcept {
    bool any = false;
    for (unsigned int code = 0; code < KEY_CNT; ++code)
        if (test_bit(code, dev.key)) {
            handle_event(dev, EV_KEY, code, 0);
            any = true;
        }
    if (any) handle_event(dev, EV_SYN, SYN_REPORT, 1);
    std::memset(dev.key, 0, sizeof dev.key);
}

// ---- open and closed ------------------------------------------------------------------------------------------------

inline void queue_poll(input_dev_poller& p) noexcept {
    queue_delayed_work(system_freezable_wq, &p.work, msecs_to_jiffies(p.poll_interval));
}
inline void poll_input(struct work_struct* w) {
    input_dev_poller& p = *container_of(w, input_dev_poller, work.work);
    p.poll(p.input);
    queue_poll(p);
}
/// Caller holds dev.mutex, these both.
inline int start_input(input_dev& dev) {
    const int err = dev.open != nullptr ? dev.open(&dev) : 0;
    if (err == 0 && dev.poller != nullptr && dev.poller->poll_interval > 0) {
        dev.poller->poll(&dev);
        queue_poll(*dev.poller);
    }
    return err;
}
inline void stop_input(input_dev& dev) {
    if (dev.poller != nullptr) cancel_delayed_work_sync(&dev.poller->work);
    if (dev.close != nullptr) dev.close(&dev);
}
/// Caller holds the lock.
inline void drop_readers(input_dev& dev) noexcept {
    while (!list_empty(&dev.bottomhalf_readers)) {
        auto* r = list_first_entry(&dev.bottomhalf_readers, bottomhalf_input_reader, node);
        list_del_init(&r->node);
        r->dev = nullptr;
    }
}

}   // namespace impl

/// Something has happened.  What is no news is dropped.  Context: any that we manage.
inline void input_event(struct input_dev* dev, unsigned int type, unsigned int code, int value) noexcept {
    if (type > EV_MAX || !test_bit(type, dev->evbit)) return;
    const impl::input_lock g(*dev);
    impl::handle_event(*dev, type, code, value);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_input_reader;
using bottomhalf::linux6::input_event;
