// SPDX-License-Identifier: MIT
// <linux/power_supply.h>: batteries, chargers and plugs: who asks a supply gets an answer from its driver; whose state has
// changed says so, and a work item tells everybody.
//
//   static int get(struct power_supply *psy, enum power_supply_property psp, union power_supply_propval *val) { ... }
//   static const struct power_supply_desc desc = { .name = "battery", .type = POWER_SUPPLY_TYPE_BATTERY,
//       .properties = props, .num_properties = ARRAY_SIZE(props), .get_property = get };
//   struct power_supply_config config = { .drv_data = card };
//   struct power_supply *psy = devm_power_supply_register(dev, &desc, &config);
//   power_supply_changed(psy);        any context; those it supplies, and the notifier chain, hear of it a little later
//
// As in the kernel, a new supply says that it has changed 10 ms after it was registered, and several changes in a row are one.
// There is no /sys/class/power_supply: who plays user space asks by power_supply_get_by_name() and
// power_supply_get_property(), and is told by power_supply_reg_notifier().
#pragma once

#include <linux/bottomhalf_power_supply_values.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

namespace bottomhalf::linux6 {

inline namespace BOTTOMHALF_ENGINE {

struct power_supply;
struct power_supply_desc {
    const char* name;
    enum power_supply_type type;
    u8 charge_behaviours;
    u32 usb_types;   // bits of power_supply_usb_type
    const enum power_supply_property* properties;
    std::size_t num_properties;
    int (*get_property)(struct power_supply* psy, enum power_supply_property psp, union power_supply_propval* val);
    int (*set_property)(struct power_supply* psy, enum power_supply_property psp,
                        const union power_supply_propval* val);
    int (*property_is_writeable)(struct power_supply* psy, enum power_supply_property psp);
    void (*external_power_changed)(struct power_supply* psy);   // of one that supplies it
    bool no_thermal;
    int use_for_apm;
};
struct power_supply_config {
    struct device_node* of_node;
    void* drv_data;
    const struct attribute_group** attr_grp;
    char** supplied_to;   // names of those who get power from it
    std::size_t num_supplicants;
};
struct power_supply {
    const struct power_supply_desc* desc;
    char** supplied_to;
    std::size_t num_supplicants;
    char** supplied_from;   // the other way round, if a driver knows it that way
    std::size_t num_supplies;
    void* drv_data;
    struct device dev;
    struct work_struct changed_work;
    struct delayed_work deferred_register_work;
    spinlock_t changed_lock;
    bool changed;       // under changed_lock
    bool initialized;   // A [psy.initialized]
    atomic_t use_cnt;
    struct list_head bottomhalf_all;
};

BOTTOMHALF_STATE inline constinit atomic_notifier_head power_supply_notifier = {};

namespace impl {

struct supply_list {
    struct mutex lock;
    list_head supplies;   // under lock
};
BOTTOMHALF_STATE inline constinit supply_list psys = {{}, {nullptr, nullptr}};

inline list_head* all_supplies() noexcept {
    if (psys.supplies.next == nullptr) INIT_LIST_HEAD(&psys.supplies);
    return &psys.supplies;
}
inline bool is_among(const char* name, char* const* names, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i)
        if (std::strcmp(names[i], name) == 0) return true;
    return false;
}
inline bool is_supplied_by(const power_supply& psy, const power_supply& source) noexcept {
    if (psy.supplied_from != nullptr && source.desc->name != nullptr)
        return is_among(source.desc->name, psy.supplied_from, psy.num_supplies);
    return is_among(psy.desc->name, source.supplied_to, source.num_supplicants);
}
/// f(psy) for each.  f may ask other supplies, and so come here again.
template <class F>
void for_each_supply(F f) {
    const bool mine_already = bottomhalf_is_held(&psys.lock);
    if (!mine_already) mutex_lock(&psys.lock);
    power_supply* psy;
    list_for_each_entry(psy, all_supplies(), bottomhalf_all) f(*psy);
    if (!mine_already) mutex_unlock(&psys.lock);
}

}   // namespace impl

inline int power_supply_reg_notifier(struct notifier_block* nb, location at = location::current()) noexcept {
    return atomic_notifier_chain_register(&power_supply_notifier, nb, at);
}
/// Context: process.
inline void power_supply_unreg_notifier(struct notifier_block* nb, location at = location::current()) noexcept {
    atomic_notifier_chain_unregister(&power_supply_notifier, nb, at);
}

/// Context: any.
inline void power_supply_changed(struct power_supply* psy, location at = location::current()) noexcept {
    unsigned long flags;
    spin_lock_irqsave(&psy->changed_lock, flags);
    psy->changed = true;
    spin_unlock_irqrestore(&psy->changed_lock, flags);
    schedule_work(&psy->changed_work, at);
}

namespace impl {
inline void tell_changed(struct work_struct* w) {
    power_supply* psy = container_of(w, power_supply, changed_work);
    unsigned long flags;
    spin_lock_irqsave(&psy->changed_lock, flags);
    const bool changed = std::exchange(psy->changed, false);
    spin_unlock_irqrestore(&psy->changed_lock, flags);
    if (!changed) return;
    for_each_supply([psy](power_supply& other) {
        if (is_supplied_by(other, *psy) && other.desc->external_power_changed != nullptr)
            other.desc->external_power_changed(&other);
    });
    atomic_notifier_call_chain(&power_supply_notifier, PSY_EVENT_PROP_CHANGED, psy);
}
/// A while after it was registered: its driver has set itself up by then.
inline void tell_registered(struct work_struct* w) {
    power_supply_changed(container_of(w, power_supply, deferred_register_work.work));
}
inline void release_supply(device* dev) noexcept { kfree(container_of(dev, power_supply, dev)); }
}   // namespace impl

// ---- questions ------------------------------------------------------------------------------------------------------

[[nodiscard]] inline bottomhalf_pointer power_supply_get_drvdata(const struct power_supply* psy) noexcept {
    return bottomhalf_pointer(psy->drv_data);
}
/// Return: what the driver says; -EINVAL: the supply has no such property; -EAGAIN: it is being registered; -ENODEV: it has
///         gone.
inline int power_supply_get_property(struct power_supply* psy, enum power_supply_property psp,
                                     union power_supply_propval* val) {
    if (atomic_read(&psy->use_cnt) <= 0)
        return impl::atomic<bool>(psy->initialized).load(acquire) ? -ENODEV : -EAGAIN;   // [psy.initialized]
    for (std::size_t i = 0; i < psy->desc->num_properties; ++i)
        if (psy->desc->properties[i] == psp) return psy->desc->get_property(psy, psp, val);
    return -EINVAL;
}
/// Return (both): what the driver says; -ENODEV: nothing can be set, or it has gone.
inline int power_supply_set_property(struct power_supply* psy, enum power_supply_property psp,
                                     const union power_supply_propval* val) {
    if (atomic_read(&psy->use_cnt) <= 0 || psy->desc->set_property == nullptr) return -ENODEV;
    return psy->desc->set_property(psy, psp, val);
}
inline int power_supply_property_is_writeable(struct power_supply* psy, enum power_supply_property psp) {
    if (atomic_read(&psy->use_cnt) <= 0 || psy->desc->property_is_writeable == nullptr) return -ENODEV;
    return psy->desc->property_is_writeable(psy, psp);
}
inline void power_supply_external_power_changed(struct power_supply* psy) {
    if (atomic_read(&psy->use_cnt) > 0 && psy->desc->external_power_changed != nullptr)
        psy->desc->external_power_changed(psy);
}
/// By its name, for power_supply_put().  Context: process.  Return: null if there is none.
[[nodiscard]] inline struct power_supply* power_supply_get_by_name(const char* name) {
    power_supply* found = nullptr;
    impl::for_each_supply([&](power_supply& psy) {
        if (found != nullptr || std::strcmp(psy.desc->name, name) != 0) return;
        found = &psy;
        atomic_inc(&psy.use_cnt);
        get_device(&psy.dev);
    });
    return found;
}
inline void power_supply_put(struct power_supply* psy) {
    atomic_dec(&psy->use_cnt);
    put_device(&psy->dev);
}
/// Return: whether one of those who supply it is online: 1 or 0; -ENODEV: nobody supplies it.
inline int power_supply_am_i_supplied(struct power_supply* psy) {
    int online = 0, sources = 0;
    impl::for_each_supply([&](power_supply& source) {
        if (!impl::is_supplied_by(*psy, source)) return;
        ++sources;
        union power_supply_propval val = {};
        if (power_supply_get_property(&source, POWER_SUPPLY_PROP_ONLINE, &val) == 0 && val.intval != 0) online = 1;
    });
    return sources == 0 ? -ENODEV : online;
}
/// Return: whether the system runs on something else than batteries: one is online, or there is no supply of it at all.
inline int power_supply_is_system_supplied() {
    int online = 0, supplies = 0;
    impl::for_each_supply([&](power_supply& psy) {
        union power_supply_propval val = {};
        if (power_supply_get_property(&psy, POWER_SUPPLY_PROP_SCOPE, &val) == 0 &&
            val.intval == POWER_SUPPLY_SCOPE_DEVICE)
            return;
        ++supplies;
        if (psy.desc->type != POWER_SUPPLY_TYPE_BATTERY &&
            power_supply_get_property(&psy, POWER_SUPPLY_PROP_ONLINE, &val) == 0 && val.intval != 0)
            online = 1;
    });
    return supplies == 0 ? 1 : online;
}

// ---- a supply's life ------------------------------------------------------------------------------------------------

/// config: may be null, and need not stay; desc must.  Context: process.
/// Return: the supply; or an ERR_PTR(): -EINVAL: no name, or no properties; -EEXIST: the name is taken; -ENOMEM.
[[nodiscard]] inline struct power_supply* power_supply_register(struct device* parent,
                                                                const struct power_supply_desc* desc,
                                                                const struct power_supply_config* config,
                                                                location at = location::current()) {
    if (desc == nullptr || desc->name == nullptr || desc->properties == nullptr || desc->num_properties == 0)
        return ERR_PTR(-EINVAL);
    if (parent == nullptr)
        printk(KERN_WARNING "power_supply_register: Expected proper parent device for '%s'\n", desc->name);
    power_supply* psy = kzalloc(sizeof *psy, GFP_KERNEL, at);
    if (psy == nullptr) return ERR_PTR(-ENOMEM);
    device_initialize(&psy->dev);
    psy->dev.parent = parent;
    psy->dev.release = impl::release_supply;
    psy->desc = desc;
    dev_set_drvdata(&psy->dev, psy);
    if (config != nullptr) {
        psy->dev.groups = config->attr_grp;
        psy->dev.of_node = config->of_node;
        psy->drv_data = config->drv_data;
        psy->supplied_to = config->supplied_to;
        psy->num_supplicants = config->num_supplicants;
    }
    INIT_WORK(&psy->changed_work, impl::tell_changed);
    INIT_DELAYED_WORK(&psy->deferred_register_work, impl::tell_registered);
    spin_lock_init(&psy->changed_lock);

    mutex_lock(&impl::psys.lock, at);
    int err = 0;
    power_supply* other;
    list_for_each_entry(other, impl::all_supplies(),
                        bottomhalf_all) if (std::strcmp(other->desc->name, desc->name) == 0) err = -EEXIST;
    if (err == 0) err = dev_set_name(&psy->dev, "%s", desc->name);
    if (err == 0) err = device_add(&psy->dev, at);
    if (err == 0) {
        list_add_tail(&psy->bottomhalf_all, impl::all_supplies());
        atomic_inc(&psy->use_cnt);
        // release: who finds it out of use sees that it has been in use [psy.initialized]
        impl::atomic<bool>(psy->initialized).store(true, release);
    }
    mutex_unlock(&impl::psys.lock, at);
    if (err != 0) {
        put_device(&psy->dev);
        return ERR_PTR(err);
    }
    queue_delayed_work(system_power_efficient_wq, &psy->deferred_register_work, msecs_to_jiffies(10));
    return psy;
}
/// Who still uses it (power_supply_get_by_name()) is reported, and keeps the memory.  Context: process; not a notifier, and not
/// external_power_changed().
inline void power_supply_unregister(struct power_supply* psy, location at = location::current()) {
    if (const int users = atomic_dec_return(&psy->use_cnt); users != 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "power_supply_unregister", at,
                                "WARN_ON(atomic_dec_return(&psy->use_cnt)): '%s' has %d users", psy->desc->name, users);
    mutex_lock(&impl::psys.lock, at);
    list_del_init(&psy->bottomhalf_all);
    mutex_unlock(&impl::psys.lock, at);
    cancel_delayed_work_sync(&psy->deferred_register_work, at);   // first: it queues the other
    cancel_work_sync(&psy->changed_work, at);
    device_unregister(&psy->dev);
}
namespace impl {
inline void unregister_supply_action(void* psy) { power_supply_unregister(static_cast<power_supply*>(psy)); }
}   // namespace impl
[[nodiscard]] inline struct power_supply* devm_power_supply_register(struct device* parent,
                                                                     const struct power_supply_desc* desc,
                                                                     const struct power_supply_config* config,
                                                                     location at = location::current()) {
    power_supply* psy = power_supply_register(parent, desc, config, at);
    if (IS_ERR(psy)) return psy;
    const int err = devm_add_action_or_reset(parent, impl::unregister_supply_action, psy, at);
    return err != 0 ? static_cast<power_supply*>(ERR_PTR(err)) : psy;
}
// One that cannot wake the system; none can here.
[[nodiscard]] inline struct power_supply* power_supply_register_no_ws(struct device* parent,
                                                                      const struct power_supply_desc* desc,
                                                                      const struct power_supply_config* config,
                                                                      location at = location::current()) {
    return power_supply_register(parent, desc, config, at);
}
[[nodiscard]] inline struct power_supply* devm_power_supply_register_no_ws(struct device* parent,
                                                                           const struct power_supply_desc* desc,
                                                                           const struct power_supply_config* config,
                                                                           location at = location::current()) {
    return devm_power_supply_register(parent, desc, config, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_power_supply_register;
using bottomhalf::linux6::devm_power_supply_register_no_ws;
using bottomhalf::linux6::power_supply;
using bottomhalf::linux6::power_supply_am_i_supplied;
using bottomhalf::linux6::power_supply_changed;
using bottomhalf::linux6::power_supply_config;
using bottomhalf::linux6::power_supply_desc;
using bottomhalf::linux6::power_supply_external_power_changed;
using bottomhalf::linux6::power_supply_get_by_name;
using bottomhalf::linux6::power_supply_get_drvdata;
using bottomhalf::linux6::power_supply_get_property;
using bottomhalf::linux6::power_supply_is_system_supplied;
using bottomhalf::linux6::power_supply_notifier;
using bottomhalf::linux6::power_supply_property_is_writeable;
using bottomhalf::linux6::power_supply_put;
using bottomhalf::linux6::power_supply_reg_notifier;
using bottomhalf::linux6::power_supply_register;
using bottomhalf::linux6::power_supply_register_no_ws;
using bottomhalf::linux6::power_supply_set_property;
using bottomhalf::linux6::power_supply_unreg_notifier;
using bottomhalf::linux6::power_supply_unregister;

#define to_power_supply(device) container_of(device, struct power_supply, dev)
