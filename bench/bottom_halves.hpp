// SPDX-License-Identifier: MIT
#pragma once
// Question: how long from a top half until what it asks for starts: a tasklet, BH work, a work item, its own thread
// (request_threaded_irq)?
// Beside it: a signal's handler and the thread that it interrupted; and a signal's handler that wakes another thread of its
// CPU by a futex.  A bottom half in process context cannot be faster than these.
//
// The CPU sleeps and is woken by the interrupt, as in interrupts.hpp, and the time is taken from the top half on.

#include "interrupts.hpp"

#include <cerrno>

namespace bench {

/// What starts puts `started`; the top half says when it asked.
struct asked_and_started {
    time_stamp started;
    std::atomic<std::int64_t> asked_at{0};   // relaxed: `started` is put after it, and taken before the next

    void ask() noexcept { asked_at.store(now_ns(), std::memory_order_relaxed); }
    template <class Raise>
    double sample(Raise raise) {
        idle_gap();
        raise();
        const std::int64_t end = started.take();
        return static_cast<double>(end - asked_at.load(std::memory_order_relaxed));
    }
};

class bottom_half {
    using engine = bh::arch::threads;
    using ops = bh::workqueue_ops<engine>;

public:
    enum kind { tasklet, bh_work, work, thread };

    explicit bottom_half(kind k) : kind_{k} {
        tasklet_.func = [](unsigned long self) { reinterpret_cast<bottom_half*>(self)->start(); };
        tasklet_.data = reinterpret_cast<unsigned long>(this);
        if (k == bh_work) {
            queue_ = lane_.machine().create_queue("bench_bh", bh::queue_kind::bh, 1, this, bh::location::current());
            check(queue_ != nullptr, "no queue of BH work");
        }
        lane_.request(
            [](int, void* dev, void*) { return static_cast<bottom_half*>(dev)->top_half(); }, this,
            k == thread ? +[](int, void* dev, void*) { return static_cast<bottom_half*>(dev)->threaded(); } : nullptr);
        if (k == thread) sample();   // which pins it
    }
    bottom_half(const bottom_half&) = delete;
    ~bottom_half() {
        lane_.quiesce();
        if (queue_ != nullptr) lane_.machine().destroy_queue(queue_, bh::location::current());
    }
    double sample() {
        return times_.sample([this] { check(lane_.raise(), "raise_irq failed"); });
    }

private:
    bh::irqreturn top_half() noexcept {
        times_.ask();
        switch (kind_) {
            case tasklet:
                bh::tasklet_ops<engine>::schedule(*lane_.machine().softirqs().of_cpu(0), tasklet_,
                                                  bh::tasklet_ops<engine>::normal);
                break;
            case bh_work:
                check(ops::queue_work_on(0, queue_, item_, bh::location::current()), "an idle item was not queued");
                break;
            case work: check(lane_.queue(item_), "an idle item was not queued"); break;
            case thread: return bh::irqreturn::wake_thread;
        }
        return bh::irqreturn::handled;
    }
    /// Checks that it is where it should be.
    void start() noexcept {
        const bool softirq = bh::context<engine>::in_serving_softirq();
        check(softirq == (kind_ == tasklet || kind_ == bh_work) && !bh::context<engine>::in_hardirq(),
              "a bottom half runs in the wrong context");
        times_.started.put();
    }
    bh::irqreturn threaded() noexcept {
        if (!pinned_) pin_self(place::away), pinned_ = true;
        start();
        return bh::irqreturn::handled;
    }
    struct start_it {
        bottom_half* self;
        void operator()() const noexcept { self->start(); }
    };
    kind kind_;
    bool pinned_ = false;   // the line's thread's
    asked_and_started times_;
    irq_lane lane_{place::away};
    bh::tasklet_node tasklet_;
    bh::work<start_it> item_{start_it{this}};
    bh::basic_workqueue_struct<engine>* queue_ = nullptr;
};

/// A handler of the program's own: what goes on is the thread that it interrupted, or another one of that CPU.
class handler_and_thread {
public:
    explicit handler_and_thread(bool another) : another_{another} {
        struct sigaction action = {};   // no SA_RESTART: it ends the wait
        action.sa_handler = [](int) {
            if (mine_ != nullptr) mine_->in_handler();
        };
        check(::sigaction(SIGUSR2, &action, nullptr) == 0, "sigaction failed");
        thread_ = std::thread{[this] { run(); }};
        while (tid_.load(std::memory_order_acquire) == 0) ::sched_yield();
    }
    handler_and_thread(const handler_and_thread&) = delete;
    ~handler_and_thread() {
        stop_.store(true, std::memory_order_release);
        signal_thread(tid_, SIGUSR2);
        thread_.join();
    }
    double sample() {
        return times_.sample([this] { signal_thread(tid_, SIGUSR2); });
    }

private:
    void in_handler() noexcept {
        const int saved = errno;
        times_.ask();
        word_.fetch_add(1, std::memory_order_acq_rel);
        if (another_ && !stop_.load(std::memory_order_relaxed)) other_.wake();
        errno = saved;
    }
    void run() {
        pin_self(place::away);
        mine_ = this;
        tid_.store(::gettid(), std::memory_order_release);
        for (std::uint32_t seen = 0; !stop_.load(std::memory_order_acquire); ++seen) {
            while (word_.load(std::memory_order_acquire) == seen) futex(word_, FUTEX_WAIT, seen);
            if (!another_ && !stop_.load(std::memory_order_acquire)) times_.started.put();
        }
        mine_ = nullptr;
    }
    inline static constinit thread_local handler_and_thread* mine_ = nullptr;

    bool another_;
    asked_and_started times_;
    std::atomic<bool> stop_{false};
    std::atomic<pid_t> tid_{0};
    alignas(cache_line) std::atomic<std::uint32_t> word_{0};
    futex_sleeper<put_stamp> other_{place::away, put_stamp{&times_.started}};
    std::thread thread_;
};

inline constexpr const char* handler_thread = "signal handler, its thread";
inline constexpr const char* handler_other_thread = "signal handler, futex, another thread";

/// Which of ours the table holds against what.
inline constexpr std::array<std::pair<const char*, const char*>, 4> bottom_half_rows{{
    {"tasklet", "bottomhalf, work item"},
    {"BH work", "bottomhalf, work item"},
    {"work item", handler_thread},
    {"threaded handler", handler_other_thread},
}};

inline question bottom_halves() {
    return {"BM_TopHalf_BottomHalf",
            "a top half asks -> its bottom half starts",
            {side_of<bottom_half>("bottomhalf, tasklet", 1, bottom_half::tasklet),
             side_of<bottom_half>("bottomhalf, BH work", 1, bottom_half::bh_work),
             side_of<bottom_half>("bottomhalf, work item", 1, bottom_half::work),
             side_of<bottom_half>("bottomhalf, threaded handler", 1, bottom_half::thread),
             side_of<handler_and_thread>(handler_thread, 1, false),
             side_of<handler_and_thread>(handler_other_thread, 1, true)},
            20'000,
            4000};
}

}   // namespace bench
