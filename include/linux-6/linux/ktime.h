// SPDX-License-Identifier: MIT
// <linux/ktime.h>: nanoseconds as one number, and what time it is.
#pragma once

#include <bottomhalf/ktime.hpp>

#include <linux/bottomhalf.h>
#include <linux/jiffies.h>
#include <linux/time64.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::ktime_add;
using bottomhalf::ktime_add_ms;
using bottomhalf::ktime_add_ns;
using bottomhalf::ktime_add_safe;
using bottomhalf::ktime_add_unsafe;
using bottomhalf::ktime_add_us;
using bottomhalf::ktime_after;
using bottomhalf::ktime_before;
using bottomhalf::ktime_compare;
using bottomhalf::ktime_divns;
using bottomhalf::ktime_equal;
using bottomhalf::ktime_ms_delta;
using bottomhalf::ktime_set;
using bottomhalf::ktime_sub;
using bottomhalf::ktime_sub_ms;
using bottomhalf::ktime_sub_ns;
using bottomhalf::ktime_sub_us;
using bottomhalf::ktime_t;
using bottomhalf::ktime_to_ms;
using bottomhalf::ktime_to_ns;
using bottomhalf::ktime_to_timespec64;
using bottomhalf::ktime_to_timespec64_cond;
using bottomhalf::ktime_to_us;
using bottomhalf::ktime_us_delta;
using bottomhalf::ms_to_ktime;
using bottomhalf::ns_to_ktime;
using bottomhalf::timespec64_to_ktime;
using bottomhalf::us_to_ktime;

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::ktime_add;
using bottomhalf::linux6::ktime_add_ms;
using bottomhalf::linux6::ktime_add_ns;
using bottomhalf::linux6::ktime_add_safe;
using bottomhalf::linux6::ktime_add_unsafe;
using bottomhalf::linux6::ktime_add_us;
using bottomhalf::linux6::ktime_after;
using bottomhalf::linux6::ktime_before;
using bottomhalf::linux6::ktime_compare;
using bottomhalf::linux6::ktime_divns;
using bottomhalf::linux6::ktime_equal;
using bottomhalf::linux6::ktime_ms_delta;
using bottomhalf::linux6::ktime_set;
using bottomhalf::linux6::ktime_sub;
using bottomhalf::linux6::ktime_sub_ms;
using bottomhalf::linux6::ktime_sub_ns;
using bottomhalf::linux6::ktime_sub_us;
using bottomhalf::linux6::ktime_t;
using bottomhalf::linux6::ktime_to_ms;
using bottomhalf::linux6::ktime_to_ns;
using bottomhalf::linux6::ktime_to_timespec64;
using bottomhalf::linux6::ktime_to_timespec64_cond;
using bottomhalf::linux6::ktime_to_us;
using bottomhalf::linux6::ktime_us_delta;
using bottomhalf::linux6::ms_to_ktime;
using bottomhalf::linux6::ns_to_ktime;
using bottomhalf::linux6::timespec64_to_ktime;
using bottomhalf::linux6::us_to_ktime;

#include <linux/timekeeping.h>
