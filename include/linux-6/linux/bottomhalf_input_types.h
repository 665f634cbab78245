// SPDX-License-Identifier: MIT
// <linux/bottomhalf_input_types.h>: what a device of <linux/input.h> is: what it can do, and how it is.
#pragma once

#include <linux/bitops.h>
#include <linux/bottomhalf_uapi_input.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct input_value {
    u16 type, code;
    s32 value;
};
struct input_dev;
/// Who looks at a device that does not tell by itself, while it is open.
struct input_dev_poller {
    void (*poll)(struct input_dev* dev);
    unsigned int poll_interval;   // ms
    struct input_dev* input;
    struct delayed_work work;
};

struct input_dev {
    const char *name, *phys, *uniq;
    struct ::input_id id;

    // What it can do: who registers it says so.
    unsigned long propbit[BITS_TO_LONGS(INPUT_PROP_CNT)];
    unsigned long evbit[BITS_TO_LONGS(EV_CNT)];
    unsigned long keybit[BITS_TO_LONGS(KEY_CNT)];
    unsigned long relbit[BITS_TO_LONGS(REL_CNT)];
    unsigned long absbit[BITS_TO_LONGS(ABS_CNT)];
    unsigned long mscbit[BITS_TO_LONGS(MSC_CNT)];
    unsigned long ledbit[BITS_TO_LONGS(LED_CNT)];
    unsigned long sndbit[BITS_TO_LONGS(SND_CNT)];
    unsigned long ffbit[BITS_TO_LONGS(FF_CNT)];
    unsigned long swbit[BITS_TO_LONGS(SW_CNT)];
    unsigned int hint_events_per_packet;
    struct ::input_absinfo* absinfo;   // ABS_CNT of them, or null

    // Under event_lock: how it is.
    unsigned int repeat_key;
    int rep[REP_CNT];   // ms: until the first repetition, and between them
    unsigned long key[BITS_TO_LONGS(KEY_CNT)];
    unsigned long led[BITS_TO_LONGS(LED_CNT)];
    unsigned long snd[BITS_TO_LONGS(SND_CNT)];
    unsigned long sw[BITS_TO_LONGS(SW_CNT)];
    struct input_value* vals;   // reported, and not passed on yet
    unsigned int num_vals, max_vals;
    struct list_head bottomhalf_readers;

    struct timer_list timer;   // of repeat_key
    bool bottomhalf_repeats;   // by that; else the device does so itself
    int (*open)(struct input_dev* dev);
    void (*close)(struct input_dev* dev);
    int (*event)(struct input_dev* dev, unsigned int type, unsigned int code, int value);   // of LEDs, bells
    spinlock_t event_lock;
    struct mutex mutex;
    unsigned int users;   // under mutex: readers
    bool going_away;      // likewise
    struct device dev;
    struct list_head node;   // of registered devices, under their mutex
    bool devres_managed;
    struct input_dev_poller* poller;
};

namespace impl {

struct input_list {
    struct mutex lock;
    list_head devices;
    unsigned int next_nr;   // A
};
BOTTOMHALF_STATE inline constinit input_list inputs = {{}, {nullptr, nullptr}, 0};

}   // namespace impl

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::input_dev;
using bottomhalf::linux6::input_value;
