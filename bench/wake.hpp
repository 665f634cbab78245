// SPDX-License-Identifier: MIT
#pragma once
// Question: how long from queue_work() to a worker that sleeps on another CPU until its handler starts?
// Beside it: a bare FUTEX_WAKE of a thread that does nothing but FUTEX_WAIT.  Nothing that sleeps can be faster.  And the
// same with an item: claimed and pushed by the waker, taken from the list and let go by the sleeper; two more cache lines
// that change hands, in cold caches, which any queue of items must pay.
//
// The caller spins for 50 to 100 us before each wake, so that its CPU is awake and the other one is not. A sample is
// one wake; p50 and p99 are over thousands, one of each in turn.

#include "ours.hpp"

namespace bench {

/// When the other side noticed. A line of its own: the caller polls it.
class alignas(cache_line) time_stamp {
public:
    void put() noexcept { at_.store(now_ns(), std::memory_order_release); }
    std::int64_t take() noexcept {
        std::int64_t at;
        while ((at = at_.load(std::memory_order_acquire)) == 0) relax();
        at_.store(0, std::memory_order_relaxed);
        return at;
    }

private:
    std::atomic<std::int64_t> at_{0};
};

/// A thread that sleeps on a word and calls `on_wake` each time it changes; and nothing else.
template <class Handler>
class futex_sleeper {
public:
    futex_sleeper(place where, Handler on_wake)
        : on_wake_{on_wake}, thread_{[this, where] {
              pin_self(where);
              for (std::uint32_t seen = 0;;) {
                  while (word_.load(std::memory_order_acquire) == seen) futex(word_, FUTEX_WAIT, seen);
                  if (word_.load(std::memory_order_acquire) == stop) return;
                  ++seen;
                  on_wake_();
              }
          }} {}
    futex_sleeper(const futex_sleeper&) = delete;
    ~futex_sleeper() {
        word_.store(stop, std::memory_order_release);
        futex(word_, FUTEX_WAKE, 1);
        thread_.join();
    }
    void wake() noexcept {
        word_.fetch_add(1, std::memory_order_acq_rel);
        futex(word_, FUTEX_WAKE, 1);
    }

private:
    static constexpr std::uint32_t stop = 0xffffffff;
    Handler on_wake_;
    alignas(cache_line) std::atomic<std::uint32_t> word_{0};
    std::thread thread_;
};

struct put_stamp {
    time_stamp* stamp;
    void operator()() const noexcept { stamp->put(); }
};

/// Leaves the other CPU time to fall asleep; the length varies, lest it keep step with a timer tick.
inline void idle_gap() noexcept {
    static std::uint32_t random = 1;
    random = random * 1664525 + 1013904223;
    spin_for(50'000 + (random >> 8) % 50'000);
}

struct queue_to_sleeper {
    time_stamp started;
    bottomhalf_lane<put_stamp> lane{place::away, 1, put_stamp{&started}};

    double sample() {
        idle_gap();
        const std::int64_t start = now_ns();
        check(lane.post(0), "an idle item was not queued");
        return static_cast<double>(started.take() - start);
    }
};

struct wake_sleeper {
    time_stamp started;
    futex_sleeper<put_stamp> sleeper{place::away, put_stamp{&started}};

    double sample() {
        idle_gap();
        const std::int64_t start = now_ns();
        sleeper.wake();
        return static_cast<double>(started.take() - start);
    }
};

struct wake_sleeper_with_item {
    static constexpr const char* name = "bare futex wake, with an item";
    struct item {
        alignas(cache_line) std::atomic<unsigned long> word{0};
        item* next = nullptr;
    };
    struct take {
        wake_sleeper_with_item* stage;
        void operator()() const noexcept {
            item* it = stage->head.exchange(nullptr, std::memory_order_acq_rel);
            check(it != nullptr && it->next == nullptr, "woken without an item");
            it->word.exchange(0, std::memory_order_acq_rel);
            stage->started.put();
        }
    };
    time_stamp started;
    item only;
    alignas(cache_line) std::atomic<item*> head{nullptr};
    futex_sleeper<take> sleeper{place::away, take{this}};

    double sample() {
        idle_gap();
        const std::int64_t start = now_ns();
        check((only.word.fetch_or(1, std::memory_order_acq_rel) & 1) == 0, "an idle item was not queued");
        item* h = head.load(std::memory_order_relaxed);
        do only.next = h;
        while (!head.compare_exchange_weak(h, &only, std::memory_order_acq_rel, std::memory_order_relaxed));
        sleeper.wake();
        return static_cast<double>(started.take() - start);
    }
};

inline question wake() {
    return {"BM_QueueWork_SleepingWorker",
            "queue_work() to a sleeping worker -> its handler starts",
            {side_of<queue_to_sleeper>("bottomhalf", 1), side_of<wake_sleeper>("bare futex wake", 1),
             side_of<wake_sleeper_with_item>(wake_sleeper_with_item::name, 1)},
            60'000,
            12'000};
}

}   // namespace bench
