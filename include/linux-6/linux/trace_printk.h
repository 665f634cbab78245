// SPDX-License-Identifier: MIT
// <linux/trace_printk.h>: a driver's own words in the trace.  See bottomhalf/trace.hpp: without BOTTOMHALF_TRACE all of it does
// nothing, as in a kernel without CONFIG_TRACING.
#pragma once

#include <cstdarg>
#include <cstdio>

#include <linux/bottomhalf.h>
#include <linux/bottomhalf_format.h>
#include <linux/printk.h>

#include <bottomhalf/trace.hpp>
#if BOTTOMHALF_TRACE
#include <bottomhalf/trace/text.hpp>
#endif

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {
inline namespace BOTTOMHALF_TRACED {   // see bottomhalf/trace.hpp

enum ftrace_dump_mode { DUMP_NONE, DUMP_ALL, DUMP_ORIG, DUMP_PARAM };

/// The first call allocates the rings, so: context: process; any from then on.
inline void tracing_on(location at = location::current()) noexcept {
    impl::core_machine* m = trace::compiled_in ? impl::up(at) : nullptr;
    if (m != nullptr) trace::start({.cpus = m->nr_cpus()});
}
/// Context: any.
inline void tracing_off() noexcept { trace::stop(); }
inline int tracing_is_on() noexcept { return trace::is_on() ? 1 : 0; }
/// Writes what there is to stderr, in the format of tracefs.  Context: process.
inline void ftrace_dump(enum ftrace_dump_mode mode) noexcept {
#if BOTTOMHALF_TRACE
    if (mode != DUMP_NONE) trace::write_text(stderr);
#else
    static_cast<void>(mode);
#endif
}

/// Cut to what a record has room for.  Context: any.  Return: how long the text is.
__attribute__((format(printf, 2, 3))) inline int bottomhalf_trace_printk(const char* function, const char* fmt,
                                                                         ...) noexcept {
    if (!trace::compiled_in || !trace::is_on()) return 0;
    char text[sizeof(trace::record::text)];
    const int head = std::snprintf(text, sizeof text, "%s: ", function);
    va_list args;
    va_start(args, fmt);
    const auto at =
        head < 0 || static_cast<std::size_t>(head) >= sizeof text ? sizeof text - 1 : static_cast<std::size_t>(head);
    const int n = bottomhalf_vformat(text + at, sizeof text - at, fmt, args);
    va_end(args);
    for (char* c = text; *c != '\0'; ++c)
        if (*c == '\n') *c = c[1] == '\0' ? '\0' : ' ';   // an event is a line
    bottomhalf::detail::tracepoint<engine>(trace::event::print, nullptr, nullptr, text);
    return n;
}

}   // namespace BOTTOMHALF_TRACED
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_trace_printk;
using bottomhalf::linux6::DUMP_ALL;
using bottomhalf::linux6::DUMP_NONE;
using bottomhalf::linux6::DUMP_ORIG;
using bottomhalf::linux6::DUMP_PARAM;
using bottomhalf::linux6::ftrace_dump;
using bottomhalf::linux6::ftrace_dump_mode;
using bottomhalf::linux6::tracing_is_on;
using bottomhalf::linux6::tracing_off;
using bottomhalf::linux6::tracing_on;

#define trace_printk(fmt, ...) bottomhalf_trace_printk(__func__, fmt bottomhalf_args(__VA_ARGS__))
#define trace_puts(text) bottomhalf_trace_printk(__func__, "%s", text)
