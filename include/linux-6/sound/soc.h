// SPDX-License-Identifier: MIT
// <sound/soc.h>: the beginning of a codec's driver: its component is registered, found, and its registers are reached.
//
//   static const struct snd_soc_component_driver codec = { .name = "codec" };
//   static struct snd_soc_dai_driver dai = { .name = "codec-hifi" };
//   devm_snd_soc_register_component(dev, &codec, &dai, 1);
//   snd_soc_component_update_bits(component, REG, MASK, VALUE);        by the regmap of its device, or the driver's read, write
//
// There are no cards here, and nothing that plays: no PCM, no controls, no DAPM.  A component's probe() and remove() belong to
// a card that takes it, so nobody calls them; a test of a driver may.
#pragma once

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/regmap.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct snd_soc_component;
struct snd_soc_dai_ops;
struct snd_soc_pcm_stream {
    const char* stream_name;
    u64 formats;
    unsigned int rates, rate_min, rate_max, channels_min, channels_max, sig_bits;
};
struct snd_soc_dai_driver {
    const char* name;
    unsigned int id, base;
    const struct snd_soc_dai_ops* ops;
    struct snd_soc_pcm_stream capture, playback;
};
/// A digital audio interface of a component.
struct snd_soc_dai {
    const char* name;
    int id;
    struct device* dev;
    struct snd_soc_dai_driver* driver;
    struct snd_soc_component* component;
    struct list_head list;
};
struct snd_soc_component_driver {
    const char* name;
    int (*probe)(struct snd_soc_component* component);
    void (*remove)(struct snd_soc_component* component);
    int (*suspend)(struct snd_soc_component* component);
    int (*resume)(struct snd_soc_component* component);
    unsigned int (*read)(struct snd_soc_component* component, unsigned int reg);
    int (*write)(struct snd_soc_component* component, unsigned int reg, unsigned int val);
    unsigned int idle_bias_on, use_pmdown_time, endianness, legacy_dai_naming;
};
struct snd_soc_component {
    const char* name;
    struct device* dev;
    const struct snd_soc_component_driver* driver;
    struct regmap* regmap;
    struct mutex io_mutex;
    struct list_head dai_list;
    int num_dai;
    struct list_head list;   // of all, under their mutex
};

namespace impl {

struct component_list {
    struct mutex lock;
    list_head components;
};
BOTTOMHALF_STATE inline constinit component_list soc_components = {{}, {nullptr, nullptr}};

inline list_head* all_components() noexcept {
    if (soc_components.components.next == nullptr) INIT_LIST_HEAD(&soc_components.components);
    return &soc_components.components;
}
/// The name of its device; of one on a bus, where that is numbers only, with its driver's before it: "codec.0-001a".
inline char* component_name(device* dev, location at) noexcept {
    unsigned int bus, address;
    const char* name = dev_name(dev);
    if (dev->driver == nullptr || std::strstr(name, dev->driver->name) != nullptr ||
        std::sscanf(name, "%x-%x", &bus, &address) != 2)
        return devm_kstrdup(dev, name, GFP_KERNEL, at);
    return devm_kasprintf(dev, GFP_KERNEL, "%s.%s", dev->driver->name, name);
}
/// With io_mutex.
inline int read_component(snd_soc_component& c, unsigned int reg, unsigned int* val) {
    if (c.regmap != nullptr) return regmap_read(c.regmap, reg, val);
    if (c.driver->read == nullptr) return -EIO;
    *val = c.driver->read(&c, reg);
    return 0;
}
inline int write_component(snd_soc_component& c, unsigned int reg, unsigned int val) {
    if (c.regmap != nullptr) return regmap_write(c.regmap, reg, val);
    return c.driver->write != nullptr ? c.driver->write(&c, reg, val) : -EIO;
}
inline void remove_dais(snd_soc_component& c) noexcept {
    snd_soc_dai *dai, *next;
    list_for_each_entry_safe(dai, next, &c.dai_list, list) {
        list_del(&dai->list);
        devm_kfree(c.dev, dai);
    }
    c.num_dai = 0;
}
/// Return: 0; -EINVAL: one of several has no name, and said; -ENOMEM.
inline int add_dais(snd_soc_component& c, snd_soc_dai_driver* drivers, int n, location at) noexcept {
    for (int i = 0; i < n; ++i) {
        const bool after_device = n == 1 && c.driver->legacy_dai_naming != 0;
        if (drivers[i].name == nullptr && !after_device) {
            dev_err(c.dev, "ASoC: error - multiple DAI %s registered with no name\n", dev_name(c.dev));
            return -EINVAL;
        }
        snd_soc_dai* dai = devm_kzalloc(c.dev, sizeof *dai, GFP_KERNEL, at);
        if (dai == nullptr) return -ENOMEM;
        dai->name = after_device ? c.name : drivers[i].name;
        dai->id = drivers[i].id != 0 ? static_cast<int>(drivers[i].id) : c.num_dai;
        dai->dev = c.dev;
        dai->driver = &drivers[i];
        dai->component = &c;
        list_add_tail(&dai->list, &c.dai_list);
        ++c.num_dai;
    }
    return 0;
}

}   // namespace impl

