// SPDX-License-Identifier: MIT
// idle.hpp: whether anybody is awake.  What the tick of `jiffies` on engine 1 hangs on: it goes on while anybody runs who
// could read the variable, and rests while nobody does (the kernel's NO_HZ_IDLE).
//
// Who sleeps in park() is counted.  Everybody else is taken to be awake, a thread that sleeps in poll() included: it can
// wake up without our noticing, and what it read then would be old.  So the tick rests only while all threads of the
// process but the timekeeper's sleep here; then nobody can read anything, or start a thread, before he has come past the
// end of his park(), where he finds out that the tick rests, brings the time up to date and wakes the timekeeper.  So does a
// top half that interrupts a sleeper.  A signal handler that knows nothing of us does not: what it reads from the variable on
// a sleeper's thread is old; it must ask the clock (get_jiffies_64()).
//
// The hand-over.  The timekeeper says that it rests, then counts; a sleeper that wakes takes himself off the count, then
// looks whether the tick rests.  All of it is seq_cst, so one of the two sees the other [idle.rest].
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::arch::detail {

/// All of it is one state of the process.
class idle {
public:
    /// Brings the time up to date and, if the tick rested, wakes the timekeeper.
    using follower = void(void* arg, bool rested);

    /// Counts the thread as asleep for a scope.
    class asleep {
    public:
        asleep() noexcept : counted_(follower_.load(std::memory_order_relaxed) != nullptr) {   // relaxed: a flag
            if (!counted_) return;
            // A handler of ours between the two takes off what is not there yet, and puts it back: see `interrupted`.
            in_count_ = true;
            std::atomic_signal_fence(std::memory_order_seq_cst);
            asleep_.fetch_add(1, std::memory_order_seq_cst);
        }
        ~asleep() {
            if (!counted_) return;
            asleep_.fetch_sub(1, std::memory_order_seq_cst);   // [idle.rest]
            std::atomic_signal_fence(std::memory_order_seq_cst);
            in_count_ = false;
            look(timed_out);
        }
        asleep(const asleep&) = delete;
        asleep& operator=(const asleep&) = delete;

        bool timed_out = false;   // it has slept for a time, so it is to see that this has passed

    private:
        const bool counted_;   // one that fell asleep before anybody followed is taken to be awake
    };

    /// The scope of a handler of ours.  The thread that it interrupts may be counted as asleep; now it is awake.
    class interrupted {
    public:
        interrupted() noexcept : was_counted_(in_count_) {
            in_count_ = false;
            if (was_counted_) asleep_.fetch_sub(1, std::memory_order_seq_cst);   // [idle.rest]
            look();
        }
        ~interrupted() {
            if (was_counted_) asleep_.fetch_add(1, std::memory_order_seq_cst);
            in_count_ = was_counted_;
        }
        interrupted(const interrupted&) = delete;
        interrupted& operator=(const interrupted&) = delete;

    private:
        const bool was_counted_;
    };

    /// For whoever has just woken, or interrupts a sleeper: the time is what it is now.  Context: any, async-signal-safe.
    static void look(bool in_any_case = false) noexcept {
        // seq_cst: [idle.rest].  It also acquires what was written before go_on().
        const bool rests = rests_.load(std::memory_order_seq_cst) != 0;
        if (!rests && !in_any_case) return;
        // relaxed: behind the acquire
        if (follower* f = follower_.load(std::memory_order_acquire))
            f(argument_.load(std::memory_order_relaxed), rests);
    }

    /// Null: nobody follows.
    static void follow(follower* f, void* arg) noexcept {
        argument_.store(arg, std::memory_order_relaxed);   // relaxed: published by the next line
        follower_.store(f, std::memory_order_release);
    }
    /// The timekeeper, once a tick: may the tick rest?  If so it rests from now on, until go_on().
    static bool begin_rest() noexcept {
        rests_.store(1, std::memory_order_seq_cst);   // [idle.rest]
        if (all_asleep() && ++in_a_row_ >= patience) {
            nr_rests_.fetch_add(1, std::memory_order_relaxed);   // relaxed: a count
            return true;
        }
        rests_.store(0, std::memory_order_release);   // who saw the 1 wakes us for nothing; who sees this: see go_on()
        return false;
    }
    /// How often it has.
    static unsigned nr_rests() noexcept { return nr_rests_.load(std::memory_order_relaxed); }   // relaxed: a count
    /// The time is up to date again.
    static void go_on() noexcept {
        in_a_row_ = 0;
        rests_.store(0, std::memory_order_release);   // for look(): what shows the time was written before
    }

private:
    static constexpr unsigned patience =
        8;   // ticks: whoever sleeps shorter does not pay for a wake-up of the timekeeper

    /// Everybody but us.  To count the threads costs 10 us, so not where the answer is clear.
    static bool all_asleep() noexcept {
        const unsigned n = asleep_.load(std::memory_order_seq_cst) + 1;   // [idle.rest]
        if (n < known_threads_ && ++asked_ % 64 != 0) return in_a_row_ = 0, false;
        known_threads_ = count_threads();
        if (n >= known_threads_ && known_threads_ != 0) return true;
        return in_a_row_ = 0, false;
    }
    /// Return: 0 if the system does not say.
    static unsigned count_threads() noexcept {
        char text[512];
        const int fd = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
        if (fd < 0) return 0;
        const ssize_t got = ::read(fd, text, sizeof text - 1);
        ::close(fd);
        if (got <= 0) return 0;
        text[got] = '\0';
        const char* at = std::strrchr(text, ')');   // the name before it may hold anything
        for (int field = 2; at != nullptr && field < 20; ++field) at = std::strchr(at + 1, ' ');
        return at != nullptr ? static_cast<unsigned>(std::strtoul(at + 1, nullptr, 10)) : 0;
    }

    // Its own thread's, and that of handlers on it, which leave it as they found it.
    BOTTOMHALF_STATE static inline constinit thread_local bool in_count_ __attribute__((tls_model("initial-exec"))) =
        false;
    // Written at each sleep, away from what is only read.
    alignas(64) BOTTOMHALF_STATE static inline constinit std::atomic<unsigned> asleep_{0};
    alignas(64) BOTTOMHALF_STATE static inline constinit std::atomic<follower*> follower_{nullptr};
    BOTTOMHALF_STATE static inline constinit std::atomic<void*> argument_{nullptr};
    BOTTOMHALF_STATE static inline constinit std::atomic<std::uint32_t> rests_{0};
    // The timekeeper's.
    BOTTOMHALF_STATE static inline constinit std::atomic<unsigned> nr_rests_{0};
    BOTTOMHALF_STATE static inline constinit unsigned known_threads_ = 0;
    BOTTOMHALF_STATE static inline constinit unsigned asked_ = 0;
    BOTTOMHALF_STATE static inline constinit unsigned in_a_row_ = 0;
};

}   // namespace bottomhalf::arch::detail
