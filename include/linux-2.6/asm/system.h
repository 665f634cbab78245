// SPDX-License-Identifier: MIT
// <asm/system.h>: memory barriers.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/compiler.h>
#include <linux/interrupt.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
/// What is before it happens before what is after it, for everybody.
inline void mb() noexcept {
    std::uint32_t here = 0;
    barrier();
    impl::atomic<std::uint32_t>(here).exchange(1, seq_cst);   // the engines have no fence of their own; this is one
    barrier();
}
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26
using bottomhalf::linux26::mb;

#define rmb() mb()
#define wmb() mb()
#define smp_mb() mb()
#define smp_rmb() mb()
#define smp_wmb() mb()
#define set_mb(variable, value) ((void)((variable) = (value)), mb())
