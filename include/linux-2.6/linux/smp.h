// SPDX-License-Identifier: MIT
// <linux/smp.h>: the emulated CPUs.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/preempt.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
/// Context: process the first time, any from then on, as everything that needs the machine.
inline unsigned int num_online_cpus(location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    return m != nullptr ? m->nr_cpus() : 1;
}
/// The emulated CPU that the caller is on.  A thread that is not one of the machine's is given one at its first
/// question.
inline unsigned int smp_processor_id(location at = location::current()) noexcept {
    return impl::ops::this_cpu(num_online_cpus(at));
}
inline unsigned int get_cpu(location at = location::current()) noexcept {
    preempt_disable();
    return smp_processor_id(at);
}
inline void put_cpu() noexcept { preempt_enable(); }
inline int cpu_online(unsigned int cpu, location at = location::current()) noexcept {
    return cpu < num_online_cpus(at);
}
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::cpu_online;
using bottomhalf::linux26::get_cpu;
using bottomhalf::linux26::num_online_cpus;
using bottomhalf::linux26::put_cpu;
using bottomhalf::linux26::smp_processor_id;

#define NR_CPUS (::bottomhalf::max_cpus)
#define raw_smp_processor_id() smp_processor_id()
#define num_possible_cpus() num_online_cpus()
#define cpu_possible(cpu) cpu_online(cpu)
#define for_each_online_cpu(cpu) for ((cpu) = 0; static_cast<unsigned int>(cpu) < num_online_cpus(); ++(cpu))
#define for_each_cpu(cpu) for_each_online_cpu(cpu)
#define for_each_possible_cpu(cpu) for_each_online_cpu(cpu)
