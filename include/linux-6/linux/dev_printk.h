// SPDX-License-Identifier: MIT
// <linux/dev_printk.h>: messages of a device: "driver name: ...", as in the kernel.
#pragma once

#include <cstdarg>
#include <cstdio>

#include <linux/errno.h>
#include <linux/printk.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct device;
const char* dev_name(const struct device* dev) noexcept;
const char* dev_driver_string(const struct device* dev) noexcept;

/// Context: any.
__attribute__((format(printf, 3, 0))) inline void dev_vprintk(const char* level, const struct device* dev,
                                                              const char* fmt, std::va_list args) noexcept {
    char text[900];
    bottomhalf_vformat(text, sizeof text, fmt, args);
    if (dev == nullptr)
        printk("%s(NULL device *): %s", level, text);
    else
        printk("%s%s %s: %s", level, dev_driver_string(dev), dev_name(dev), text);
}
__attribute__((format(printf, 3, 4))) inline void dev_printk(const char* level, const struct device* dev,
                                                             const char* fmt, ...) noexcept {
    va_list args;
    va_start(args, fmt);
    dev_vprintk(level, dev, fmt, args);
    va_end(args);
}
/// What went wrong in a probe: nothing is said of -EPROBE_DEFER, which will be tried again.  Return: `err`.
__attribute__((format(printf, 3, 4))) inline int dev_err_probe(const struct device* dev, int err, const char* fmt,
                                                               ...) noexcept {
    if (err == -EPROBE_DEFER) return err;
    char text[800], room[16];
    va_list args;
    va_start(args, fmt);
    bottomhalf_vformat(text, sizeof text, fmt, args);
    va_end(args);
    dev_printk(KERN_ERR, dev, "error -%s: %s", bottomhalf_errname(err, room), text);
    return err;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::dev_err_probe;
using bottomhalf::linux6::dev_printk;
using bottomhalf::linux6::dev_vprintk;
using bottomhalf::linux6::device;

// Macros as well, so that an ERR_PTR() may be an argument.
#define dev_printk(level, dev, fmt, ...) dev_printk(level, dev, fmt bottomhalf_args(__VA_ARGS__))
#define dev_err_probe(dev, err, fmt, ...) dev_err_probe(dev, err, fmt bottomhalf_args(__VA_ARGS__))
#ifndef dev_fmt
#define dev_fmt(fmt) fmt
#endif
#define dev_emerg(dev, fmt, ...) dev_printk(KERN_EMERG, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define dev_alert(dev, fmt, ...) dev_printk(KERN_ALERT, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define dev_crit(dev, fmt, ...) dev_printk(KERN_CRIT, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define dev_err(dev, fmt, ...) dev_printk(KERN_ERR, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define dev_warn(dev, fmt, ...) dev_printk(KERN_WARNING, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define dev_notice(dev, fmt, ...) dev_printk(KERN_NOTICE, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define dev_info(dev, fmt, ...) dev_printk(KERN_INFO, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#if defined(DEBUG)
#define dev_dbg(dev, fmt, ...) dev_printk(KERN_DEBUG, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#else
#define dev_dbg(dev, fmt, ...) bottomhalf_never(dev_printk(KERN_DEBUG, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__))
#endif
#define dev_vdbg(dev, fmt, ...) bottomhalf_never(dev_printk(KERN_DEBUG, dev, dev_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__))

#define dev_err_once(dev, fmt, ...) bottomhalf_do_once(dev_err(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_warn_once(dev, fmt, ...) bottomhalf_do_once(dev_warn(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_notice_once(dev, fmt, ...) bottomhalf_do_once(dev_notice(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_info_once(dev, fmt, ...) bottomhalf_do_once(dev_info(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_dbg_once(dev, fmt, ...) bottomhalf_do_once(dev_dbg(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_err_ratelimited(dev, fmt, ...) bottomhalf_ratelimited(dev_err(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_warn_ratelimited(dev, fmt, ...) bottomhalf_ratelimited(dev_warn(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_notice_ratelimited(dev, fmt, ...) bottomhalf_ratelimited(dev_notice(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_info_ratelimited(dev, fmt, ...) bottomhalf_ratelimited(dev_info(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_dbg_ratelimited(dev, fmt, ...) bottomhalf_ratelimited(dev_dbg(dev, fmt __VA_OPT__(, ) __VA_ARGS__))
#define dev_WARN(dev, fmt, ...) WARN(1, "%s %s: " fmt, dev_driver_string(dev), dev_name(dev) __VA_OPT__(, ) __VA_ARGS__)
#define dev_WARN_ONCE(dev, condition, fmt, ...) \
    WARN_ONCE(condition, "%s %s: " fmt, dev_driver_string(dev), dev_name(dev) __VA_OPT__(, ) __VA_ARGS__)
