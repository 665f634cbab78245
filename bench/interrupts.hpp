// SPDX-License-Identifier: MIT
#pragma once
// Question: what does an interrupt cost: (1) raise_irq() of a line that is pending already; and (2) how long from raise_irq()
// to a CPU that sleeps until the work item starts that the top half queues there?
// Beside it: (1) a bare fetch_or, and what the program would do by itself, a tgkill() of a signal that is pending and
// blocked.  (2) a bare FUTEX_WAKE (wake.hpp), below which nothing that sleeps can be; a tgkill() to a thread in sigwait(),
// and to one in a futex, until the handler starts, and until the thread goes on behind it.  Nothing that begins with a
// signal's handler and goes on in the thread can be faster than the last.
//
// (1) is a burst while the CPU has its interrupts off; afterwards the top half has run once.  (2) is sampled as in wake.hpp.

#include "wake.hpp"

#include <csignal>

namespace bench {

/// A machine of one CPU, whose doorbell's thread, events/0, is pinned, and a line of it.
class irq_lane {
public:
    using function = bh::irqreturn(int irq, void* dev_id, void* cookie);

    explicit irq_lane(place where) {
        check(events_ != nullptr, "no threads for the machine's CPU");
        on_doorbells_thread([where] { pin_self(where); });
    }
    irq_lane(const irq_lane&) = delete;
    /// The line's handler is `top_half`, and `thread_fn` what it asks for by wake_thread.
    void request(function* top_half, void* dev_id, function* thread_fn = nullptr) {
        dev_id_ = dev_id;
        const bh::irq_action action{
            .handler = top_half, .dev_id = dev_id, .name = "bench", .thread_fn = thread_fn, .thread_cookie = nullptr};
        check(machine_.irqs().request(line, action, here()) == 0, "request_irq failed");
    }
    /// For whoever has made a request or queued something, before what the handlers use goes.
    void quiesce() {
        if (dev_id_ != nullptr) machine_.irqs().free(line, dev_id_, here());
        ops::flush_workqueue(events_, here());
    }
    bool raise() noexcept { return machine_.irqs().raise(line); }
    [[nodiscard]] std::uint64_t count() noexcept { return machine_.irqs().count(line); }
    bool queue(bh::work_item& item) noexcept { return ops::queue_work_on(0, events_, item, here()); }
    /// Has events/0 call f(); in start(), without waiting for it.
    template <class F>
    void start(F f) {
        called_ = std::move(f);
        check(queue(call_), "events/0 is busy");
    }
    template <class F>
    void on_doorbells_thread(F f) {
        start(std::move(f));
        finish();
    }
    void finish() { bh::flush_work(call_); }
    bh::machine& machine() noexcept { return machine_; }

private:
    using ops = bh::workqueue_ops<bh::arch::threads>;
    static bh::location here() noexcept { return bh::location::current(); }
    static constexpr unsigned line = 5;

    struct run_called {
        std::function<void()>* f;
        void operator()() const { (*f)(); }
    };
    bh::machine machine_{{.cpus = 1}};
    bh::basic_workqueue_struct<bh::arch::threads>* events_ = machine_.events(here());
    void* dev_id_ = nullptr;
    std::function<void()> called_;
    bh::work<run_called> call_{run_called{&called_}};
};

/// tgkill(), without what pthread_kill() does around it.
inline void signal_thread(pid_t tid, int sig) noexcept {
    static const pid_t self = ::getpid();   // which is a system call each time
    check(::syscall(SYS_tgkill, self, tid, sig) == 0, "tgkill failed");
}
inline sigset_t set_of(int sig) noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, sig);
    return set;
}

// ---- (1) a line that is pending already ---------------------------------------------------------------------------

inline constexpr int raise_burst = 1024;

/// events/0 is held with its interrupts off, on the other CPU, where nothing disturbs the caller.
struct raise_pending {
    std::atomic<std::uint64_t> calls{0};
    gate hold;
    irq_lane lane{place::away};

