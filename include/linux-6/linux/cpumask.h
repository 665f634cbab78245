// SPDX-License-Identifier: MIT
// <linux/cpumask.h>: the emulated CPUs.  All that there are are online, for good.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr int NR_CPUS = static_cast<int>(max_cpus);

inline unsigned int num_online_cpus(location at = location::current()) noexcept { return impl::nr_cpus(at); }
inline unsigned int num_possible_cpus(location at = location::current()) noexcept { return impl::nr_cpus(at); }
inline unsigned int num_present_cpus(location at = location::current()) noexcept { return impl::nr_cpus(at); }
inline bool cpu_online(unsigned int cpu, location at = location::current()) noexcept { return cpu < impl::nr_cpus(at); }
inline bool cpu_possible(unsigned int cpu, location at = location::current()) noexcept {
    return cpu < impl::nr_cpus(at);
}
inline void cpus_read_lock() noexcept {}
inline void cpus_read_unlock() noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::cpu_online;
using bottomhalf::linux6::cpu_possible;
using bottomhalf::linux6::cpus_read_lock;
using bottomhalf::linux6::cpus_read_unlock;
using bottomhalf::linux6::NR_CPUS;
using bottomhalf::linux6::num_online_cpus;
using bottomhalf::linux6::num_possible_cpus;
using bottomhalf::linux6::num_present_cpus;

#define nr_cpu_ids num_possible_cpus()
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < static_cast<int>(num_possible_cpus()); (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)
