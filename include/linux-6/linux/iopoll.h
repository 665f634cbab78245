// SPDX-License-Identifier: MIT
// <linux/iopoll.h>: looks at something, again and again, until it is as wanted or the time is over.
//
//   err = readl_poll_timeout(regs + STATUS, v, v & READY, 10, 1000);      0, or -ETIMEDOUT
//
// read_poll_timeout(op, val, condition, sleep_us, timeout_us, sleep_before_read, args...): `val = op(args...)`; a timeout_us
// of 0: for ever.  It sleeps for sleep_us in between; its _atomic form burns as much, and may be called in any context.
#pragma once

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// The loop of all of them.  look() reads the value and says whether it will do.  Return: 0, -ETIMEDOUT: not even at the
/// last look, which is after the time was over.
template <class Look, class Pause>
int bottomhalf_poll(Look look, Pause pause, u64 timeout_us, bool pause_first) {
    const arch::ns_t until = impl::hr_deadline(timeout_us > static_cast<u64>(KTIME_MAX / NSEC_PER_USEC)
                                                   ? KTIME_MAX
                                                   : static_cast<ktime_t>(timeout_us) * NSEC_PER_USEC);
    if (pause_first) pause();
    while (!look()) {
        if (timeout_us != 0 && engine::now() > until) return look() ? 0 : -ETIMEDOUT;
        pause();
        cpu_relax();
    }
    return 0;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_poll;

#define bottomhalf_poll_with(pause, op, val, cond, us, timeout_us, first, ...) \
    bottomhalf_poll(                                                           \
        [&]() -> bool {                                                        \
            (val) = op(__VA_ARGS__);                                           \
            return !!(cond);                                                   \
        },                                                                     \
        [&] {                                                                  \
            if ((us) != 0) pause;                                              \
        },                                                                     \
        static_cast<u64>(timeout_us), (first))
#define read_poll_timeout(op, val, cond, sleep_us, timeout_us, sleep_before_read, ...)                              \
    (might_sleep_if((sleep_us) != 0),                                                                               \
     bottomhalf_poll_with(usleep_range(static_cast<unsigned long>(sleep_us), static_cast<unsigned long>(sleep_us)), \
                          op, val, cond, sleep_us, timeout_us, sleep_before_read, __VA_ARGS__))
#define read_poll_timeout_atomic(op, val, cond, delay_us, timeout_us, delay_before_read, ...)               \
    bottomhalf_poll_with(udelay(static_cast<unsigned long>(delay_us)), op, val, cond, delay_us, timeout_us, \
                         delay_before_read, __VA_ARGS__)
// Without a value: `cond` says it all.
#define poll_timeout_us(op, cond, sleep_us, timeout_us, sleep_before_op) \
    bottomhalf_poll(                                                     \
        [&]() -> bool {                                                  \
            op;                                                          \
            return !!(cond);                                             \
        },                                                               \
        [&] { usleep_range((sleep_us), (sleep_us)); }, static_cast<u64>(timeout_us), (sleep_before_op))

#define readx_poll_timeout(op, addr, val, cond, sleep_us, timeout_us) \
    read_poll_timeout(op, val, cond, sleep_us, timeout_us, false, addr)
#define readx_poll_timeout_atomic(op, addr, val, cond, delay_us, timeout_us) \
    read_poll_timeout_atomic(op, val, cond, delay_us, timeout_us, false, addr)
#define readb_poll_timeout(addr, val, cond, us, timeout_us) readx_poll_timeout(readb, addr, val, cond, us, timeout_us)
#define readw_poll_timeout(addr, val, cond, us, timeout_us) readx_poll_timeout(readw, addr, val, cond, us, timeout_us)
#define readl_poll_timeout(addr, val, cond, us, timeout_us) readx_poll_timeout(readl, addr, val, cond, us, timeout_us)
#define readq_poll_timeout(addr, val, cond, us, timeout_us) readx_poll_timeout(readq, addr, val, cond, us, timeout_us)
#define readb_poll_timeout_atomic(addr, val, cond, us, timeout_us) \
    readx_poll_timeout_atomic(readb, addr, val, cond, us, timeout_us)
#define readw_poll_timeout_atomic(addr, val, cond, us, timeout_us) \
    readx_poll_timeout_atomic(readw, addr, val, cond, us, timeout_us)
#define readl_poll_timeout_atomic(addr, val, cond, us, timeout_us) \
    readx_poll_timeout_atomic(readl, addr, val, cond, us, timeout_us)
#define readq_poll_timeout_atomic(addr, val, cond, us, timeout_us) \
    readx_poll_timeout_atomic(readq, addr, val, cond, us, timeout_us)
#define readl_relaxed_poll_timeout(addr, val, cond, us, timeout_us) \
    readx_poll_timeout(readl_relaxed, addr, val, cond, us, timeout_us)
#define readl_relaxed_poll_timeout_atomic(addr, val, cond, us, timeout_us) \
    readx_poll_timeout_atomic(readl_relaxed, addr, val, cond, us, timeout_us)
