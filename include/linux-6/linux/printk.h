// SPDX-License-Identifier: MIT
// <linux/printk.h>: to stderr, one write per message, from any context; what a top half says is written by a thread, see
// bottomhalf/printk_ring.hpp.  A message begins a line of its own, also after one that had no newline at its end, unless it
// is a KERN_CONT of the same thread.  Every level is shown; what is for debugging only where DEBUG is defined, as in a kernel without
// dynamic debug.
#pragma once

#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include <bottomhalf/printk_ring.hpp>

#include <linux/bottomhalf.h>
#include <linux/bottomhalf_format.h>
#include <linux/compiler.h>
#include <linux/kern_levels.h>
#include <linux/ratelimit.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Context: any; formats on the stack, and cuts what is longer than a line of 1 KiB.
__attribute__((format(printf, 1, 0))) inline int vprintk(const char* fmt, std::va_list args) noexcept {
    char line[1024];
    const int saved = errno;
    int n = bottomhalf_vformat(line, sizeof line, fmt, args);
    errno = saved;
    if (n <= 0) return 0;
    if (n >= static_cast<int>(sizeof line)) n = static_cast<int>(sizeof line) - 1;
    const char* text = line;   // the level may have come as an argument
    bool continues = false;
    for (; text[0] == KERN_SOH_ASCII && text[1] != '\0'; text += 2, n -= 2) continues = continues || text[1] == 'c';
    printk_ring<engine>::put(text, static_cast<std::size_t>(n), continues);
    return n;
}
__attribute__((format(printf, 1, 2))) inline int printk(const char* fmt, ...) noexcept {
    va_list args;
    va_start(args, fmt);
    const int n = vprintk(fmt, args);
    va_end(args);
    return n;
}
/// Checks its arguments, and says nothing.
__attribute__((format(printf, 1, 2))) inline int no_printk(const char*, ...) noexcept { return 0; }

// ---- bytes ----------------------------------------------------------------------------------------------------------

enum : int { DUMP_PREFIX_NONE, DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET };

inline constexpr char hex_asc[] = "0123456789abcdef";

/// Up to `rowsize` (16 or 32) bytes as hexadecimal numbers of `groupsize` (1, 2, 4 or 8) bytes, and as text.  Cuts what
/// `line` has no room for.  Return: how long the whole is.
inline int hex_dump_to_buffer(const void* buf, std::size_t len, int rowsize, int groupsize, char* line,
                              std::size_t room, bool ascii) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(buf);
    const std::size_t row = rowsize == 32 ? 32 : 16;
    if (len > row) len = row;
    std::size_t group = groupsize == 2 || groupsize == 4 || groupsize == 8 ? static_cast<std::size_t>(groupsize) : 1;
    if (len % group != 0) group = 1;
    std::size_t n = 0;
    const auto put = [&](char c) {
        if (n + 1 < room) line[n] = c;
        ++n;
    };
    for (std::size_t i = 0; i < len; ++i) {
        if (i != 0 && i % group == 0) put(' ');
        const std::size_t at = i / group * group + (group - 1 - i % group);   // a number: its high byte first
        put(hex_asc[bytes[at] >> 4]);
        put(hex_asc[bytes[at] & 15]);
    }
    if (ascii && len != 0) {
        const std::size_t column = row * 2 + row / group + 1;
        while (n < column) put(' ');
        for (std::size_t i = 0; i < len; ++i)
            put(bytes[i] >= 0x20 && bytes[i] < 0x7f ? static_cast<char>(bytes[i]) : '.');
    }
    if (room != 0) line[n < room ? n : room - 1] = '\0';
    return static_cast<int>(n);
}
inline void print_hex_dump(const char* level, const char* prefix, int prefix_type, int rowsize, int groupsize,
                           const void* buf, std::size_t len, bool ascii) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(buf);
    const std::size_t row = rowsize == 32 ? 32 : 16;
    for (std::size_t i = 0; i < len; i += row) {
        char line[200];
        hex_dump_to_buffer(bytes + i, len - i, rowsize, groupsize, line, sizeof line, ascii);
        if (prefix_type == DUMP_PREFIX_ADDRESS)
            printk("%s%s%p: %s\n", level, prefix, static_cast<const void*>(bytes + i), line);
        else if (prefix_type == DUMP_PREFIX_OFFSET)
            printk("%s%s%.8zx: %s\n", level, prefix, i, line);
        else
            printk("%s%s%s\n", level, prefix, line);
    }
}

