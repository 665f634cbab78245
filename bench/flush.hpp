// SPDX-License-Identifier: MIT
#pragma once
// Question: what does it cost to hand an item to a sleeping worker and to sleep until it has run: queue_work() and
// flush_work()?  On one CPU, and across two.
// Beside it: the same two wake-ups by bare futexes, there and back.
//
// A sample is one round trip.

#include "wake.hpp"

namespace bench {

struct queue_and_flush {
    run_count runs;
    bottomhalf_lane<count_run> lane;
    std::uint64_t queued = 0;

    explicit queue_and_flush(place worker) : lane{worker, 1, count_run{&runs}} {}
    double sample() {
        const std::int64_t start = now_ns();
        check(lane.post(0), "an idle item was not queued");
        lane.flush(0);
        const std::int64_t end = now_ns();
        check(runs.get() == ++queued, "flush_work() returned before its item had run");
        return static_cast<double>(end - start);
    }
};

struct futex_ping_pong {
    struct answer {
        std::atomic<std::uint32_t>* word;
        void operator()() const noexcept {
            word->fetch_add(1, std::memory_order_acq_rel);
            futex(*word, FUTEX_WAKE, 1);
        }
    };
    alignas(cache_line) std::atomic<std::uint32_t> back{0};
    futex_sleeper<answer> sleeper;

    explicit futex_ping_pong(place other) : sleeper{other, answer{&back}} {}
    double sample() {
        const std::uint32_t before = back.load(std::memory_order_acquire);
        const std::int64_t start = now_ns();
        sleeper.wake();
        while (back.load(std::memory_order_acquire) == before) futex(back, FUTEX_WAIT, before);
        return static_cast<double>(now_ns() - start);
    }
};

inline question flush(place worker) {
    const bool cross = worker == place::away;
    return {cross ? "BM_QueueWork_FlushCrossCpu" : "BM_QueueWork_FlushSameCpu",
            cross ? "queue_work() + flush_work(), there and back, two CPUs"
                  : "queue_work() + flush_work(), there and back, one CPU",
            {side_of<queue_and_flush>("bottomhalf", 1, worker),
             side_of<futex_ping_pong>("bare futex ping-pong", 1, worker)},
            cross ? 40'000 : 100'000,
            cross ? 10'000 : 30'000};
}

}   // namespace bench