    raise_pending() {
        lane.request(
            [](int, void* dev, void*) {
                static_cast<raise_pending*>(dev)->calls.fetch_add(1, std::memory_order_release);
                return bh::irqreturn::handled;
            },
            this);
    }
    ~raise_pending() { lane.quiesce(); }
    double sample() {
        using engine = bh::arch::threads;
        lane.start([this] {
            const bool was = engine::irq_save();
            hold.pass();
            engine::irq_restore(was);
        });
        hold.wait_until_held();
        const std::uint64_t before = calls.load();
        check(lane.raise(), "raise_irq failed");   // rings
        int raised = 0;
        const std::int64_t start = now_ns();
        for (int i = 0; i < raise_burst; ++i) raised += lane.raise();
        const std::int64_t end = now_ns();
        check(raised == raise_burst && calls.load() == before, "a top half ran while it was masked");
        hold.open();
        lane.finish();
        check(calls.load() == before + 1, "what was raised while masked has not come once");
        return static_cast<double>(end - start) / raise_burst;
    }
};

/// `asks`: whether the word was empty, without which nobody knows who has to ring.
struct alignas(cache_line) fetch_or_stage {
    bool asks;
    std::atomic<std::uint64_t> word{0};

    explicit fetch_or_stage(bool result) : asks{result} {}
    double sample() {
        word.store(1, std::memory_order_relaxed);
        int found_empty = 0;
        const std::int64_t start = now_ns();
        if (asks)
            for (int i = 0; i < raise_burst; ++i) found_empty += word.fetch_or(2, std::memory_order_acq_rel) == 0;
        else
            for (int i = 0; i < raise_burst; ++i) word.fetch_or(2, std::memory_order_acq_rel);
        const std::int64_t end = now_ns();
        check(found_empty == 0 && word.load(std::memory_order_relaxed) == 3, "the bit is not set");
        return static_cast<double>(end - start) / raise_burst;
    }
};

/// A thread that blocks the signal, and takes it at the end of the sample: once, for the signal is none of the queued ones.
class blocked_signal {
public:
    blocked_signal() {
        while (tid_.load(std::memory_order_acquire) == 0) ::sched_yield();
    }
    blocked_signal(const blocked_signal&) = delete;
    ~blocked_signal() {
        hold_.wait_until_held();
        stop_.store(true, std::memory_order_release);
        signal_thread(tid_, SIGUSR2);
        hold_.open();
        thread_.join();
    }
    double sample() {
        hold_.wait_until_held();
        const std::uint64_t before = taken_.load(std::memory_order_acquire);
        const pid_t tid = tid_;
        signal_thread(tid, SIGUSR2);
        const std::int64_t start = now_ns();
        for (int i = 0; i < raise_burst; ++i) signal_thread(tid, SIGUSR2);
        const std::int64_t end = now_ns();
        hold_.open();
        while (taken_.load(std::memory_order_acquire) == before) ::sched_yield();
        return static_cast<double>(end - start) / raise_burst;
    }

private:
    void run() {
        pin_self(place::away);
        const sigset_t set = set_of(SIGUSR2);
        ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
        tid_.store(::gettid(), std::memory_order_release);
        const timespec now{0, 0};
        while (!stop_.load(std::memory_order_acquire)) {
            hold_.pass();
            check(::sigtimedwait(&set, nullptr, &now) == SIGUSR2, "the signal was not pending");
            check(::sigtimedwait(&set, nullptr, &now) == -1, "the signal was pending twice");
            taken_.fetch_add(1, std::memory_order_release);
        }
    }
    std::atomic<bool> stop_{false};
    std::atomic<pid_t> tid_{0};
    std::atomic<std::uint64_t> taken_{0};
    gate hold_;
    std::thread thread_{[this] { run(); }};
};

inline question raise_while_pending() {
    return {"BM_RaiseIrq_Pending",
            "raise_irq() of a line that is pending",
            {side_of<raise_pending>("bottomhalf", raise_burst), side_of<fetch_or_stage>("fetch_or", raise_burst, false),
             side_of<fetch_or_stage>("fetch_or and a look at what was there", raise_burst, true),
             side_of<blocked_signal>("tgkill of a blocked signal", raise_burst)},
            2000,
            400};
}

