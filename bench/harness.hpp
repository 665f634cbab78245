// SPDX-License-Identifier: MIT
#pragma once
// harness.hpp: how everything here is measured.
//
// A figure in nanoseconds from a shared virtual machine says little: it drifts by a factor of two within the hour. A
// ratio holds, if both of its sides were measured in the same process, in the same minute, in turns. So a *question*
// (enqueue.hpp, wake.hpp, ...) has *sides*, ours and those of the peers; interleave() takes one sample of each side,
// again and again, starting with a different side each time, and a verdict compares them block by block:
//
//     samples   A B C  B C A  C A B  A B C | B C A  C A B ...      a block: neighbours in time
//     ratio     median over the blocks of (percentile of ours in the block / percentile of the peer in the block)
//
// A burst of stolen time spoils a block or two, not the median of them. The same sides are Google Benchmark
// benchmarks (workqueue_bench.cpp), where a sample is an iteration with manual time.
//
// Threads are pinned by the code here: CPU `home` is the caller's, CPU `away` another one, both from the process's
// own mask.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

/// By decree: std::hardware_destructive_interference_size is a warning in g++ 12.
inline constexpr std::size_t cache_line = 64;

/// Ends the program if `fact` does not hold: a benchmark that did not do its work has no result.
inline void check(bool fact, const char* what) {
    if (fact) return;
    std::fprintf(stderr, "bench: %s\n", what);
    std::exit(3);
}

// ---- Time and place -----------------------------------------------------------------------------------------------

/// CLOCK_MONOTONIC in ns. About 22 ns a look, which only the samples of a single event notice, on both sides alike.
inline std::int64_t now_ns() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

inline void relax() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Burns time without giving the CPU away: what keeps the caller's CPU awake while the other one falls asleep.
inline void spin_for(std::int64_t ns) noexcept {
    for (const std::int64_t end = now_ns() + ns; now_ns() < end;) relax();
}

enum class place { home, away };   // the caller's CPU; another one

/// The two CPUs of the process's mask that everything runs on. Taken once, before anybody is pinned.
inline const std::array<int, 2>& cpus() {
    static const std::array<int, 2> two = [] {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        check(::sched_getaffinity(0, sizeof mask, &mask) == 0, "sched_getaffinity failed");
        std::array<int, 2> found{-1, -1};
        for (int cpu = 0; cpu < CPU_SETSIZE && found[1] < 0; ++cpu)
            if (CPU_ISSET(cpu, &mask)) found[found[0] < 0 ? 0 : 1] = cpu;
        check(found[1] >= 0, "two CPUs are needed: on one, the cross-CPU rows would measure nothing");
        return found;
    }();
    return two;
}

inline void pin_self(place where) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(static_cast<std::size_t>(cpus()[where == place::home ? 0 : 1]), &mask);
    check(::pthread_setaffinity_np(::pthread_self(), sizeof mask, &mask) == 0, "pthread_setaffinity_np failed");
}

/// From now on the calling thread, when it is woken, lets the thread that runs on its CPU go on.
inline void never_preempt() {
    const sched_param none{};
    check(::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &none) == 0, "SCHED_BATCH was refused");
}

/// What a producer does that is a window ahead of its worker. On one CPU only yielding lets the worker run; on two, a
/// pause of about a microsecond keeps the producer's hands off the cache lines that the worker is at.
inline void wait_for_room(place worker) noexcept {
    if (worker == place::home)
        ::sched_yield();
    else
        for (int i = 0; i < 32; ++i) relax();
}

// ---- Small tools --------------------------------------------------------------------------------------------------

