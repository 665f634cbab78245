// SPDX-License-Identifier: MIT
//
// A test of a facade that runs on either engine: its file is compiled twice, the second time against bottomhalf::sim.
// On threads a body runs once, on the default machine; in the simulator once per seed, in a world of its own, in which
// the default machine boots anew and no time passes but virtual time.
#pragma once

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"
#include "support/reports.hpp"

#include <cstdlib>

namespace support {

#if defined(BOTTOMHALF_SIM)
using engine = bottomhalf::arch::sim;
#else
using engine = bottomhalf::arch::threads;
#endif

inline const int four_cpus = ::setenv("BOTTOMHALF_CPUS", "4", 1);

template <class Body>
void on_this_engine(Body body) {
    on_engine<engine>(body);
}

}   // namespace support