/// Context: process.  Return: 0; -EINVAL: an interface without a name; -ENOMEM.
inline int snd_soc_register_component(struct device* dev, const struct snd_soc_component_driver* driver,
                                      struct snd_soc_dai_driver* dai_drv, int num_dai,
                                      location at = location::current()) {
    snd_soc_component* c = devm_kzalloc(dev, sizeof *c, GFP_KERNEL, at);
    if (c == nullptr) return -ENOMEM;
    c->dev = dev;
    c->driver = driver;
    c->name = impl::component_name(dev, at);
    if (c->name == nullptr) return -ENOMEM;
    mutex_init(&c->io_mutex);
    INIT_LIST_HEAD(&c->dai_list);
    const int err = impl::add_dais(*c, dai_drv, num_dai, at);
    if (err != 0) {
        impl::remove_dais(*c);
        return err;
    }
    if (driver->read == nullptr && driver->write == nullptr) c->regmap = dev_get_regmap(dev, nullptr);
    mutex_lock(&impl::soc_components.lock, at);
    list_add(&c->list, impl::all_components());
    mutex_unlock(&impl::soc_components.lock, at);
    return 0;
}
/// One of a device; of any name, if that is null.  Context: process.  Return: null if there is none.
[[nodiscard]] inline struct snd_soc_component* snd_soc_lookup_component(struct device* dev, const char* driver_name,
                                                                        location at = location::current()) noexcept {
    snd_soc_component *c, *found = nullptr;
    mutex_lock(&impl::soc_components.lock, at);
    list_for_each_entry(
        c, impl::all_components(),
        list) if (c->dev == dev && (driver_name == nullptr ||
                                    (c->driver->name != nullptr && std::strcmp(c->driver->name, driver_name) == 0))) {
        found = c;
        break;
    }
    mutex_unlock(&impl::soc_components.lock, at);
    return found;
}
/// All those of a device.
inline void snd_soc_unregister_component(struct device* dev, location at = location::current()) noexcept {
    while (snd_soc_component* c = snd_soc_lookup_component(dev, nullptr, at)) {
        mutex_lock(&impl::soc_components.lock, at);
        list_del(&c->list);
        mutex_unlock(&impl::soc_components.lock, at);
        impl::remove_dais(*c);
    }
}
namespace impl {
inline void unregister_components_action(void* dev) noexcept {
    snd_soc_unregister_component(static_cast<device*>(dev));
}
}   // namespace impl
inline int devm_snd_soc_register_component(struct device* dev, const struct snd_soc_component_driver* driver,
                                           struct snd_soc_dai_driver* dai_drv, int num_dai,
                                           location at = location::current()) {
    const int err = snd_soc_register_component(dev, driver, dai_drv, num_dai, at);
    return err != 0 ? err : devm_add_action_or_reset(dev, impl::unregister_components_action, dev, at);
}

