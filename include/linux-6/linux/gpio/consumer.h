// SPDX-License-Identifier: MIT
// <linux/gpio/consumer.h>: a machine without GPIO lines, as a kernel without CONFIG_GPIOLIB: an optional line is null, which
// may be set in vain and reads as 0; any other is an ERR_PTR(-ENOSYS).
#pragma once

#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>

namespace bottomhalf::linux6 {

struct gpio_desc;
enum gpiod_flags : int {
    GPIOD_ASIS = 0,
    GPIOD_IN = 1,
    GPIOD_OUT_LOW = 3,
    GPIOD_OUT_HIGH = 7,
};

inline namespace BOTTOMHALF_ENGINE {

[[nodiscard]] inline struct gpio_desc* devm_gpiod_get(struct device*, const char*, enum gpiod_flags) noexcept {
    return ERR_PTR(-ENOSYS);
}
[[nodiscard]] inline struct gpio_desc* devm_gpiod_get_index(struct device*, const char*, unsigned int,
                                                            enum gpiod_flags) noexcept {
    return ERR_PTR(-ENOSYS);
}
[[nodiscard]] inline struct gpio_desc* devm_gpiod_get_optional(struct device*, const char*, enum gpiod_flags) noexcept {
    return nullptr;
}
[[nodiscard]] inline struct gpio_desc* devm_gpiod_get_index_optional(struct device*, const char*, unsigned int,
                                                                     enum gpiod_flags) noexcept {
    return nullptr;
}
namespace impl {
/// Nobody can have a line: whoever comes with one has not looked at what he was given.
inline void check_no_line(const gpio_desc* desc, const char* function, location at) noexcept {
    if (desc != nullptr) bottomhalf::detail::say(channel::kernel, severity::warn, function, at, "WARN_ON(desc)");
}
}   // namespace impl
inline void devm_gpiod_put(struct device*, struct gpio_desc* desc, location at = location::current()) noexcept {
    impl::check_no_line(desc, "devm_gpiod_put", at);
}
inline void gpiod_set_value(struct gpio_desc* desc, int, location at = location::current()) noexcept {
    impl::check_no_line(desc, "gpiod_set_value", at);
}
inline void gpiod_set_value_cansleep(struct gpio_desc* desc, int, location at = location::current()) noexcept {
    impl::check_no_line(desc, "gpiod_set_value_cansleep", at);
}
inline int gpiod_get_value(const struct gpio_desc* desc, location at = location::current()) noexcept {
    impl::check_no_line(desc, "gpiod_get_value", at);
    return 0;
}
inline int gpiod_get_value_cansleep(const struct gpio_desc* desc, location at = location::current()) noexcept {
    impl::check_no_line(desc, "gpiod_get_value_cansleep", at);
    return 0;
}
/// Return (the rest): -ENOSYS.
inline int gpiod_direction_input(struct gpio_desc* desc, location at = location::current()) noexcept {
    impl::check_no_line(desc, "gpiod_direction_input", at);
    return -ENOSYS;
}
inline int gpiod_direction_output(struct gpio_desc* desc, int, location at = location::current()) noexcept {
    impl::check_no_line(desc, "gpiod_direction_output", at);
    return -ENOSYS;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_gpiod_get;
using bottomhalf::linux6::devm_gpiod_get_index;
using bottomhalf::linux6::devm_gpiod_get_index_optional;
using bottomhalf::linux6::devm_gpiod_get_optional;
using bottomhalf::linux6::devm_gpiod_put;
using bottomhalf::linux6::gpio_desc;
using bottomhalf::linux6::gpiod_direction_input;
using bottomhalf::linux6::gpiod_direction_output;
using bottomhalf::linux6::gpiod_flags;
using bottomhalf::linux6::gpiod_get_value;
using bottomhalf::linux6::gpiod_get_value_cansleep;
using bottomhalf::linux6::gpiod_set_value;
using bottomhalf::linux6::gpiod_set_value_cansleep;
using enum bottomhalf::linux6::gpiod_flags;
