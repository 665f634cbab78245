// SPDX-License-Identifier: MIT
// <linux/printk.h>: to stderr, one write per line, from any context.  The kernel's own conversions (%pS, %pM, ...)
// print as %p does.
#pragma once

#include <cstdarg>
#include <cstdio>

#include <bottomhalf/arch/console.hpp>

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_CONT KERN_SOH "c"
#define KERN_DEFAULT ""

namespace bottomhalf::linux6 {

/// Context: any; formats on the stack, and cuts what is longer than a line of 1 KiB.
__attribute__((format(printf, 1, 2))) inline int printk(const char* fmt, ...) noexcept {
    char line[1024];
    if (fmt[0] == '\001' && fmt[1] != '\0') fmt += 2;
    va_list args;
    va_start(args, fmt);
    int n = std::vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n <= 0) return 0;
    if (n >= static_cast<int>(sizeof line)) n = static_cast<int>(sizeof line) - 1;
    arch::write_stderr(line, static_cast<std::size_t>(n));
    return n;
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::printk;

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_emerg(fmt, ...) printk(KERN_EMERG pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_alert(fmt, ...) printk(KERN_ALERT pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_crit(fmt, ...) printk(KERN_CRIT pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_err(fmt, ...) printk(KERN_ERR pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_cont(fmt, ...) printk(KERN_CONT fmt __VA_OPT__(, ) __VA_ARGS__)
#define pr_debug(fmt, ...)                                                \
    do {                                                                  \
        if (0) printk(KERN_DEBUG pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__); \
    } while (0)
