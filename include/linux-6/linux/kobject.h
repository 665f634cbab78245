// SPDX-License-Identifier: MIT
// <linux/kobject.h>: what a device is to /sys.  There are none but those inside of devices here: kobj_to_dev().
#pragma once

#include <linux/kref.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct kobject {
    const char* name;
    struct kref kref;
};
[[nodiscard]] inline const char* kobject_name(const struct kobject* kobj) noexcept { return kobj->name; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::kobject;
using bottomhalf::linux6::kobject_name;

#include <linux/sysfs.h>
