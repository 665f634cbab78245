// SPDX-License-Identifier: MIT
// <linux/regulator/consumer.h>: a machine whose supplies are always on, as a kernel without CONFIG_REGULATOR: a regulator is
// null, which is no error and may be turned on; an optional one is an ERR_PTR(-ENODEV).
#pragma once

#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>

namespace bottomhalf::linux6 {

struct regulator;
struct regulator_bulk_data {
    const char* supply;
    struct regulator* consumer;
};

inline namespace BOTTOMHALF_ENGINE {

[[nodiscard]] inline struct regulator* regulator_get(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct regulator* devm_regulator_get(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct regulator* devm_regulator_get_optional(struct device*, const char*) noexcept {
    return ERR_PTR(-ENODEV);
}
inline void regulator_put(struct regulator*) noexcept {}
/// Return (all that follow): 0.
inline int devm_regulator_get_enable(struct device*, const char*) noexcept { return 0; }
inline int devm_regulator_bulk_get(struct device*, int n, struct regulator_bulk_data* consumers) noexcept {
    for (int i = 0; i < n; ++i) consumers[i].consumer = nullptr;
    return 0;
}
inline int regulator_enable(struct regulator*) noexcept { return 0; }
inline int regulator_disable(struct regulator*) noexcept { return 0; }
inline int regulator_bulk_enable(int, struct regulator_bulk_data*) noexcept { return 0; }
inline int regulator_bulk_disable(int, struct regulator_bulk_data*) noexcept { return 0; }
inline int regulator_set_voltage(struct regulator*, int, int) noexcept { return 0; }
/// Return: 1.
inline int regulator_is_enabled(struct regulator*) noexcept { return 1; }
inline int regulator_get_voltage(struct regulator*) noexcept { return -EINVAL; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_regulator_bulk_get;
using bottomhalf::linux6::devm_regulator_get;
using bottomhalf::linux6::devm_regulator_get_enable;
using bottomhalf::linux6::devm_regulator_get_optional;
using bottomhalf::linux6::regulator;
using bottomhalf::linux6::regulator_bulk_data;
using bottomhalf::linux6::regulator_bulk_disable;
using bottomhalf::linux6::regulator_bulk_enable;
using bottomhalf::linux6::regulator_disable;
using bottomhalf::linux6::regulator_enable;
using bottomhalf::linux6::regulator_get;
using bottomhalf::linux6::regulator_get_voltage;
using bottomhalf::linux6::regulator_is_enabled;
using bottomhalf::linux6::regulator_put;
using bottomhalf::linux6::regulator_set_voltage;
