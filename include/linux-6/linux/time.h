// SPDX-License-Identifier: MIT
// <linux/time.h>: the calendar, beside libc's <time.h>, whose struct tm it is.
#pragma once

#include <sys/time.h>
#include <time.h>

#include <linux/bottomhalf.h>
#include <linux/time64.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::mktime64;

/// `offset` seconds are added first.  Differs: tm_year is an int, as in libc.
inline void time64_to_tm(time64_t secs, int offset, struct ::tm* result) noexcept { fill_tm(secs, offset, *result); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::mktime64;
using bottomhalf::linux6::time64_to_tm;

#include <linux/timekeeping.h>
