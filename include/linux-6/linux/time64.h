// SPDX-License-Identifier: MIT
// <linux/time64.h>: seconds and nanoseconds that last beyond 2038.
#pragma once

#include <bottomhalf/ktime.hpp>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

using bottomhalf::FSEC_PER_SEC;
using bottomhalf::KTIME_MAX;
using bottomhalf::KTIME_MIN;
using bottomhalf::KTIME_SEC_MAX;
using bottomhalf::KTIME_SEC_MIN;
using bottomhalf::MSEC_PER_SEC;
using bottomhalf::ns_to_timespec64;
using bottomhalf::NSEC_PER_MSEC;
using bottomhalf::NSEC_PER_SEC;
using bottomhalf::NSEC_PER_USEC;
using bottomhalf::PSEC_PER_NSEC;
using bottomhalf::PSEC_PER_SEC;
using bottomhalf::set_normalized_timespec64;
using bottomhalf::TIME64_MAX;
using bottomhalf::TIME64_MIN;
using bottomhalf::time64_t;
using bottomhalf::timespec64;
using bottomhalf::timespec64_add;
using bottomhalf::timespec64_add_ns;
using bottomhalf::timespec64_add_safe;
using bottomhalf::timespec64_compare;
using bottomhalf::timespec64_equal;
using bottomhalf::timespec64_sub;
using bottomhalf::timespec64_to_ns;
using bottomhalf::timespec64_valid;
using bottomhalf::timespec64_valid_strict;
using bottomhalf::USEC_PER_MSEC;
using bottomhalf::USEC_PER_SEC;

/// As the system calls have it.
struct itimerspec64 {
    struct timespec64 it_interval;
    struct timespec64 it_value;
};

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::FSEC_PER_SEC;
using bottomhalf::linux6::itimerspec64;
using bottomhalf::linux6::KTIME_MAX;
using bottomhalf::linux6::KTIME_MIN;
using bottomhalf::linux6::KTIME_SEC_MAX;
using bottomhalf::linux6::KTIME_SEC_MIN;
using bottomhalf::linux6::MSEC_PER_SEC;
using bottomhalf::linux6::ns_to_timespec64;
using bottomhalf::linux6::NSEC_PER_MSEC;
using bottomhalf::linux6::NSEC_PER_SEC;
using bottomhalf::linux6::NSEC_PER_USEC;
using bottomhalf::linux6::PSEC_PER_NSEC;
using bottomhalf::linux6::PSEC_PER_SEC;
using bottomhalf::linux6::set_normalized_timespec64;
using bottomhalf::linux6::TIME64_MAX;
using bottomhalf::linux6::TIME64_MIN;
using bottomhalf::linux6::time64_t;
using bottomhalf::linux6::timespec64;
using bottomhalf::linux6::timespec64_add;
using bottomhalf::linux6::timespec64_add_ns;
using bottomhalf::linux6::timespec64_add_safe;
using bottomhalf::linux6::timespec64_compare;
using bottomhalf::linux6::timespec64_equal;
using bottomhalf::linux6::timespec64_sub;
using bottomhalf::linux6::timespec64_to_ns;
using bottomhalf::linux6::timespec64_valid;
using bottomhalf::linux6::timespec64_valid_strict;
using bottomhalf::linux6::USEC_PER_MSEC;
using bottomhalf::linux6::USEC_PER_SEC;
