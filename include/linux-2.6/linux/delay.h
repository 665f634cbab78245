// SPDX-License-Identifier: MIT
// <linux/delay.h>: waiting, asleep (ms) or busy (m, u, n).
#pragma once

#include <linux/bottomhalf.h>

#include <linux/jiffies.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

/// Sleeps for at least that long, in whole ticks.  Context: process; elsewhere it is reported, and does not sleep.
inline void msleep(unsigned int msecs, location at = location::current()) noexcept {
    if (impl::ctx::might_sleep("msleep", at)) impl::sleep_until(impl::deadline(msecs_to_jiffies(msecs), at), "msleep");
}
/// Return: the milliseconds that are left: none, as no signals arrive here.
inline unsigned long msleep_interruptible(unsigned int msecs, location at = location::current()) noexcept {
    msleep(msecs, at);
    return 0;
}
inline void ssleep(unsigned int seconds, location at = location::current()) noexcept { msleep(seconds * 1000, at); }
/// Sleeps for at least `min_us` microseconds, by the clock instead of in ticks (2.6.36 and later).  Context: process.
inline void usleep_range(unsigned long min_us, unsigned long, location at = location::current()) noexcept {
    if (!impl::ctx::might_sleep("usleep_range", at)) return;
    impl::machine(at);   // so that jiffies show it
    const arch::ns_t now = engine::now();
    const bool too_long = min_us >= static_cast<unsigned long>((arch::forever - now) / 1000);
    impl::sleep_until(too_long ? arch::forever : now + static_cast<arch::ns_t>(min_us) * 1000, "usleep_range");
}

/// Burns CPU time for at least that long.  Context: any.
inline void ndelay(unsigned long nsecs, location at = location::current()) noexcept {
    if (!impl::ctx::in_atomic() && !impl::ctx::irqs_disabled()) impl::machine(at);   // so that jiffies show it
    engine::delay(static_cast<arch::ns_t>(nsecs));
}
inline void udelay(unsigned long usecs, location at = location::current()) noexcept { ndelay(usecs * 1000, at); }
inline void mdelay(unsigned long msecs, location at = location::current()) noexcept { ndelay(msecs * 1'000'000, at); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::mdelay;
using bottomhalf::linux26::msleep;
using bottomhalf::linux26::msleep_interruptible;
using bottomhalf::linux26::ndelay;
using bottomhalf::linux26::ssleep;
using bottomhalf::linux26::udelay;
using bottomhalf::linux26::usleep_range;

#ifndef MAX_UDELAY_MS
#define MAX_UDELAY_MS 5   // longer ones are mdelay()'s
#endif
