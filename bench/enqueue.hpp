// SPDX-License-Identifier: MIT
#pragma once
// Question: what does queue_work() cost its caller while the worker is busy, that is, when nobody must be woken?
// Beside it: an uncontended fetch_add (the unit: claiming an item and linking it are two locked instructions), a mutex
// with a deque of std::function, moodycamel's enqueue with an implicit producer, oneTBB's and liburcu's queues, GLib's thread pool;
// and the two locked instructions alone,
// the floor for every queue that takes an item once and without a lock.
//
// The worker is held asleep inside a handler on the caller's own CPU, so that all lines are in one cache and the figure
// is the call's own; what a second CPU adds is in throughput.hpp. A sample is a burst of distinct items, none pending.

#include "ours.hpp"

namespace bench {

inline constexpr int enqueue_burst = 1024;

template <class Lane>
struct enqueue_stage {
    run_count runs;
    gate hold;
    Lane lane{place::home, enqueue_burst, count_run{&runs}};

    double sample() {
        lane.call([this] { hold.pass(); });
        hold.wait_until_held();
        const std::uint64_t goal = runs.get() + enqueue_burst;
        int queued = 0;
        const std::int64_t start = now_ns();
        for (std::size_t i = 0; i < enqueue_burst; ++i) queued += lane.post(i);
        const std::int64_t end = now_ns();
        check(queued == enqueue_burst, "an idle item was not queued");
        hold.open();
        while (runs.get() != goal) ::sched_yield();
        return static_cast<double>(end - start) / enqueue_burst;
    }
};

/// One word that nobody else looks at.
struct alignas(cache_line) fetch_add_stage {
    std::atomic<std::uint64_t> word{0};

    double sample() {
        const std::int64_t start = now_ns();
        for (int i = 0; i < enqueue_burst; ++i) word.fetch_add(1, std::memory_order_relaxed);
        return static_cast<double>(now_ns() - start) / enqueue_burst;
    }
};

/// A claim and a push, over items of our size, and nothing else.
struct two_rmw_stage {
    static constexpr const char* name = "two locked instructions alone";
    struct item {
        std::atomic<unsigned long> word{0};
        item* next = nullptr;
        void* rest[3] = {};
    };
    row_of<item> items{enqueue_burst};
    alignas(cache_line) std::atomic<item*> head{nullptr};

    double sample() {
        for (std::size_t i = 0; i < enqueue_burst; ++i) items[i].word.store(0, std::memory_order_relaxed);
        head.store(nullptr, std::memory_order_relaxed);
        int queued = 0;
        const std::int64_t start = now_ns();
        for (std::size_t i = 0; i < enqueue_burst; ++i) {
            item& each = items[i];
            if ((each.word.fetch_or(1, std::memory_order_acq_rel) & 1) != 0) continue;
            item* h = head.load(std::memory_order_relaxed);
            do each.next = h;
            while (!head.compare_exchange_weak(h, &each, std::memory_order_acq_rel, std::memory_order_relaxed));
            ++queued;
        }
        const std::int64_t end = now_ns();
        check(queued == enqueue_burst, "an idle item was not queued");
        return static_cast<double>(end - start) / enqueue_burst;
    }
};

inline question enqueue() {
    constexpr int burst = enqueue_burst;
    return {
        "BM_QueueWork_BusyWorker",
        "queue_work() while the worker is busy",
        {lane_side<bottomhalf_lane<count_run>, enqueue_stage>(burst), side_of<fetch_add_stage>("fetch_add", burst),
         lane_side<deque_lane<count_run>, enqueue_stage>(burst), lane_side<list_lane<count_run>, enqueue_stage>(burst),
         lane_side<moodycamel_lane<count_run>, enqueue_stage>(burst),
         lane_side<tbb_lane<count_run>, enqueue_stage>(burst), lane_side<glib_lane<count_run>, enqueue_stage>(burst),
         lane_side<urcu_lane<count_run>, enqueue_stage>(burst), side_of<two_rmw_stage>(two_rmw_stage::name, burst)},
        2000,
        400};
}

}   // namespace bench
