// SPDX-License-Identifier: MIT
#pragma once
// Question: how many items per second go from one producer through one worker, if the handler is empty?  On two CPUs,
// and on one.
// Beside it: an intrusive list with mutex and condition variable, moodycamel's blocking queue drained by 64s, a mutex
// with a deque of std::function, Asio's thread pool, oneTBB's bounded queue, GLib's thread pool, liburcu's wfcqueue.
//
// The producer walks round a row of items and queues each again as soon as it is idle, so at most `window` are under
// way; lanes whose items know no "pending" are held to the same window by the count of runs. An item that is still
// pending is not an item done: those attempts are not counted. A sample ends when all that was queued has run, and
// checks that no more did.
//
// A producer that has used up its window lets half of it drain. One that comes back at once queues each item right
// behind the worker that has just run it, in every lane: what is measured then is two CPUs at the same cache line, and
// whether it comes to that is left to chance.
//
// On one CPU the worker is SCHED_BATCH: whether a wake-up preempts the producer in the middle of its window is then not
// left to the scheduler's mood, which made all figures two to four times as large and the ratios a lottery.

#include "ours.hpp"

namespace bench {

inline constexpr int throughput_items = 100'000;
inline constexpr std::size_t throughput_window = 1024;

template <class Lane>
struct throughput_stage {
    place where;
    run_count runs;
    Lane lane{where, throughput_window, count_run{&runs}};
    std::uint64_t queued = 0, seen_to_run = 0;
    std::size_t next = 0;

    explicit throughput_stage(place worker) : where{worker} {
        if (where == place::home) lane.call(never_preempt);
    }
    bool full() {
        if (queued - seen_to_run < throughput_window) return false;
        seen_to_run = runs.get();
        return queued - seen_to_run == throughput_window;
    }
    void wait_for_half_the_window() {
        while (queued - runs.get() > throughput_window / 2) wait_for_room(where);
    }
    double sample() {
        const std::uint64_t goal = queued + throughput_items;
        const std::int64_t start = now_ns();
        while (queued != goal) {
            if ((!Lane::tracks && full()) || !lane.post(next)) {
                wait_for_half_the_window();
                continue;
            }
            ++queued;
            if (++next == throughput_window) next = 0;
        }
        while (runs.get() < queued) wait_for_room(where);
        const std::int64_t end = now_ns();
        check(runs.get() == queued, "more runs than items queued");
        return static_cast<double>(end - start) / throughput_items;
    }
};

inline question throughput(place worker) {
    constexpr int items = throughput_items;
    const bool cross = worker == place::away;
    return {cross ? "BM_QueueWork_ThroughputCrossCpu" : "BM_QueueWork_ThroughputSameCpu",
            cross ? "1 producer -> 1 worker on another CPU" : "1 producer -> 1 worker on the same CPU",
            {lane_side<bottomhalf_lane<count_run>, throughput_stage>(items, worker),
             lane_side<list_lane<count_run>, throughput_stage>(items, worker),
             lane_side<moodycamel_lane<count_run>, throughput_stage>(items, worker),
             lane_side<deque_lane<count_run>, throughput_stage>(items, worker),
             lane_side<asio_lane<count_run>, throughput_stage>(items, worker),
             lane_side<tbb_lane<count_run>, throughput_stage>(items, worker),
             lane_side<glib_lane<count_run>, throughput_stage>(items, worker),
             lane_side<urcu_lane<count_run>, throughput_stage>(items, worker)},
            60,
            12};
}

}   // namespace bench
