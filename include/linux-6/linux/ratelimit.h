// SPDX-License-Identifier: MIT
// <linux/ratelimit.h>: a message at most so often: `burst` times in `interval` ticks.  How many were held back is said with
// the first one of the next interval.
#pragma once

#include <cstdio>

#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/printk_ring.hpp>

#include <linux/bottomhalf.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

inline namespace BOTTOMHALF_ENGINE {

inline constexpr int DEFAULT_RATELIMIT_BURST = 10;
inline constexpr int DEFAULT_RATELIMIT_INTERVAL = 5 * ::bottomhalf::hz;
inline constexpr unsigned long RATELIMIT_MSG_ON_RELEASE = 1;

struct ratelimit_state {
    int interval, burst;
    unsigned long flags;
    bottomhalf::detail::zeroed_spinlock<engine> lock;
    int printed, missed;   // under lock
    arch::ns_t begin;      // under lock; 0: not yet
};

inline void ratelimit_state_init(struct ratelimit_state* rs, int interval, int burst) noexcept {
    *rs = {interval, burst, 0, {}, 0, 0, 0};
}
inline void ratelimit_default_init(struct ratelimit_state* rs) noexcept {
    ratelimit_state_init(rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
}
inline void ratelimit_set_flags(struct ratelimit_state* rs, unsigned long flags) noexcept { rs->flags = flags; }

/// Context: any.  Return: 1 if the message may be made.
inline int ___ratelimit(struct ratelimit_state* rs, const char* function) noexcept {
    if (rs->interval == 0) return 1;
    int missed = 0;
    bool may = false;
    {
        bottomhalf::detail::irq_guard<engine> masked;
        if (!rs->lock.try_lock()) return 0;   // somebody is at it, perhaps we are what he was interrupted by
        const arch::ns_t now = engine::now();
        if (rs->begin == 0 || now - rs->begin >= arch::ns_t{rs->interval} * tick_ns) {
            missed = rs->missed;
            rs->begin = now != 0 ? now : 1;
            rs->printed = rs->missed = 0;
        }
        may = rs->printed < rs->burst;
        ++(may ? rs->printed : rs->missed);
        rs->lock.unlock();
    }
    if (missed != 0 && (rs->flags & RATELIMIT_MSG_ON_RELEASE) == 0) {
        char line[128];
        const int n = std::snprintf(line, sizeof line, "%.90s: %d callbacks suppressed\n", function, missed);
        printk_ring<engine>::put(line, static_cast<std::size_t>(n));
    }
    return may ? 1 : 0;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::___ratelimit;
using bottomhalf::linux6::DEFAULT_RATELIMIT_BURST;
using bottomhalf::linux6::DEFAULT_RATELIMIT_INTERVAL;
using bottomhalf::linux6::ratelimit_default_init;
using bottomhalf::linux6::RATELIMIT_MSG_ON_RELEASE;
using bottomhalf::linux6::ratelimit_set_flags;
using bottomhalf::linux6::ratelimit_state;
using bottomhalf::linux6::ratelimit_state_init;

#define __ratelimit(state) ___ratelimit(state, __func__)
#define RATELIMIT_STATE_INIT(name, interval, burst) \
    { interval, burst, 0, {}, 0, 0, 0 }
#define DEFINE_RATELIMIT_STATE(name, interval_init, burst_init) \
    struct ratelimit_state name = RATELIMIT_STATE_INIT(name, interval_init, burst_init)
