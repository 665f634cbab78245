// SPDX-License-Identifier: MIT
//
// Two threads that each write and then look at what the other writes: with a full barrier in between, one of them sees it.
#pragma once

#include <atomic>
#include <thread>

namespace support {

/// How often, of `tries`, both saw nothing.  Word: an int-like object, 0 when default-constructed.
/// write_then_look(mine, his): writes 1 to `mine`, passes the barrier; returns `his`.
template <class Word, class F>
int both_missed(F write_then_look, int tries = 500) {
    int n = 0;
    for (int i = 0; i < tries; ++i) {
        Word x{}, y{};
        std::atomic<int> ready{0};
        const auto meet = [&](Word& mine, Word& his) {
            ++ready;
            while (ready < 2) {}
            return write_then_look(mine, his);
        };
        int seen = -1;
        std::thread other([&] { seen = meet(x, y); });
        const int also = meet(y, x);
        other.join();
        if (seen == 0 && also == 0) ++n;
    }
    return n;
}

}   // namespace support
