// SPDX-License-Identifier: MIT
// stopwatch.hpp: the real time, for who explores a simulated one and has been told how long he may.
#pragma once

#include <chrono>

namespace bottomhalf::arch {

class stopwatch {
public:
    [[nodiscard]] double seconds() const noexcept {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}   // namespace bottomhalf::arch
