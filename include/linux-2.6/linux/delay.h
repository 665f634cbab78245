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

/// Burns CPU time for at least that long.  Context: any.
inline void ndelay(unsigned long nsecs) noexcept { engine::delay(static_cast<arch::ns_t>(nsecs)); }
inline void udelay(unsigned long usecs) noexcept { engine::delay(static_cast<arch::ns_t>(usecs) * 1000); }
inline void mdelay(unsigned long msecs) noexcept { engine::delay(static_cast<arch::ns_t>(msecs) * 1'000'000); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::mdelay;
using bottomhalf::linux26::msleep;
using bottomhalf::linux26::msleep_interruptible;
using bottomhalf::linux26::ndelay;
using bottomhalf::linux26::ssleep;
using bottomhalf::linux26::udelay;
