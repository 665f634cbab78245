// SPDX-License-Identifier: MIT
// <linux/freezer.h>: nothing is suspended here, so nobody freezes.
#pragma once

#include <linux/sched.h>
#include <linux/wait.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// Return (all of them): false.
inline bool set_freezable() noexcept { return false; }
inline bool try_to_freeze() noexcept { return false; }
inline bool freezing(struct task_struct*) noexcept { return false; }
inline bool frozen(struct task_struct*) noexcept { return false; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::freezing;
using bottomhalf::linux6::frozen;
using bottomhalf::linux6::set_freezable;
using bottomhalf::linux6::try_to_freeze;

#define freezable_schedule() schedule()
#define freezable_schedule_timeout(timeout) schedule_timeout(timeout)
#define freezable_schedule_timeout_interruptible(timeout) schedule_timeout_interruptible(timeout)
