// SPDX-License-Identifier: MIT
#pragma once
// Question: what does a turn of a handler that queues itself cost?  The poller's loop: claim, link, take, run.
// Beside it: an intrusive list with mutex and condition variable, moodycamel, a mutex with a deque of std::function.
//
// The worker is alone on another CPU; a sample is `requeue_turns` turns of one item.

#include "ours.hpp"

namespace bench {

inline constexpr int requeue_turns = 20'000;

template <template <class> class Lane>
struct requeue_stage;

template <template <class> class Lane>
struct queue_self {
    requeue_stage<Lane>* stage;
    void operator()() const { stage->turn(); }
};

template <template <class> class Lane>
struct requeue_stage {
    alignas(cache_line) int left = 0;   // the worker's own, like the two times
    std::int64_t start = 0, end = 0;
    alignas(cache_line) std::atomic<bool> done{false};   // polled by the other CPU
    alignas(cache_line) Lane<queue_self<Lane>> lane{place::away, 1, queue_self<Lane>{this}};

    void turn() {
        if (--left > 0) {
            check(lane.post(0), "a running item could not be queued");
        } else {
            end = now_ns();
            done.store(true, std::memory_order_release);
        }
    }
    double sample() {
        done.store(false, std::memory_order_relaxed);
        lane.call([this] {   // the first one from inside, too: waking the worker is not part of it
            left = requeue_turns;
            start = now_ns();
            lane.post(0);
        });
        while (!done.load(std::memory_order_acquire)) relax();
        return static_cast<double>(end - start) / requeue_turns;
    }
};

template <template <class> class Lane>
side requeue_side() {
    if constexpr (Lane<queue_self<Lane>>::missing)
        return {Lane<queue_self<Lane>>::name, {}, requeue_turns};
    else
        return side_of<requeue_stage<Lane>>(Lane<queue_self<Lane>>::name, requeue_turns);
}

inline question requeue() {
    return {"BM_QueueWork_Self",
            "a handler that queues itself",
            {requeue_side<bottomhalf_lane>(), requeue_side<list_lane>(), requeue_side<moodycamel_lane>(),
             requeue_side<deque_lane>()},
            400,
            100};
}

}   // namespace bench
