// SPDX-License-Identifier: MIT
// <linux/clk.h>: a machine without clocks that anybody could turn, as a kernel without CONFIG_HAVE_CLK: every clock is null,
// which is no error, is always on, and has the rate 0.
#pragma once

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

struct clk;
struct clk_bulk_data {
    const char* id;
    struct clk* clk;
};

inline namespace BOTTOMHALF_ENGINE {

/// Return (all that get one): null.
[[nodiscard]] inline struct clk* clk_get(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct clk* clk_get_optional(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct clk* devm_clk_get(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct clk* devm_clk_get_enabled(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct clk* devm_clk_get_prepared(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct clk* devm_clk_get_optional(struct device*, const char*) noexcept { return nullptr; }
[[nodiscard]] inline struct clk* devm_clk_get_optional_enabled(struct device*, const char*) noexcept { return nullptr; }
inline int bottomhalf_no_clocks(int n, struct clk_bulk_data* clks) noexcept {
    for (int i = 0; i < n; ++i) clks[i].clk = nullptr;
    return 0;
}
inline int devm_clk_bulk_get(struct device*, int n, struct clk_bulk_data* clks) noexcept {
    return bottomhalf_no_clocks(n, clks);
}
inline int devm_clk_bulk_get_optional(struct device*, int n, struct clk_bulk_data* clks) noexcept {
    return bottomhalf_no_clocks(n, clks);
}
inline void clk_put(struct clk*) noexcept {}
/// Return (of all that change something): 0.
inline int clk_prepare(struct clk*) noexcept { return 0; }
inline void clk_unprepare(struct clk*) noexcept {}
inline int clk_enable(struct clk*) noexcept { return 0; }
inline void clk_disable(struct clk*) noexcept {}
inline int clk_prepare_enable(struct clk*) noexcept { return 0; }
inline void clk_disable_unprepare(struct clk*) noexcept {}
inline int clk_bulk_prepare_enable(int, const struct clk_bulk_data*) noexcept { return 0; }
inline void clk_bulk_disable_unprepare(int, const struct clk_bulk_data*) noexcept {}
[[nodiscard]] inline unsigned long clk_get_rate(struct clk*) noexcept { return 0; }
inline int clk_set_rate(struct clk*, unsigned long) noexcept { return 0; }
[[nodiscard]] inline long clk_round_rate(struct clk*, unsigned long) noexcept { return 0; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::clk;
using bottomhalf::linux6::clk_bulk_data;
using bottomhalf::linux6::clk_bulk_disable_unprepare;
using bottomhalf::linux6::clk_bulk_prepare_enable;
using bottomhalf::linux6::clk_disable;
using bottomhalf::linux6::clk_disable_unprepare;
using bottomhalf::linux6::clk_enable;
using bottomhalf::linux6::clk_get;
using bottomhalf::linux6::clk_get_optional;
using bottomhalf::linux6::clk_get_rate;
using bottomhalf::linux6::clk_prepare;
using bottomhalf::linux6::clk_prepare_enable;
using bottomhalf::linux6::clk_put;
using bottomhalf::linux6::clk_round_rate;
using bottomhalf::linux6::clk_set_rate;
using bottomhalf::linux6::clk_unprepare;
using bottomhalf::linux6::devm_clk_bulk_get;
using bottomhalf::linux6::devm_clk_bulk_get_optional;
using bottomhalf::linux6::devm_clk_get;
using bottomhalf::linux6::devm_clk_get_enabled;
using bottomhalf::linux6::devm_clk_get_optional;
using bottomhalf::linux6::devm_clk_get_optional_enabled;
using bottomhalf::linux6::devm_clk_get_prepared;

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/err.h>
#include <linux/kernel.h>
