// SPDX-License-Identifier: MIT
// <linux/reset.h>: a machine without reset lines, as a kernel without CONFIG_RESET_CONTROLLER: an optional one is null, which
// may be moved in vain; any other is an ERR_PTR(-ENOTSUPP).
#pragma once

#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>

namespace bottomhalf::linux6 {

struct reset_control;

inline namespace BOTTOMHALF_ENGINE {

[[nodiscard]] inline struct reset_control* devm_reset_control_get(struct device*, const char*) noexcept {
    return ERR_PTR(-ENOTSUPP);
}
[[nodiscard]] inline struct reset_control* devm_reset_control_get_exclusive(struct device*, const char*) noexcept {
    return ERR_PTR(-ENOTSUPP);
}
[[nodiscard]] inline struct reset_control* devm_reset_control_get_shared(struct device*, const char*) noexcept {
    return ERR_PTR(-ENOTSUPP);
}
[[nodiscard]] inline struct reset_control* devm_reset_control_get_optional_exclusive(struct device*,
                                                                                     const char*) noexcept {
    return nullptr;
}
[[nodiscard]] inline struct reset_control* devm_reset_control_get_optional_shared(struct device*,
                                                                                  const char*) noexcept {
    return nullptr;
}
[[nodiscard]] inline struct reset_control* devm_reset_control_array_get_optional_shared(struct device*) noexcept {
    return nullptr;
}
/// Return (all of them): 0.
inline int reset_control_assert(struct reset_control*) noexcept { return 0; }
inline int reset_control_deassert(struct reset_control*) noexcept { return 0; }
inline int reset_control_reset(struct reset_control*) noexcept { return 0; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_reset_control_array_get_optional_shared;
using bottomhalf::linux6::devm_reset_control_get;
using bottomhalf::linux6::devm_reset_control_get_exclusive;
using bottomhalf::linux6::devm_reset_control_get_optional_exclusive;
using bottomhalf::linux6::devm_reset_control_get_optional_shared;
using bottomhalf::linux6::devm_reset_control_get_shared;
using bottomhalf::linux6::reset_control;
using bottomhalf::linux6::reset_control_assert;
using bottomhalf::linux6::reset_control_deassert;
using bottomhalf::linux6::reset_control_reset;
