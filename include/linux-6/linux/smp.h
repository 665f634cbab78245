// SPDX-License-Identifier: MIT
// <linux/smp.h>: which emulated CPU this is.  A thread that is not one of ours is given one at first use, and keeps it.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/preempt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline int smp_processor_id(location at = location::current()) noexcept { return static_cast<int>(impl::this_cpu(at)); }
inline int raw_smp_processor_id(location at = location::current()) noexcept {
    return static_cast<int>(impl::this_cpu(at));
}
inline int get_cpu(location at = location::current()) noexcept {
    preempt_disable();
    return smp_processor_id(at);
}
inline void put_cpu() noexcept { preempt_enable(); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::get_cpu;
using bottomhalf::linux6::put_cpu;
using bottomhalf::linux6::raw_smp_processor_id;
using bottomhalf::linux6::smp_processor_id;