[[nodiscard]] inline bottomhalf_pointer snd_soc_component_get_drvdata(struct snd_soc_component* c) noexcept {
    return dev_get_drvdata(c->dev);
}
inline void snd_soc_component_set_drvdata(struct snd_soc_component* c, void* data) noexcept {
    dev_set_drvdata(c->dev, data);
}
[[nodiscard]] inline bottomhalf_pointer snd_soc_dai_get_drvdata(struct snd_soc_dai* dai) noexcept {
    return dev_get_drvdata(dai->dev);
}
inline void snd_soc_component_init_regmap(struct snd_soc_component* c, struct regmap* map) noexcept { c->regmap = map; }

// Context, all that follow: process.  What went wrong is also said.

/// Return: the value, or -errno as one.
inline unsigned int snd_soc_component_read(struct snd_soc_component* c, unsigned int reg,
                                           location at = location::current()) {
    unsigned int val = 0;
    mutex_lock(&c->io_mutex, at);
    const int err = impl::read_component(*c, reg, &val);
    mutex_unlock(&c->io_mutex, at);
    if (err == 0) return val;
    dev_err(c->dev, "ASoC: error at %s on %s for register: [0x%08x] %d\n", "soc_component_read_no_lock", c->name, reg,
            err);
    return static_cast<unsigned int>(err);
}
/// Return: 0 or -errno.
inline int snd_soc_component_write(struct snd_soc_component* c, unsigned int reg, unsigned int val,
                                   location at = location::current()) {
    mutex_lock(&c->io_mutex, at);
    const int err = impl::write_component(*c, reg, val);
    mutex_unlock(&c->io_mutex, at);
    if (err != 0)
        dev_err(c->dev, "ASoC: error at %s on %s for register: [0x%08x] %d\n", "soc_component_write_no_lock", c->name,
                reg, err);
    return err;
}
/// Return: 1 if something was written, 0 if it was so already, or -errno.
inline int snd_soc_component_update_bits(struct snd_soc_component* c, unsigned int reg, unsigned int mask,
                                         unsigned int val, location at = location::current()) {
    bool change = false;
    int err = 0;
    if (c->regmap != nullptr) {
        err = regmap_update_bits_check(c->regmap, reg, mask, val, &change, at);
    } else {
        unsigned int before = 0;
        mutex_lock(&c->io_mutex, at);
        err = impl::read_component(*c, reg, &before);
        const unsigned int after = (before & ~mask) | (val & mask);
        if (err == 0 && after != before) {
            change = true;
            err = impl::write_component(*c, reg, after);
        }
        mutex_unlock(&c->io_mutex, at);
    }
    if (err == 0) return change ? 1 : 0;
    dev_err(c->dev, "ASoC: error at %s on %s for register: [0x%08x] %d\n", "snd_soc_component_update_bits", c->name,
            reg, err);
    return err;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_snd_soc_register_component;
using bottomhalf::linux6::snd_soc_component;
using bottomhalf::linux6::snd_soc_component_driver;
using bottomhalf::linux6::snd_soc_component_get_drvdata;
using bottomhalf::linux6::snd_soc_component_init_regmap;
using bottomhalf::linux6::snd_soc_component_read;
using bottomhalf::linux6::snd_soc_component_set_drvdata;
using bottomhalf::linux6::snd_soc_component_update_bits;
using bottomhalf::linux6::snd_soc_component_write;
using bottomhalf::linux6::snd_soc_dai;
using bottomhalf::linux6::snd_soc_dai_driver;
using bottomhalf::linux6::snd_soc_dai_get_drvdata;
using bottomhalf::linux6::snd_soc_dai_ops;
using bottomhalf::linux6::snd_soc_lookup_component;
using bottomhalf::linux6::snd_soc_pcm_stream;
using bottomhalf::linux6::snd_soc_register_component;
using bottomhalf::linux6::snd_soc_unregister_component;

#define for_each_component_dais(component, dai) list_for_each_entry(dai, &(component)->dai_list, list)
