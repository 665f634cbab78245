// SPDX-License-Identifier: MIT
// timer_call.hpp: what a timer calls as it fires, and what is traced of that as it is armed.
#pragma once

#include <cstdint>
#include <cstdio>

#include <bottomhalf/context.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/timer.hpp>
#include <bottomhalf/trace.hpp>

namespace bottomhalf::detail {

/// What a timer calls, and the complaint if that leaves preemption off.  To be read before the timer is idle: from then on
/// its owner may change it, or free it.
struct expiry_call {
    void (*function)(timer_node*);
    void (*with_data)(unsigned long) = nullptr;
    unsigned long data = 0;

    static expiry_call of(timer_node& t) noexcept {
        if (t.function != &call_timer_with_data) return {t.function};
        const auto& d =
            reinterpret_cast<const data_timer&>(t);   // `node` is the first member of a standard-layout struct
        return {t.function, d.function, d.data};
    }
    void operator()(timer_node& t) const {
        if (with_data != nullptr)
            with_data(data);
        else if (function != nullptr)
            call(function, &t);
    }
    [[nodiscard]] const void* address() const noexcept {
        return with_data != nullptr ? reinterpret_cast<const void*>(with_data)
                                    : reinterpret_cast<const void*>(function);
    }
    void complain(std::uint32_t before, std::uint32_t after) const noexcept {
        if (with_data != nullptr)
            say(channel::kernel, severity::bug, "__run_timers", location::current(),
                "huh, entered %p with %08x, exited with %08x?", reinterpret_cast<void*>(with_data), before, after);
        else
            say(channel::kernel, severity::warn, "call_timer_fn", location::current(),
                "timer: %p preempt leak: %08x -> %08x", reinterpret_cast<void*>(function), before, after);
    }
};

/// Of a timer that is the caller's; `clock` is asked only if somebody listens.
template <class Arch, class Clock>
BOTTOMHALF_INLINE void trace_timer_start([[maybe_unused]] timer_node& t, [[maybe_unused]] std::uint32_t flags,
                                         [[maybe_unused]] jiffies_t expires, [[maybe_unused]] Clock& clock,
                                         [[maybe_unused]] unsigned cpu) noexcept {
#if BOTTOMHALF_TRACE
    if (!tracer<Arch>::wants(trace::event::timer_start)) return;
    const char* const deferrable = (flags & timer_deferrable) != 0 ? "D" : "";
    const char* const irqsafe = (flags & timer_irqsafe) != 0 ? "I" : "";
    char text[24];
    std::snprintf(text, sizeof text, "cpu=%u flags=%s%s%s", cpu, deferrable,
                  *deferrable != 0 && *irqsafe != 0 ? "|" : "", irqsafe);
    tracer<Arch>::write(trace::event::timer_start, &t, expiry_call::of(t).address(), text, expires, clock.now());
#endif
}

}   // namespace bottomhalf::detail