/// How many handlers have run. One worker writes, so a load and a store do, and an empty handler stays nearly empty.
class alignas(cache_line) run_count {
public:
    void bump() noexcept { runs_.store(runs_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
    [[nodiscard]] std::uint64_t get() const noexcept { return runs_.load(std::memory_order_acquire); }

private:
    std::atomic<std::uint64_t> runs_{0};
};

/// The empty handler, up to the count that proves that it ran.
struct count_run {
    run_count* runs;
    void operator()() const noexcept { runs->bump(); }
};

/// Holds a worker inside a handler, asleep, in a wait that the library under test does not know of: a primitive of
/// its own would make it start a second worker. Used again and again.
class gate {
public:
    void pass() noexcept {   // in the handler
        held_.store(true, std::memory_order_release);
        held_.notify_one();
        open_.wait(false, std::memory_order_acquire);
        open_.store(false, std::memory_order_relaxed);
        held_.store(false, std::memory_order_release);
    }
    void wait_until_held() noexcept { held_.wait(false, std::memory_order_acquire); }
    void open() noexcept {
        open_.store(true, std::memory_order_release);
        open_.notify_one();
    }

private:
    alignas(cache_line) std::atomic<bool> held_{false};
    std::atomic<bool> open_{false};
};

/// `n` objects side by side that can neither be copied nor moved, each built from the same arguments.
template <class T>
class row_of {
public:
    template <class... Args>
    explicit row_of(std::size_t n, const Args&... args) : n_{n}, first_{std::allocator<T>{}.allocate(n)} {
        for (std::size_t i = 0; i < n; ++i) ::new (static_cast<void*>(first_ + i)) T(args...);
    }
    row_of(const row_of&) = delete;
    row_of& operator=(const row_of&) = delete;
    ~row_of() {
        std::destroy_n(first_, n_);
        std::allocator<T>{}.deallocate(first_, n_);
    }
    [[nodiscard]] std::size_t size() const noexcept { return n_; }
    T& operator[](std::size_t i) noexcept { return first_[i]; }

private:
    std::size_t n_;
    T* first_;
};

inline long futex(std::atomic<std::uint32_t>& word, int op, std::uint32_t value) noexcept {
    return ::syscall(SYS_futex, &word, op | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

// ---- Questions, sides, samples ------------------------------------------------------------------------------------

using sampler = std::function<double()>;   // one sample: ns per operation

/// One way of doing what the question asks about.
struct side {
    std::string name;
    std::function<sampler()> boot;   // starts the threads, which live as long as the sampler; empty: not built in
    int operations = 1;              // in one sample
    [[nodiscard]] bool missing() const noexcept { return !boot; }
};

struct question {
    std::string benchmark;   // BM_...
    std::string asks;
    std::vector<side> sides;   // ours first
    int rounds;                // samples of each side in a full run
    int quick_rounds;
};

/// A side that is an object: made from `args` where it is booted, asked by its sample().
template <class Stage, class... Args>
side side_of(std::string name, int operations, const Args&... args) {
    return {std::move(name),
            [args...]() -> sampler { return [stage = std::make_shared<Stage>(args...)] { return stage->sample(); }; },
            operations};
}

/// The same where the object stands on a lane (peers.hpp), which may be one that is not built in.
template <class Lane, template <class> class Stage, class... Args>
side lane_side(int operations, const Args&... args) {
    if constexpr (Lane::missing)
        return {Lane::name, {}, operations};
    else
        return side_of<Stage<Lane>>(Lane::name, operations, args...);
}

/// What one side answered, in the order of time.
struct series {
    std::string side_name;
    bool missing = false;
    std::vector<double> ns{};

    [[nodiscard]] double percentile(double q) const { return percentile(q, 0, ns.size()); }
    [[nodiscard]] double percentile(double q, std::size_t from, std::size_t to) const {
        if (from >= to) return 0;
        std::vector<double> part(ns.begin() + static_cast<std::ptrdiff_t>(from),
                                 ns.begin() + static_cast<std::ptrdiff_t>(to));
        const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(part.size() - 1) + 0.5);
        std::nth_element(part.begin(), part.begin() + at, part.end());
        return part[static_cast<std::size_t>(at)];
    }
};

/// Asks every side in turn, `rounds` times.
inline std::vector<series> interleave(const question& q, int rounds) {
    pin_self(place::home);
    std::vector<series> answers;
    std::vector<sampler> samplers;
    for (const side& s : q.sides) {
        answers.push_back({s.name, s.missing()});
        samplers.push_back(s.missing() ? sampler{} : s.boot());
        answers.back().ns.reserve(static_cast<std::size_t>(rounds));
    }
    const int warm_up = 1 + rounds / 20;   // caches, predictors, page faults, clock speed
    for (int round = -warm_up; round < rounds; ++round)
        for (std::size_t i = 0; i < samplers.size(); ++i) {
            const std::size_t turn = (i + static_cast<std::size_t>(round + warm_up)) % samplers.size();
            if (!samplers[turn]) continue;
            const double ns = samplers[turn]();
            if (round >= 0) answers[turn].ns.push_back(ns);
        }
    return answers;
}

/// ours / peer at percentile `q`: the median over blocks of neighbours.
inline double paired_ratio(const series& ours, const series& peer, double q) {
    const std::size_t n = std::min(ours.ns.size(), peer.ns.size());
    const std::size_t blocks = std::clamp<std::size_t>(n / (q > 0.9 ? 500 : 1), 1, 41);
    series ratios{"", false};
    for (std::size_t b = 0; b < blocks; ++b) {
        const std::size_t from = n * b / blocks, to = n * (b + 1) / blocks;
        ratios.ns.push_back(ours.percentile(q, from, to) / peer.percentile(q, from, to));
    }
    return ratios.percentile(0.5);
}

}   // namespace bench
