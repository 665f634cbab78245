// SPDX-License-Identifier: MIT
#pragma once
// Question: what does it cost to turn this CPU's interrupts off and on again: on the thread that takes its doorbells, while
// nobody else does so, and once somebody has; on another thread of that CPU; and with a spin lock inside?
// Beside it: what keeps a real signal out, sigprocmask() twice; and a flag of the thread's own, set and cleared, the floor of
// all that a handler on the same thread respects.
//
// The core's calls of <linux/irqflags.h> and <linux/spinlock.h>, in their order.  A sample is a burst of pairs.  After
// each an interrupt is raised inside such a section: its top half must wait for the end of it, and come.

#include "interrupts.hpp"

#include <bottomhalf/sync/spin.hpp>

namespace bench {

inline constexpr int mask_burst = 1024;

class mask_stage {
public:
    enum who { doorbells_thread, once_shared, another_thread };

    mask_stage(who w, bool with_lock)
        : who_{w}, with_lock_{with_lock}, lane_{w == another_thread ? place::away : place::home} {
        lane_.request(
            [](int, void* dev, void*) {
                static_cast<mask_stage*>(dev)->calls_.fetch_add(1, std::memory_order_release);
                return bh::irqreturn::handled;
            },
            this);
        if (w == once_shared) prove();   // by the caller, another thread
    }
    mask_stage(const mask_stage&) = delete;
    ~mask_stage() { lane_.quiesce(); }

    double sample() {
        double ns = 0;
        const auto work = [&] {
            ns = with_lock_ ? pairs<true>() : pairs<false>();
            prove();
        };
        if (who_ == another_thread)
            work();
        else
            lane_.on_doorbells_thread(work);
        return ns;
    }

private:
    using engine = bh::arch::threads;
    using section = bh::irq_section<engine>;
    using spins = bh::spin_ops<engine>;
    using context = bh::context<engine>;

    static bh::arch::cpu_port* home() noexcept { return whose_->irqs().port(0); }

    template <bool WithLock>
    BOTTOMHALF_INLINE double pairs() {
        constexpr bh::location at = bh::location::current();
        unsigned already = 0;
        const std::int64_t start = now_ns();
        for (int i = 0; i < mask_burst; ++i) {
            already += section::enter(&home);
            if constexpr (WithLock) {
                context::add(bh::preempt_offset);
                spins::lock(lock_, "spin_lock", at);
                spins::unlock(lock_, "spin_unlock", at);
                context::enable_preemption(at);
            }
            section::leave();
        }
        const std::int64_t end = now_ns();
        check(already == 0, "interrupts were off");
        return static_cast<double>(end - start) / mask_burst;
    }
    void prove() {
        whose_ = &lane_.machine();
        const std::uint64_t before = calls_.load(std::memory_order_acquire);
        section::enter(&home);
        check(lane_.raise(), "raise_irq failed");
        if (who_ == another_thread) spin_for(20'000);   // the doorbell's thread is not ours
        check(calls_.load(std::memory_order_acquire) == before, "a top half ran while interrupts were off");
        section::leave();
        while (calls_.load(std::memory_order_acquire) == before) ::sched_yield();
    }
    inline static thread_local bh::machine* whose_ = nullptr;

    who who_;
    bool with_lock_;
    std::atomic<std::uint64_t> calls_{0};
    bh::spin_state lock_{};
    irq_lane lane_;
};

struct flag_stage {
    static constexpr const char* name = "a flag set and cleared";

    double sample() {
        const std::int64_t start = now_ns();
        for (int i = 0; i < mask_burst; ++i) {
            flag_.store(1, std::memory_order_relaxed);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            flag_.store(0, std::memory_order_relaxed);
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        const std::int64_t end = now_ns();
        check(flag_.load(std::memory_order_relaxed) == 0, "the flag is set");
        return static_cast<double>(end - start) / mask_burst;
    }

private:
    inline static constinit thread_local std::atomic<std::uint32_t> flag_{0};
};

struct sigprocmask_stage {
    double sample() {
        const sigset_t set = set_of(SIGUSR2);
        sigset_t old;
        int failed = 0;
        const std::int64_t start = now_ns();
        for (int i = 0; i < mask_burst; ++i) {
            failed += ::pthread_sigmask(SIG_BLOCK, &set, &old);
            failed += ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
        }
        const std::int64_t end = now_ns();
        check(failed == 0, "sigprocmask failed");
        return static_cast<double>(end - start) / mask_burst;
    }
};

/// The sides of irq_mask(), ours first in each row of the table.
inline constexpr std::array<std::pair<const char*, mask_stage::who>, 3> mask_sides{{
    {"the doorbell's thread", mask_stage::doorbells_thread},
    {"the doorbell's thread, once shared", mask_stage::once_shared},
    {"another thread", mask_stage::another_thread},
}};
inline std::string mask_side_name(const char* who, bool with_lock) {
    return std::string{"bottomhalf, "} + who + (with_lock ? ", spin lock" : "");
}

inline question irq_mask() {
    question q{"BM_LocalIrqSave", "interrupts off and on again", {}, 2000, 400};
    for (const bool with_lock : {false, true})
        for (const auto& [who, w] : mask_sides)
            q.sides.push_back(side_of<mask_stage>(mask_side_name(who, with_lock), mask_burst, w, with_lock));
    q.sides.push_back(side_of<flag_stage>(flag_stage::name, mask_burst));
    q.sides.push_back(side_of<sigprocmask_stage>("sigprocmask twice", mask_burst));
    return q;
}

}   // namespace bench