/// Says that it was called, and where.
inline void dump_stack(location at = location::current()) noexcept {
    printk(KERN_DEFAULT "dump_stack: %s (%s:%u)\n", at.function_name(), at.file_name(),
           static_cast<unsigned>(at.line()));
}
BOTTOMHALF_STATE inline constinit ratelimit_state bottomhalf_printk_ratelimit =
    RATELIMIT_STATE_INIT(, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_printk_ratelimit;
using bottomhalf::linux6::dump_stack;
using bottomhalf::linux6::DUMP_PREFIX_ADDRESS;
using bottomhalf::linux6::DUMP_PREFIX_NONE;
using bottomhalf::linux6::DUMP_PREFIX_OFFSET;
using bottomhalf::linux6::hex_asc;
using bottomhalf::linux6::hex_dump_to_buffer;
using bottomhalf::linux6::no_printk;
using bottomhalf::linux6::print_hex_dump;
using bottomhalf::linux6::printk;
using bottomhalf::linux6::vprintk;

// A macro as well, so that an ERR_PTR() may be an argument.
#define printk(fmt, ...) printk(fmt bottomhalf_args(__VA_ARGS__))
#define hex_asc_lo(x) hex_asc[(x)&0x0f]
#define hex_asc_hi(x) hex_asc[((x)&0xf0) >> 4]
#define printk_ratelimit() ___ratelimit(&bottomhalf_printk_ratelimit, __func__)
#define printk_deferred(fmt, ...) printk(fmt __VA_OPT__(, ) __VA_ARGS__)

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_emerg(fmt, ...) printk(KERN_EMERG pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_alert(fmt, ...) printk(KERN_ALERT pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_crit(fmt, ...) printk(KERN_CRIT pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_err(fmt, ...) printk(KERN_ERR pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_warning(fmt, ...) pr_warn(fmt __VA_OPT__(, ) __VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_cont(fmt, ...) printk(KERN_CONT fmt __VA_OPT__(, ) __VA_ARGS__)

/// The arguments are not evaluated where nothing is printed, but the compiler looks at them.
#define bottomhalf_never(call) \
    do {                       \
        if (0) call;           \
    } while (0)
#if defined(DEBUG)
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define print_hex_dump_debug(prefix, type, rowsize, groupsize, buf, len, ascii) \
    print_hex_dump(KERN_DEBUG, prefix, type, rowsize, groupsize, buf, len, ascii)
#else
#define pr_debug(fmt, ...) bottomhalf_never(printk(KERN_DEBUG pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__))
#define print_hex_dump_debug(prefix, type, rowsize, groupsize, buf, len, ascii) \
    bottomhalf_never(print_hex_dump(KERN_DEBUG, prefix, type, rowsize, groupsize, buf, len, ascii))
#endif
#define pr_devel(fmt, ...) pr_debug(fmt __VA_OPT__(, ) __VA_ARGS__)
#define print_hex_dump_bytes(prefix, type, buf, len) print_hex_dump_debug(prefix, type, 16, 1, buf, len, true)

#define bottomhalf_do_once(call)                          \
    do {                                                  \
        static bool bottomhalf_said = false;              \
        if (bottomhalf_first_time(bottomhalf_said)) call; \
    } while (0)
#define printk_once(fmt, ...) bottomhalf_do_once(printk(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_err_once(fmt, ...) bottomhalf_do_once(pr_err(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_warn_once(fmt, ...) bottomhalf_do_once(pr_warn(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_notice_once(fmt, ...) bottomhalf_do_once(pr_notice(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_info_once(fmt, ...) bottomhalf_do_once(pr_info(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_debug_once(fmt, ...) bottomhalf_do_once(pr_debug(fmt __VA_OPT__(, ) __VA_ARGS__))

#define bottomhalf_ratelimited(call)                                                                       \
    do {                                                                                                   \
        static DEFINE_RATELIMIT_STATE(bottomhalf_rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST); \
        if (__ratelimit(&bottomhalf_rs)) call;                                                             \
    } while (0)
#define printk_ratelimited(fmt, ...) bottomhalf_ratelimited(printk(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_err_ratelimited(fmt, ...) bottomhalf_ratelimited(pr_err(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_warn_ratelimited(fmt, ...) bottomhalf_ratelimited(pr_warn(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_notice_ratelimited(fmt, ...) bottomhalf_ratelimited(pr_notice(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_info_ratelimited(fmt, ...) bottomhalf_ratelimited(pr_info(fmt __VA_OPT__(, ) __VA_ARGS__))
#define pr_debug_ratelimited(fmt, ...) bottomhalf_ratelimited(pr_debug(fmt __VA_OPT__(, ) __VA_ARGS__))
