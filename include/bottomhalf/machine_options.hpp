// SPDX-License-Identifier: MIT
// machine_options.hpp: what a machine is like, and where that comes from if nobody says.
#pragma once

#include <cstdlib>
#include <cstring>
#include <optional>

#include <bottomhalf/any_timer_wheel.hpp>
#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf {

struct machine_options {
    unsigned cpus = 0;   // emulated CPUs; 0: BOTTOMHALF_CPUS from the environment, else what the process may run on
    std::optional<timer_precision> timers = {};   // none: BOTTOMHALF_TIMERS (exact, v2_6 or v6), else exact
    // After how many ns without progress a pool is stuck, 0: never; none: BOTTOMHALF_WATCHDOG_THRESH (seconds), else 30 s.
    std::optional<arch::ns_t> watchdog_thresh = {};

    /// Of a machine that is not told.
    template <class Arch>
    static unsigned default_cpus(unsigned most) noexcept {
        const char* env = std::getenv("BOTTOMHALF_CPUS");
        const unsigned long n = env != nullptr ? std::strtoul(env, nullptr, 10) : 0;
        return n > most ? most : n > 0 ? static_cast<unsigned>(n) : Arch::allowed_cpus();
    }
    static timer_precision default_timers() noexcept {
        const char* env = std::getenv("BOTTOMHALF_TIMERS");
        if (env == nullptr || std::strcmp(env, "exact") == 0 || *env == '\0') return timer_precision::exact;
        if (std::strcmp(env, "v6") == 0) return timer_precision::v6;
        if (std::strcmp(env, "v2_6") == 0) return timer_precision::v2_6;
        detail::say(channel::advice, severity::warn, "boot", location::current(),
                    "BOTTOMHALF_TIMERS=%s is none of exact, v2_6 and v6; timers are exact", env);
        return timer_precision::exact;
    }
    static arch::ns_t default_watchdog() noexcept {
        const char* env = std::getenv("BOTTOMHALF_WATCHDOG_THRESH");
        if (env == nullptr || *env == '\0') return arch::ns_t{30} * 1'000'000'000;
        char* end = nullptr;
        const unsigned long s = std::strtoul(env, &end, 10);
        if (*end == '\0' && *env != '-' && s <= 1'000'000'000) return static_cast<arch::ns_t>(s) * 1'000'000'000;
        detail::say(channel::advice, severity::warn, "boot", location::current(),
                    "BOTTOMHALF_WATCHDOG_THRESH=%s is no number of seconds; it is 30", env);
        return arch::ns_t{30} * 1'000'000'000;
    }
};

}   // namespace bottomhalf
