// SPDX-License-Identifier: MIT
// A facade on the simulator: a world of its own for each test, with the default machine gone at its end.
#pragma once

#include <bottomhalf/arch/sim.hpp>

namespace support {

template <class Body>
void in_world(Body body) {
    bottomhalf::arch::sim::world world;
    world.run(body);
}

}   // namespace support