// ---- (2) a CPU that sleeps ----------------------------------------------------------------------------------------

/// What is asked about is when the top half starts, or the item that it queues.
struct raise_to_sleeper {
    time_stamp started;
    bool top_half_only;
    irq_lane lane{place::away};
    bh::work<put_stamp> item{put_stamp{&started}};

    explicit raise_to_sleeper(bool only) : top_half_only{only} {
        lane.request(
            [](int, void* dev, void*) {
                auto& s = *static_cast<raise_to_sleeper*>(dev);
                if (s.top_half_only)
                    s.started.put();
                else
                    check(s.lane.queue(s.item), "an idle item was not queued");
                return bh::irqreturn::handled;
            },
            this);
    }
    ~raise_to_sleeper() { lane.quiesce(); }
    double sample() {
        idle_gap();
        const std::int64_t start = now_ns();
        check(lane.raise(), "raise_irq failed");
        return static_cast<double>(started.take() - start);
    }
};

/// A thread that a signal wakes.
class signal_sleeper {
public:
    enum noticed_by { sigwait, handler, thread };

    explicit signal_sleeper(noticed_by who) : who_{who} {
        struct sigaction action = {};   // no SA_RESTART: it ends the wait
        action.sa_handler = [](int) {
            if (in_handler_ != nullptr) in_handler_->put();
        };
        check(::sigaction(SIGUSR2, &action, nullptr) == 0, "sigaction failed");
        thread_ = std::thread{[this] { run(); }};
        while (tid_.load(std::memory_order_acquire) == 0) ::sched_yield();
    }
    signal_sleeper(const signal_sleeper&) = delete;
    ~signal_sleeper() {
        word_.store(stop, std::memory_order_release);
        signal_thread(tid_, SIGUSR2);
        thread_.join();
    }
    double sample() {
        idle_gap();
        const std::int64_t start = now_ns();
        word_.fetch_add(1, std::memory_order_acq_rel);
        signal_thread(tid_, SIGUSR2);
        return static_cast<double>(started_.take() - start);
    }

private:
    static constexpr std::uint32_t stop = 0xffffffff;

    void run() {
        pin_self(place::away);
        const sigset_t set = set_of(SIGUSR2);
        ::pthread_sigmask(who_ == sigwait ? SIG_BLOCK : SIG_UNBLOCK, &set, nullptr);
        if (who_ == handler) in_handler_ = &started_;
        tid_.store(::gettid(), std::memory_order_release);
        for (std::uint32_t seen = 0; seen != stop;) {
            const std::uint32_t last = seen;
            if (int sig = 0; who_ == sigwait)
                check(::sigwait(&set, &sig) == 0, "sigwait failed");
            else
                while (word_.load(std::memory_order_acquire) == seen) futex(word_, FUTEX_WAIT, seen);
            seen = word_.load(std::memory_order_acquire);
            check(seen != last, "woken without a reason");
            if (who_ != handler && seen != stop) started_.put();
        }
        in_handler_ = nullptr;
    }
    inline static constinit thread_local time_stamp* in_handler_ = nullptr;

    noticed_by who_;
    time_stamp started_;
    std::atomic<pid_t> tid_{0};
    alignas(cache_line) std::atomic<std::uint32_t> word_{0};
    std::thread thread_;
};

inline constexpr const char* signal_then_thread = "tgkill, handler, thread";

inline question raise_to_sleeping_cpu() {
    return {
        "BM_RaiseIrq_SleepingCpu",
        "raise_irq() to a sleeping CPU -> a work item starts",
        {side_of<raise_to_sleeper>("bottomhalf", 1, false),
         side_of<raise_to_sleeper>("bottomhalf, the top half", 1, true), side_of<wake_sleeper>("bare futex wake", 1),
         side_of<signal_sleeper>("tgkill, sigwait", 1, signal_sleeper::sigwait),
         side_of<signal_sleeper>("tgkill, handler", 1, signal_sleeper::handler),
         side_of<signal_sleeper>(signal_then_thread, 1, signal_sleeper::thread)},
        20'000,
        4000};
}

}   // namespace bench
