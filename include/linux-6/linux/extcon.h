// SPDX-License-Identifier: MIT
// <linux/extcon.h>: external connectors: which cables are plugged into a device, and who wants to know.  The side of those who
// look; who tells is in <linux/extcon-provider.h>.
//
//   struct extcon_dev *edev = extcon_get_extcon_dev("charger");
//   extcon_register_notifier(edev, EXTCON_USB, &nb);         nb.notifier_call(&nb, attached, edev) in process context
//   extcon_get_state(edev, EXTCON_USB);                      1: plugged in
//
// Not here: properties of a cable, and connectors found by a device tree.
#pragma once

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>

namespace bottomhalf::linux6 {

/// Cables.
enum bottomhalf_extcon : unsigned int {
    EXTCON_NONE = 0,
    EXTCON_USB = 1,
    EXTCON_USB_HOST = 2,
    EXTCON_CHG_USB_SDP = 5,
    EXTCON_CHG_USB_DCP = 6,
    EXTCON_CHG_USB_CDP = 7,
    EXTCON_CHG_USB_ACA = 8,
    EXTCON_CHG_USB_FAST = 9,
    EXTCON_CHG_USB_SLOW = 10,
    EXTCON_CHG_WPT = 11,
    EXTCON_CHG_USB_PD = 12,
    EXTCON_JACK_MICROPHONE = 20,
    EXTCON_JACK_HEADPHONE = 21,
    EXTCON_JACK_LINE_IN = 22,
    EXTCON_JACK_LINE_OUT = 23,
    EXTCON_JACK_VIDEO_IN = 24,
    EXTCON_JACK_VIDEO_OUT = 25,
    EXTCON_JACK_SPDIF_IN = 26,
    EXTCON_JACK_SPDIF_OUT = 27,
    EXTCON_DISP_HDMI = 40,
    EXTCON_DISP_MHL = 41,
    EXTCON_DISP_DVI = 42,
    EXTCON_DISP_VGA = 43,
    EXTCON_DISP_DP = 44,
    EXTCON_DISP_HMD = 45,
    EXTCON_DISP_CVBS = 46,
    EXTCON_DISP_EDP = 47,
    EXTCON_DOCK = 60,
    EXTCON_JIG = 61,
    EXTCON_MECHANICAL = 62,
    EXTCON_NUM = 63,
};

inline namespace BOTTOMHALF_ENGINE {

inline constexpr unsigned int bottomhalf_extcon_cables = 32;   // of one connector

struct extcon_dev {
    const char* name;
    const unsigned int* supported_cable;   // EXTCON_NONE is the last
    const u32* mutually_exclusive;         // sets of cables, by their places, of which one can be there; 0 is the last
    struct device dev;
    unsigned int max_supported;
    struct raw_notifier_head nh[bottomhalf_extcon_cables], nh_all;   // changed under lock
    spinlock_t lock;
    u32 state;                // under lock: a bit for each cable, by its place
    struct list_head entry;   // under the mutex of all
};

namespace impl {

struct extcon_list {
    struct mutex lock;
    list_head devices;
    int next_nr;
};
BOTTOMHALF_STATE inline constinit extcon_list extcons = {{}, {nullptr, nullptr}, 0};

inline list_head* all_extcons() noexcept {
    if (extcons.devices.next == nullptr) INIT_LIST_HEAD(&extcons.devices);
    return &extcons.devices;
}
/// Return: the place of a cable, or -EINVAL.
inline int place_of(const extcon_dev& edev, unsigned int id) noexcept {
    for (unsigned int i = 0; i < edev.max_supported; ++i)
        if (edev.supported_cable[i] == id) return static_cast<int>(i);
    return -EINVAL;
}
class extcon_lock {
public:
    explicit extcon_lock(extcon_dev& edev) noexcept : edev_(edev) { spin_lock_irqsave(&edev.lock, flags_); }
    ~extcon_lock() { spin_unlock_irqrestore(&edev_.lock, flags_); }
    extcon_lock(const extcon_lock&) = delete;
    extcon_lock& operator=(const extcon_lock&) = delete;

private:
    extcon_dev& edev_;
    unsigned long flags_;
};

}   // namespace impl

/// Context: any.  Return: 1 or 0; -EINVAL: it has no such cable.
inline int extcon_get_state(struct extcon_dev* edev, unsigned int id) noexcept {
    if (edev == nullptr) return -EINVAL;
    const int place = impl::place_of(*edev, id);
    if (place < 0) return place;
    const impl::extcon_lock g(*edev);
    return static_cast<int>(edev->state >> place & 1);
}
/// Context: any.  Return (all that follow): 0; -EINVAL: no connector, or no such cable; or as the chain says.
inline int extcon_register_notifier(struct extcon_dev* edev, unsigned int id, struct notifier_block* nb,
                                    location at = location::current()) noexcept {
    if (edev == nullptr || nb == nullptr) return -EINVAL;
    const int place = impl::place_of(*edev, id);
    if (place < 0) return place;
    const impl::extcon_lock g(*edev);
    return raw_notifier_chain_register(&edev->nh[place], nb, at);
}
/// Who is being called is not waited for.
inline int extcon_unregister_notifier(struct extcon_dev* edev, unsigned int id, struct notifier_block* nb) noexcept {
    if (edev == nullptr || nb == nullptr) return -EINVAL;
    const int place = impl::place_of(*edev, id);
    if (place < 0) return place;
    const impl::extcon_lock g(*edev);
    return raw_notifier_chain_unregister(&edev->nh[place], nb);
}
/// Of any cable.
inline int extcon_register_notifier_all(struct extcon_dev* edev, struct notifier_block* nb,
                                        location at = location::current()) noexcept {
    if (edev == nullptr || nb == nullptr) return -EINVAL;
    const impl::extcon_lock g(*edev);
    return raw_notifier_chain_register(&edev->nh_all, nb, at);
}
inline int extcon_unregister_notifier_all(struct extcon_dev* edev, struct notifier_block* nb) noexcept {
    if (edev == nullptr || nb == nullptr) return -EINVAL;
    const impl::extcon_lock g(*edev);
    return raw_notifier_chain_unregister(&edev->nh_all, nb);
}

namespace impl {
struct managed_extcon_notifier {
    extcon_dev* edev;
    unsigned int id;
    notifier_block* nb;
};
inline void release_extcon_notifier(device*, void* res) noexcept {
    const auto& m = *static_cast<managed_extcon_notifier*>(res);
    extcon_unregister_notifier(m.edev, m.id, m.nb);
}
inline void release_extcon_notifier_all(device*, void* res) noexcept {
    const auto& m = *static_cast<managed_extcon_notifier*>(res);
    extcon_unregister_notifier_all(m.edev, m.nb);
}
inline int same_extcon_notifier(device*, void* res, void* wanted) noexcept {
    const auto &a = *static_cast<managed_extcon_notifier*>(res), &b = *static_cast<managed_extcon_notifier*>(wanted);
    return a.edev == b.edev && a.id == b.id && a.nb == b.nb ? 1 : 0;
}
template <class Register>
int managed_extcon(device* dev, dr_release_t release, const managed_extcon_notifier& what, Register add,
                   location at) noexcept {
    managed_extcon_notifier* m = devres_alloc(release, sizeof *m, GFP_KERNEL, at);
    if (m == nullptr) return -ENOMEM;
    *m = what;
    const int err = add();
    err == 0 ? devres_add(dev, m) : devres_free(m);
    return err;
}
}   // namespace impl

/// Until `dev`'s driver goes.  Return: also -ENOMEM.
inline int devm_extcon_register_notifier(struct device* dev, struct extcon_dev* edev, unsigned int id,
                                         struct notifier_block* nb, location at = location::current()) noexcept {
    return impl::managed_extcon(
        dev, impl::release_extcon_notifier, {edev, id, nb}, [=] { return extcon_register_notifier(edev, id, nb, at); },
        at);
}
inline int devm_extcon_register_notifier_all(struct device* dev, struct extcon_dev* edev, struct notifier_block* nb,
                                             location at = location::current()) noexcept {
    return impl::managed_extcon(
        dev, impl::release_extcon_notifier_all, {edev, EXTCON_NONE, nb},
        [=] { return extcon_register_notifier_all(edev, nb, at); }, at);
}
/// Before its time.  Of one that is not managed for `dev`: reported.
inline void devm_extcon_unregister_notifier(struct device* dev, struct extcon_dev* edev, unsigned int id,
                                            struct notifier_block* nb, location at = location::current()) noexcept {
    impl::managed_extcon_notifier wanted = {edev, id, nb};
    if (devres_release(dev, impl::release_extcon_notifier, impl::same_extcon_notifier, &wanted) != 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "devm_extcon_unregister_notifier", at,
                                "WARN_ON(devres_release())");
}

[[nodiscard]] inline const char* extcon_get_edev_name(struct extcon_dev* edev) noexcept {
    return edev != nullptr ? edev->name : nullptr;
}
/// By the name of the device that has it.  It is not held.  Context: process.
/// Return: an ERR_PTR() if there is none: -EINVAL: no name; -EPROBE_DEFER: it may come.
[[nodiscard]] inline struct extcon_dev* extcon_get_extcon_dev(const char* name) noexcept {
    if (name == nullptr) return ERR_PTR(-EINVAL);
    extcon_dev *edev, *found = ERR_PTR(-EPROBE_DEFER);
    mutex_lock(&impl::extcons.lock);
    list_for_each_entry(edev, impl::all_extcons(), entry) if (std::strcmp(edev->name, name) == 0) found = edev;
    mutex_unlock(&impl::extcons.lock);
    return found;
}
/// By a device tree, which there is not.
[[nodiscard]] inline struct extcon_dev* extcon_get_edev_by_phandle(struct device*, int) noexcept {
    return ERR_PTR(-ENODEV);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_extcon_register_notifier;
using bottomhalf::linux6::devm_extcon_register_notifier_all;
using bottomhalf::linux6::devm_extcon_unregister_notifier;
using bottomhalf::linux6::extcon_dev;
using bottomhalf::linux6::extcon_get_edev_by_phandle;
using bottomhalf::linux6::extcon_get_edev_name;
using bottomhalf::linux6::extcon_get_extcon_dev;
using bottomhalf::linux6::extcon_get_state;
using bottomhalf::linux6::extcon_register_notifier;
using bottomhalf::linux6::extcon_register_notifier_all;
using bottomhalf::linux6::extcon_unregister_notifier;
using bottomhalf::linux6::extcon_unregister_notifier_all;
using enum bottomhalf::linux6::bottomhalf_extcon;
