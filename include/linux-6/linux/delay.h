// SPDX-License-Identifier: MIT
// <linux/delay.h>: sleeping, and not sleeping, for a time.  At least as long as asked for.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/jiffies.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Context: process.
inline void msleep(unsigned int msecs, location at = location::current()) noexcept {
    impl::sleep_until(engine::now() + arch::ns_t{msecs} * 1'000'000, "msleep", at);
}
inline unsigned long msleep_interruptible(unsigned int msecs, location at = location::current()) noexcept {
    impl::sleep_until(engine::now() + arch::ns_t{msecs} * 1'000'000, "msleep_interruptible", at);
    return 0;
}
inline void ssleep(unsigned int seconds, location at = location::current()) noexcept { msleep(seconds * 1000, at); }
inline void usleep_range(unsigned long min_us, unsigned long, location at = location::current()) noexcept {
    const arch::ns_t now = engine::now();
    const bool too_long = min_us >= static_cast<unsigned long>((arch::forever - now) / 1'000);
    impl::sleep_until(too_long ? arch::forever : now + static_cast<arch::ns_t>(min_us) * 1'000, "usleep_range", at);
}
inline void usleep_idle_range(unsigned long min_us, unsigned long max_us, location at = location::current()) noexcept {
    usleep_range(min_us, max_us, at);
}

/// Burns the time.  Context: any.
inline void ndelay(unsigned long ns, location at = location::current()) noexcept {
    if (!impl::here::in_atomic() && !impl::here::irqs_disabled()) impl::up(at);   // so that jiffies show it
    engine::delay(static_cast<arch::ns_t>(ns));
}
inline void udelay(unsigned long us, location at = location::current()) noexcept { ndelay(us * 1'000, at); }
inline void mdelay(unsigned long ms, location at = location::current()) noexcept { ndelay(ms * 1'000'000, at); }

/// Burns up to 10 us, and sleeps for longer.
inline void fsleep(unsigned long us, location at = location::current()) noexcept {
    if (us <= 10)
        udelay(us);
    else
        usleep_range(us, us, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::fsleep;
using bottomhalf::linux6::mdelay;
using bottomhalf::linux6::msleep;
using bottomhalf::linux6::msleep_interruptible;
using bottomhalf::linux6::ndelay;
using bottomhalf::linux6::ssleep;
using bottomhalf::linux6::udelay;
using bottomhalf::linux6::usleep_idle_range;
using bottomhalf::linux6::usleep_range;

#ifndef MAX_UDELAY_MS
#define MAX_UDELAY_MS 5   // longer ones are mdelay()'s
#endif

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/sched.h>
