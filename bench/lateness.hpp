// SPDX-License-Identifier: MIT
#pragma once
// Question: how late is delayed work?  From the tick that queue_delayed_work() chose until the handler starts.
// Beside it: a thread in a timed FUTEX_WAIT, with a timer slack of 1 ns.  And the same with a second thread on its CPU,
// which it wakes: delayed work has two sleepers, a timer base's thread and a worker. Who wakes when it has asked to cannot be
// faster; ours asks for earlier, by what wake-ups are late (detail/wake_lead.hpp).
//
// The caller polls on its own CPU; all that sleeps is on the other one. A sample is one sleep of about a millisecond.

#include "timer_lanes.hpp"
#include "wake.hpp"

#include <ctime>

#include <sys/prctl.h>

namespace bench {

/// A delay in ticks of 100 us. It varies, lest it keep step with a timer tick of the kernel's.
inline bh::jiffies_t some_delay() noexcept {
    static std::uint32_t random = 1;
    random = random * 1664525 + 1013904223;
    return 7 + (random >> 8) % 8;
}
inline void sleep_precisely() { check(::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL) == 0, "PR_SET_TIMERSLACK"); }

/// Delayed work, in a machine whose timers' thread and worker share the other CPU.
class delayed_work_late {
public:
    static constexpr const char* name = "bottomhalf";

    delayed_work_late() {
        bh::work pin{[] { pin_self(place::away); }};
        bh::queue_work(queue_, pin);
        bh::flush_work(pin);
        bh::timer_node pin_too;
        pin_too.function = [](bh::timer_node*) { pin_self(place::away); };
        time().mod(pin_too, time().jiffies());
        while (bh::timekeeper<bh::arch::threads>::was_pending(pin_too) || time().is_running(pin_too)) relax();
    }
    double sample() {
        check(bh::queue_delayed_work(queue_, item_, some_delay()), "an idle item was not armed");
        const std::int64_t due = time().clock().when(item_.timer.expires);
        return static_cast<double>(started_.take() - due);
    }

private:
    bh::timekeeper<bh::arch::threads>& time() noexcept { return machine_.time(); }

    time_stamp started_;
    bh::machine machine_{{.cpus = 1}};
    bh::delayed_work<put_stamp> item_{put_stamp{&started_}};
    bh::workqueue queue_{machine_, "bench"};   // last: it is drained before what its handlers use goes
};

/// A thread that sleeps in a futex until told a time, then until that time, and then calls `on_time`.
template <class Handler>
class timed_sleeper {
public:
    explicit timed_sleeper(Handler on_time) : told_{place::away, sleep_until{this}}, on_time_{on_time} {}
    void tell(std::int64_t due) noexcept {
        due_.store(due, std::memory_order_relaxed);
        told_.wake();
    }

private:
    struct sleep_until {
        timed_sleeper* self;
        void operator()() const {
            sleep_precisely();
            const std::int64_t due = self->due_.load(std::memory_order_relaxed);
            const timespec until{due / 1'000'000'000, due % 1'000'000'000};
            std::atomic<std::uint32_t> word{0};
            while (now_ns() < due)
                ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, &until, nullptr,
                          FUTEX_BITSET_MATCH_ANY);
            self->on_time_();
        }
    };
    std::atomic<std::int64_t> due_{0};
    futex_sleeper<sleep_until> told_;
    Handler on_time_;
};

/// The time that delayed work would have chosen.
inline std::int64_t some_due_time() noexcept {
    return (now_ns() / real_tick_ns + 1 + static_cast<std::int64_t>(some_delay())) * real_tick_ns;
}

struct timed_wait {
    static constexpr const char* name = "timed futex wait";
    time_stamp started;
    timed_sleeper<put_stamp> sleeper{put_stamp{&started}};

    double sample() {
        const std::int64_t due = some_due_time();
        sleeper.tell(due);
        return static_cast<double>(started.take() - due);
    }
};

struct timed_wait_and_wake {
    static constexpr const char* name = "timed futex wait, then a wake";
    struct wake_other {
        futex_sleeper<put_stamp>* other;
        void operator()() const noexcept { other->wake(); }
    };
    time_stamp started;
    futex_sleeper<put_stamp> worker{place::away, put_stamp{&started}};
    timed_sleeper<wake_other> sleeper{wake_other{&worker}};

    double sample() {
        const std::int64_t due = some_due_time();
        sleeper.tell(due);
        return static_cast<double>(started.take() - due);
    }
};

inline question lateness() {
    return {"BM_DelayedWork_Lateness",
            "queue_delayed_work() -> its handler starts, against the time it was due",
            {side_of<delayed_work_late>(delayed_work_late::name, 1), side_of<timed_wait>(timed_wait::name, 1),
             side_of<timed_wait_and_wake>(timed_wait_and_wake::name, 1)},
            3000,
            1000};
}

}   // namespace bench
