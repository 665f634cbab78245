// SPDX-License-Identifier: MIT
// <linux/extcon-provider.h>: the driver of an external connector: it says which cables there can be, and which are.
//
//   static const unsigned int cables[] = { EXTCON_USB, EXTCON_CHG_USB_SDP, EXTCON_NONE };
//   struct extcon_dev *edev = devm_extcon_dev_allocate(dev, cables);
//   devm_extcon_dev_register(dev, edev);
//   extcon_set_state_sync(edev, EXTCON_USB, true);        the notifiers of that cable are called, if it was not there
#pragma once

#include <linux/extcon.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
inline void release_extcon(device*) noexcept {}
inline int count_cables(const unsigned int* cables) noexcept {
    int n = 0;
    while (cables[n] != EXTCON_NONE) ++n;
    return n;
}
/// Whether more than one cable of a set that excludes each other is there.
inline bool excludes(const extcon_dev& edev, u32 state) noexcept {
    for (const u32* set = edev.mutually_exclusive; set != nullptr && *set != 0; ++set)
        if (__builtin_popcount(state & *set) > 1) return true;
    return false;
}
}   // namespace impl

/// For extcon_dev_free().  Return: an ERR_PTR(): -EINVAL: no cables; -ENOMEM.
[[nodiscard]] inline struct extcon_dev* extcon_dev_allocate(const unsigned int* cables,
                                                            location at = location::current()) noexcept {
    if (cables == nullptr) return ERR_PTR(-EINVAL);
    extcon_dev* edev = kzalloc(sizeof *edev, GFP_KERNEL, at);
    if (edev == nullptr) return ERR_PTR(-ENOMEM);
    edev->supported_cable = cables;
    return edev;
}
inline void extcon_dev_free(struct extcon_dev* edev) noexcept { kfree(edev); }

/// The connector of edev->dev.parent, by whose name it is found.  Context: process.
/// Return: 0; -EINVAL: no parent, or too many cables; -ENOMEM.
inline int extcon_dev_register(struct extcon_dev* edev, location at = location::current()) noexcept {
    const int cables = impl::count_cables(edev->supported_cable);
    if (cables > static_cast<int>(bottomhalf_extcon_cables)) {
        dev_err(&edev->dev, "exceed the maximum number of supported cables\n");
        return -EINVAL;
    }
    if (edev->dev.parent == nullptr) {
        dev_err(&edev->dev, "extcon device name is null\n");
        return -EINVAL;
    }
    edev->max_supported = static_cast<unsigned int>(cables);
    edev->name = dev_name(edev->dev.parent);
    edev->dev.release = impl::release_extcon;
    spin_lock_init(&edev->lock);
    device_initialize(&edev->dev);
    mutex_lock(&impl::extcons.lock, at);
    int err = dev_set_name(&edev->dev, "extcon%d", impl::extcons.next_nr++);
    if (err == 0) err = device_add(&edev->dev, at);
    if (err == 0) list_add_tail(&edev->entry, impl::all_extcons());
    mutex_unlock(&impl::extcons.lock, at);
    if (err != 0) put_device(&edev->dev);
    return err;
}
inline void extcon_dev_unregister(struct extcon_dev* edev, location at = location::current()) noexcept {
    mutex_lock(&impl::extcons.lock, at);
    list_del_init(&edev->entry);
    mutex_unlock(&impl::extcons.lock, at);
    device_unregister(&edev->dev);
}
namespace impl {
inline void free_extcon_action(void* edev) noexcept { extcon_dev_free(static_cast<extcon_dev*>(edev)); }
inline void unregister_extcon_action(void* edev) noexcept { extcon_dev_unregister(static_cast<extcon_dev*>(edev)); }
}   // namespace impl
[[nodiscard]] inline struct extcon_dev* devm_extcon_dev_allocate(struct device* dev, const unsigned int* cables,
                                                                 location at = location::current()) noexcept {
    extcon_dev* edev = extcon_dev_allocate(cables, at);
    if (IS_ERR(edev)) return edev;
    edev->dev.parent = dev;
    const int err = devm_add_action_or_reset(dev, impl::free_extcon_action, edev, at);
    return err != 0 ? static_cast<extcon_dev*>(ERR_PTR(err)) : edev;
}
inline int devm_extcon_dev_register(struct device* dev, struct extcon_dev* edev,
                                    location at = location::current()) noexcept {
    const int err = extcon_dev_register(edev, at);
    return err != 0 ? err : devm_add_action_or_reset(dev, impl::unregister_extcon_action, edev, at);
}

/// Notes it down; nobody is told.  Context: any.
/// Return: 0; -EINVAL: it has no such cable; -EPERM: another one is there that excludes it.
inline int extcon_set_state(struct extcon_dev* edev, unsigned int id, bool state) noexcept {
    if (edev == nullptr) return -EINVAL;
    const int place = impl::place_of(*edev, id);
    if (place < 0) return place;
    const impl::extcon_lock g(*edev);
    const u32 bit = 1U << place;
    const u32 after = state ? edev->state | bit : edev->state & ~bit;
    if (after != edev->state && impl::excludes(*edev, after)) return -EPERM;
    edev->state = after;
    return 0;
}
/// Tells who wants to know how a cable is.  Context: that of the notifiers; process, mostly.  Return: 0 or -EINVAL.
inline int extcon_sync(struct extcon_dev* edev, unsigned int id) {
    const int state = extcon_get_state(edev, id);
    if (state < 0) return state;
    const int place = impl::place_of(*edev, id);
    raw_notifier_call_chain(&edev->nh[place], static_cast<unsigned long>(state), edev);
    raw_notifier_call_chain(&edev->nh_all, static_cast<unsigned long>(state), edev);
    return 0;
}
/// Both, if it is news.  Return: as extcon_set_state().
inline int extcon_set_state_sync(struct extcon_dev* edev, unsigned int id, bool state) {
    const int before = extcon_get_state(edev, id);
    if (before < 0) return before;
    if ((before != 0) == state) return 0;
    const int err = extcon_set_state(edev, id, state);
    return err != 0 ? err : extcon_sync(edev, id);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_extcon_dev_allocate;
using bottomhalf::linux6::devm_extcon_dev_register;
using bottomhalf::linux6::extcon_dev_allocate;
using bottomhalf::linux6::extcon_dev_free;
using bottomhalf::linux6::extcon_dev_register;
using bottomhalf::linux6::extcon_dev_unregister;
using bottomhalf::linux6::extcon_set_state;
using bottomhalf::linux6::extcon_set_state_sync;
using bottomhalf::linux6::extcon_sync;
