// SPDX-License-Identifier: MIT
// text.hpp: a trace as the kernel prints it, for a reader and for the tools that read /sys/kernel/tracing/trace.
//
//        kworker/0:1-4711    [000] d..1.  1234.567890: workqueue_execute_start: work struct 000055d0c0de0040: function my_work
//
// Names and fields are 6.12's, but for what is not there to be told: of timer_start the bucket of the kernel's wheel.  Addresses
// are printed as they are.  An item is activated here when its worker looks, not when it is queued.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <bottomhalf/context.hpp>
#include <bottomhalf/trace/reader.hpp>

namespace bottomhalf::trace {

namespace detail {

/// "d.h1.": interrupts (and bottom halves) off, need-resched, what is interrupted, how deep preemption is off, migration.
inline void latency_format(const record& r, char (&to)[6]) noexcept {
    const std::uint32_t c = r.preempt_count;
    const bool bh_off = (c & softirq_mask) >= 2 * softirq_offset;
    to[0] = r.irqs_off != 0 ? (bh_off ? 'D' : 'd') : (bh_off ? 'b' : '.');
    to[1] = '.';
    const bool hard = (c & hardirq_mask) != 0, soft = (c & softirq_offset) != 0;
    to[2] = hard ? (soft ? 'H' : 'h') : (soft ? 's' : '.');
    const std::uint32_t depth = c & preempt_mask;
    to[3] = depth == 0 ? '.' : "0123456789abcdef"[depth < 15 ? depth : 15];
    to[4] = '.';
    to[5] = '\0';
}
inline std::uint64_t number(const void* p) noexcept { return reinterpret_cast<std::uintptr_t>(p); }

}   // namespace detail

/// One event, without what the kernel puts before its name.
[[nodiscard]] inline std::string describe(const record& r, function_names& functions) {
    char text[256];
    const auto object = detail::number(r.object);
    const auto function = [&] { return functions[r.function].c_str(); };
    const auto a = static_cast<unsigned long>(r.a), b = static_cast<unsigned long>(r.b);
    switch (event_of(r)) {
        case event::workqueue_queue_work:
            std::snprintf(text, sizeof text, "work struct=%016" PRIx64 " function=%s workqueue=%s req_cpu=%ld cpu=%ld",
                          object, function(), r.text, static_cast<long>(a), static_cast<long>(b));
            break;
        case event::workqueue_activate_work:
            std::snprintf(text, sizeof text, "work struct %016" PRIx64 " function=%s", object, function());
            break;
        case event::workqueue_execute_start:
        case event::workqueue_execute_end:
            std::snprintf(text, sizeof text, "work struct %016" PRIx64 ": function %s", object, function());
            break;
        case event::timer_start:
            std::snprintf(text, sizeof text, "timer=%016" PRIx64 " function=%s expires=%lu [timeout=%ld] %s", object,
                          function(), a, static_cast<long>(a - b), r.text);
            break;
        case event::timer_expire_entry:
            std::snprintf(text, sizeof text, "timer=%016" PRIx64 " function=%s now=%lu baseclk=%lu", object, function(),
                          a, b);
            break;
        case event::timer_init:
        case event::timer_cancel:
        case event::timer_expire_exit: std::snprintf(text, sizeof text, "timer=%016" PRIx64, object); break;
        case event::irq_handler_entry: std::snprintf(text, sizeof text, "irq=%lu name=%s", a, r.text); break;
        case event::irq_handler_exit:
            std::snprintf(text, sizeof text, "irq=%lu ret=%s", a, b != 0 ? "handled" : "unhandled");
            break;
        case event::softirq_raise:
        case event::softirq_entry:
        case event::softirq_exit: std::snprintf(text, sizeof text, "vec=%lu [action=%s]", a, r.text); break;
        case event::tasklet_entry:
        case event::tasklet_exit:
            std::snprintf(text, sizeof text, "tasklet=%016" PRIx64 " function=%s", object, function());
            break;
        case event::print: std::snprintf(text, sizeof text, "%s", r.text); break;
        case event::how_many: text[0] = '\0'; break;
    }
    return text;
}

/// `events` as a file of tracefs.  `lost`: said in the head.
inline void write_text(std::FILE* to, const std::vector<record>& events, std::uint64_t lost = 0) {
    function_names functions;
    std::fprintf(to,
                 "# tracer: nop\n#\n# entries-in-buffer/entries-written: %zu/%llu   #P:%u\n#\n"
                 "#                                _-----=> irqs-off/BH-disabled\n"
                 "#                               / _----=> need-resched\n"
                 "#                              | / _---=> hardirq/softirq\n"
                 "#                              || / _--=> preempt-depth\n"
                 "#                              ||| / _-=> migrate-disable\n"
                 "#                              |||| /     delay\n"
                 "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
                 "#              | |         |   |||||     |         |\n",
                 events.size(), static_cast<unsigned long long>(events.size() + lost), rings.nr());
    for (const record& r : events) {
        char flags[6];
        detail::latency_format(r, flags);
        std::fprintf(to, "%16s-%-7d [%03d] %s %5lld.%06lld: %s%s%s\n", r.comm[0] != '\0' ? r.comm : "<...>", r.pid,
                     r.cpu, flags, static_cast<long long>(r.at / 1'000'000'000),
                     static_cast<long long>(r.at % 1'000'000'000 / 1000),
                     event_of(r) == event::print ? "" : names[r.event], event_of(r) == event::print ? "" : ": ",
                     describe(r, functions).c_str());
    }
}
/// All that is there.  Context: process.
inline void write_text(std::FILE* to) {
    reader r;
    const std::vector<record> events = r.take();
    write_text(to, events, r.lost());
}

}   // namespace bottomhalf::trace
