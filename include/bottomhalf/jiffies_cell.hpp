// SPDX-License-Identifier: MIT
// jiffies_cell.hpp: the variable that kernel code reads as `jiffies`.  One per engine, shared by the facades, written by
// the timekeeper of the default machine at every tick once a facade is in use.
//
// It is a real volatile unsigned long, as in the kernel: a macro breaks the code that has fields of that name, and a class
// object becomes an int in `c ? jiffies : 0` and rubbish in printk("%lu").  Before the first use of a facade it stands
// still.
#pragma once

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/jiffies.hpp>

#if BOTTOMHALF_TSAN
extern "C" void AnnotateBenignRaceSized(const char* file, int line, const volatile void* address, long size,
                                        const char* description);
#endif

namespace bottomhalf {

namespace on_threads {
BOTTOMHALF_STATE inline volatile unsigned long jiffies = initial_jiffies;
}   // namespace on_threads
namespace on_sim {
BOTTOMHALF_STATE inline volatile unsigned long jiffies = initial_jiffies;
}   // namespace on_sim

namespace detail {
/// Lets the clock `time` write `cell` from now on.  Once is enough, more does no harm.
template <class Timekeeper>
void keep_jiffies(Timekeeper& time, volatile unsigned long& cell) noexcept {
#if BOTTOMHALF_TSAN
    // Everybody reads it as it is, without a lock, and may: a word is read whole, and stale is what it always is.
    AnnotateBenignRaceSized(__FILE__, __LINE__, &cell, sizeof cell, "jiffies");
#endif
    time.keep_jiffies(cell);
}
}   // namespace detail
}   // namespace bottomhalf
