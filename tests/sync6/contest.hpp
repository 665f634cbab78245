// SPDX-License-Identifier: MIT
//
// Three tasks that do `n = n + 1` between two calls: the result is right if one at a time is inside.
#pragma once

#include "support/facade.hpp"

namespace support {

inline constexpr int rounds = 500;

template <class Enter, class Leave>
int contest(Enter enter, Leave leave) {
    int n = 0;   // plain: ThreadSanitizer looks
    const auto count = [&] {
        for (int i = 0; i < rounds; ++i) {
            enter();
            const int seen = n;
            engine::step();   // the simulator's chance
            n = seen + 1;
            leave();
        }
    };
    auto a = call<engine>(count), b = call<engine>(count), c = call<engine>(count);
    a.join(), b.join(), c.join();
    return n;
}

}   // namespace support
