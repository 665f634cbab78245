// SPDX-License-Identifier: MIT
// <linux/bottomhalf_sources.h>: what raises the lines of <linux/interrupt.h>, for whoever plays the hardware.  No driver
// includes it, and nothing of it is in the global namespace.  See <bottomhalf/irq_source.hpp>, and for the calls
// <bottomhalf/irq_source_calls.hpp>.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {
namespace impl {
/// As the facade's own calls boot it, so that the first call of a program may be one of those.
inline core_machine& booted(location at) noexcept {
    up(at);
    return default_machine_of<engine>();
}
}   // namespace impl
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

#define BOTTOMHALF_FACADE linux6
#include <bottomhalf/irq_source_calls.hpp>
#undef BOTTOMHALF_FACADE
