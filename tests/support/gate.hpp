// SPDX-License-Identifier: MIT
//
// Instead of sleeping: a gate makes "it runs now" a fact, a caller "it waits now".  Both work on either engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <utility>

#include <bottomhalf/sync/completion.hpp>

namespace support {

/// Something that happens once.
template <class Arch>
class signal_once {
    using ops = bottomhalf::completion_ops<Arch>;

public:
    void set() noexcept { ops::complete_all(word_); }
    void wait() noexcept { ops::wait(word_, bottomhalf::arch::forever, "a test", std::source_location::current()); }
    /// The same for those who must not sleep, or must not tell their pool.
    void spin() noexcept {
        for (unsigned round = 0; !ops::is_done(word_); ++round) Arch::relax(round);
    }
    [[nodiscard]] bool is_set() noexcept { return ops::is_done(word_); }

private:
    std::uint32_t word_ = 0;
};

/// Holds a worker inside a handler until the test lets it go.
template <class Arch>
class gate {
public:
    void pass() noexcept { arrived_.set(), open_.wait(); }            // in the handler
    void pass_spinning() noexcept { arrived_.set(), open_.spin(); }   // likewise, and the CPU is busy meanwhile
    void wait_until_held() noexcept { arrived_.wait(); }              // in the test
    void open() noexcept { open_.set(); }
    [[nodiscard]] bool is_held() noexcept { return arrived_.is_set() && !open_.is_set(); }

private:
    signal_once<Arch> arrived_, open_;
};

/// Somebody else, on a task of their own, who makes a call that may wait.
template <class Arch, class F>
class caller {
public:
    explicit caller(F f, int cpu = 0) : f_(std::move(f)) {
        started_ = Arch::spawn(
            thread_, cpu, "caller", false, [](void* p) { static_cast<caller*>(p)->run(); }, this);
    }
    ~caller() { join(); }
    caller(const caller&) = delete;
    caller& operator=(const caller&) = delete;

    [[nodiscard]] bool started() const noexcept { return started_; }
    [[nodiscard]] bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
    void join() noexcept {
        leave_.set();
        Arch::join(thread_);
    }
    /// Return: true once the call sleeps on `what`; false if it has returned instead.
    bool waits_for(const char* what) noexcept {
        for (unsigned round = 0;; ++round) {
            if (finished()) return false;
            if (bottomhalf::arch::task* t = task_.load(std::memory_order_acquire)) {
                const char* why =
                    typename Arch::template atomic_ref<const char*>(t->waits_for).load(bottomhalf::acquire);
                if (why != nullptr && std::strcmp(why, what) == 0) return true;
            }
            Arch::relax(round);
        }
    }

private:
    void run() noexcept {
        task_.store(&Arch::current(), std::memory_order_release);
        f_();
        finished_.store(true, std::memory_order_release);
        leave_.wait();   // so that the task can be looked at until join()
    }

    F f_;
    std::atomic<bottomhalf::arch::task*> task_{nullptr};
    std::atomic<bool> finished_{false};
    signal_once<Arch> leave_;
    typename Arch::thread thread_;
    bool started_ = false;
};

/// caller<Arch> with the type of its function deduced.
template <class Arch, class F>
[[nodiscard]] caller<Arch, F> call(F f, int cpu = 0) {
    return caller<Arch, F>(std::move(f), cpu);
}

}   // namespace support
