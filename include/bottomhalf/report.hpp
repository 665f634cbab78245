// SPDX-License-Identifier: MIT
// report.hpp: what went wrong, said at the place of the call.
//
// What the kernel would say, we say in its words; what the kernel cannot see, in ours.  Two channels, so that the first
// can be compared with a kernel's log: *kernel* (what it would print) and *advice* (what only we see).  By default a
// report goes to stderr; a test listens instead:
//
//   bottomhalf::set_report_listener([](const bottomhalf::report& r) { ... });
//
// BOTTOMHALF_FATAL=1 in the environment, or fatal_reports(true), makes every report of `warn` and above abort.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <source_location>

#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf {

enum class channel : unsigned char { kernel, advice };
enum class severity : unsigned char { note, warn, bug };

struct report {
    channel where;
    severity level;
    const char* function;      // the call as the kernel names it, "__queue_work" for instance: its WARN says that too
    const char* text;          // one or more lines, no newline at the end
    std::source_location at;   // where the user's code made the call
};

using report_listener = void(const report&);
using location = std::source_location;

namespace detail {

BOTTOMHALF_STATE inline constinit arch::hook<report_listener> listener{};
BOTTOMHALF_STATE inline constinit arch::hook<const char> fatal{};

inline void print_report(const report& r) noexcept {
    static constexpr const char* level[] = {"note", "WARNING", "BUG"};
    char line[768];
    int n = std::snprintf(line, sizeof line, "bottomhalf: %s%s: %s: %s (%s:%u)\n",
                          r.where == channel::advice ? "advice: " : "", level[static_cast<int>(r.level)], r.function,
                          r.text, r.at.file_name(), static_cast<unsigned>(r.at.line()));
    if (n < 0) return;
    constexpr int room = sizeof line;
    if (n >= room) {
        n = room;
        line[n - 1] = '\n';   // in the place of the NUL
    }
    arch::write_message(line, static_cast<std::size_t>(n), false);
}

inline bool fatal_wanted() noexcept {
    if (fatal.get() == nullptr) {
        const char* env = std::getenv("BOTTOMHALF_FATAL");
        fatal.set_first(env != nullptr && *env != '\0' && *env != '0' ? "yes" : "no");
    }
    return *fatal.get() == 'y';
}

/// Context: any.  Formats on the stack, no allocation.
__attribute__((noinline, cold, format(printf, 5, 6))) inline void say(channel where, severity level,
                                                                      const char* function, location at,
                                                                      const char* format, ...) noexcept {
    char text[512];
    va_list args;
    va_start(args, format);
    std::vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const report r{where, level, function, text, at};
    if (report_listener* l = listener.get())
        l(r);
    else
        print_report(r);
    if (level != severity::note && fatal_wanted()) std::abort();
}

}   // namespace detail

/// Who hears reports from now on; nullptr: stderr again.  Return: who did before.
/// Context of the listener: that of the mistake, a top half included.  It must not call back into the library.
inline report_listener* set_report_listener(report_listener* l) noexcept { return detail::listener.set(l); }

/// Whether a report of `warn` or above ends the program (the default is the environment's BOTTOMHALF_FATAL).
inline void fatal_reports(bool on) noexcept { detail::fatal.set(on ? "yes" : "no"); }

}   // namespace bottomhalf
