// SPDX-License-Identifier: MIT
// trace.hpp: what happened, event by event, under the names that the kernel's tracepoints have.
//
//   bottomhalf::trace::start();                  // the program is compiled with BOTTOMHALF_TRACE=1 (bottomhalf::trace)
//   ...
//   bottomhalf::trace::stop();
//   bottomhalf::trace::write_text(stdout);       // as /sys/kernel/tracing/trace has it        (trace/text.hpp)
//   bottomhalf::trace::write_json(file);         // for ui.perfetto.dev and chrome://tracing   (trace/json.hpp)
//   bottomhalf::trace::statistics s; s.take();   // of each queue: queued, run, how long       (trace/statistics.hpp)
//
// Without BOTTOMHALF_TRACE there is nothing of it in the program: not an instruction.  It is for all files of a program, or none:
// no struct is different with it, so one that is mixed works, but of each function the linker takes one, and traces or not.
//
// Each emulated CPU has a ring of its own, of which the oldest records give way: see arch/trace_ring.hpp.  An event is written
// down by whoever causes it, where he is, a top half included; a thread that is not ours writes to the CPU that it counts as.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bottomhalf/arch/trace_ring.hpp>

#if !defined(BOTTOMHALF_TRACE)
#define BOTTOMHALF_TRACE 0
#endif

#if BOTTOMHALF_TRACE
#define BOTTOMHALF_TRACED compiled_in_here
#else
#define BOTTOMHALF_TRACED left_out_here
#endif

namespace bottomhalf::trace {

inline constexpr bool compiled_in = BOTTOMHALF_TRACE != 0;

using record = arch::trace_record;

/// What a record's `object`, `function`, `text`, `a` and `b` are.
enum class event : std::uint8_t {
    workqueue_queue_work,      // the item, its function, the queue's name, the CPU asked for, the CPU
    workqueue_activate_work,   // the item, its function: it is let in, max_active allowing
    workqueue_execute_start,   // the item, its function
    workqueue_execute_end,     // the same; the item may be gone
    timer_init,                // the timer
    timer_start,               // the timer, its function, CPU and flags; expires, jiffies
    timer_cancel,              // the timer: it is taken off, to fire or not to
    timer_expire_entry,        // the timer, its function; jiffies, expires
    timer_expire_exit,         // the timer; it may be gone
    irq_handler_entry,         // the handler's name, the line
    irq_handler_exit,          // the line, whether it was handled
    softirq_raise,             // the vector's name, the vector
    softirq_entry,
    softirq_exit,
    tasklet_entry,   // the tasklet, its function
    tasklet_exit,
    print,   // trace_printk(): who says so, and what
    how_many
};
inline constexpr const char* names[] = {"workqueue_queue_work",
                                        "workqueue_activate_work",
                                        "workqueue_execute_start",
                                        "workqueue_execute_end",
                                        "timer_init",
                                        "timer_start",
                                        "timer_cancel",
                                        "timer_expire_entry",
                                        "timer_expire_exit",
                                        "irq_handler_entry",
                                        "irq_handler_exit",
                                        "softirq_raise",
                                        "softirq_entry",
                                        "softirq_exit",
                                        "tasklet_entry",
                                        "tasklet_exit",
                                        "print"};
static_assert(sizeof names / sizeof *names == static_cast<std::size_t>(event::how_many));

/// A set of events, for start().
[[nodiscard]] constexpr std::uint32_t only(event e) noexcept { return 1U << static_cast<unsigned>(e); }
[[nodiscard]] constexpr std::uint32_t from_to(event first, event last) noexcept {
    return (only(last) - 1 + only(last)) & ~(only(first) - 1);
}
inline constexpr std::uint32_t of_workqueues =
    from_to(event::workqueue_queue_work, event::workqueue_execute_end) | only(event::print);
inline constexpr std::uint32_t of_timers = from_to(event::timer_init, event::timer_expire_exit) | only(event::print);
inline constexpr std::uint32_t of_interrupts =
    from_to(event::irq_handler_entry, event::tasklet_exit) | only(event::print);
inline constexpr std::uint32_t everything = of_workqueues | of_timers | of_interrupts;

inline constexpr std::size_t max_cpus = 64;   // those beyond share the rings of those below
inline constexpr std::size_t max_records = std::size_t{1} << 24;

/// One set in the program: both engines and both facades write to it.
BOTTOMHALF_STATE inline constinit arch::trace_rings rings{};

struct options {
    std::uint32_t events = everything;
    std::size_t records = 8192;   // per CPU, 200 bytes each; rounded up to a power of two
    unsigned cpus = 4;            // how many rings; rounded up likewise.  The first start() decides about both
};

inline namespace BOTTOMHALF_TRACED {   // the linker takes none of another file's that is compiled without

/// From now on these events are written down.  The rings stay when it is stopped, and what is in them, too.
/// Context: process; the first call allocates.  Return: false if there is no memory, or this was compiled without
/// BOTTOMHALF_TRACE.
inline bool start(options o = {}) noexcept {
    if (!compiled_in) return false;
    std::size_t records = 64;
    std::uint32_t cpus = 1;
    while (records < o.records && records < max_records) records *= 2;
    while (cpus < o.cpus && cpus < max_cpus) cpus *= 2;
    if (!rings.allocate(cpus, records)) return false;
    rings.want(o.events);
    return true;
}

}   // namespace BOTTOMHALF_TRACED

/// tracing_off(): what is there stays.  Context: any.
inline void stop() noexcept { rings.want(0); }
[[nodiscard]] inline bool is_on() noexcept { return rings.wanted() != 0; }

}   // namespace bottomhalf::trace

namespace bottomhalf::detail {

/// A tracepoint.  Context: any, async-signal-safe.
template <class Arch>
struct tracer {
    using event = trace::event;

    [[nodiscard]] static bool wants(event e) noexcept { return (trace::rings.wanted() & trace::only(e)) != 0; }
    BOTTOMHALF_COLD static void write(event e, const void* object, const void* function, const char* text,
                                      std::uint64_t a, std::uint64_t b) noexcept {
        const arch::task& t = Arch::current();
        trace::record r;
        r.at = Arch::now();
        r.object = object;
        r.function = function;
        r.a = a;
        r.b = b;
        r.preempt_count = t.preempt_count;
        r.pid = Arch::thread_id();
        r.cpu = static_cast<std::int16_t>(t.cpu < 0 ? 0 : t.cpu);
        r.event = static_cast<std::uint8_t>(e);
        r.irqs_off = Arch::irqs_masked() ? 1 : 0;
        Arch::thread_name(r.comm);
        if (text != nullptr)
            for (std::size_t i = 0; i + 1 < sizeof r.text && text[i] != '\0'; ++i) r.text[i] = text[i];
        trace::rings.put(static_cast<unsigned>(r.cpu), r);
    }
};

/// Nothing, unless it is compiled in; then a look at a word, unless it is on.
template <class Arch>
BOTTOMHALF_INLINE void tracepoint([[maybe_unused]] trace::event e, [[maybe_unused]] const void* object,
                                  [[maybe_unused]] const void* function = nullptr,
                                  [[maybe_unused]] const char* text = nullptr, [[maybe_unused]] std::uint64_t a = 0,
                                  [[maybe_unused]] std::uint64_t b = 0) noexcept {
#if BOTTOMHALF_TRACE
    if (tracer<Arch>::wants(e)) [[unlikely]]
        tracer<Arch>::write(e, object, function, text, a, b);
#endif
}

}   // namespace bottomhalf::detail
