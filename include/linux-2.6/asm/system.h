// SPDX-License-Identifier: MIT
// <asm/system.h>: memory barriers.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/compiler.h>
#include <linux/interrupt.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
/// What is before it happens before what is after it, for everybody; rmb() for reads only, wmb() for writes.
inline void mb() noexcept { bottomhalf::detail::fence<engine>(seq_cst); }
inline void rmb() noexcept { bottomhalf::detail::fence<engine>(acquire); }
inline void wmb() noexcept { bottomhalf::detail::fence<engine>(release); }
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::mb;
using bottomhalf::linux26::rmb;
using bottomhalf::linux26::wmb;

#define smp_mb() mb()
#define smp_rmb() rmb()
#define smp_wmb() wmb()
#define set_mb(variable, value) ((void)((variable) = (value)), mb())
