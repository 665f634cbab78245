// SPDX-License-Identifier: MIT
#pragma once
// Question: what does queue_work() cost from a signal handler, one of the program's own, while the worker is awake; and
// does it keep away from the kernel there?
// Beside it: the same call from the same thread, outside the handler.  No peer may be called from a handler at all.
//
// The cost is taken as in enqueue.hpp, inside the handler: the price of the signal itself is not in it. The syscalls
// are counted by seccomp, on a thread of their own that has never queued anything: whatever it asks of the kernel is
// trapped there. A getppid() at the end proves that the trap works.

#include "enqueue.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace bench {

inline constexpr int handler_burst = 64;

/// Runs `f` inside a handler of SIGUSR1, on the calling thread, and returns when it has.
template <class F>
void in_signal_handler(F& f) {
    static F* body;
    body = &f;
    struct sigaction action = {};
    action.sa_handler = [](int) { (*body)(); };
    check(::sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction failed");
    check(::raise(SIGUSR1) == 0, "raise failed");
}

struct handler_stage {
    bool in_handler;
    run_count runs;
    gate hold;
    bottomhalf_lane<count_run> lane{place::home, handler_burst, count_run{&runs}};

    explicit handler_stage(bool in) : in_handler{in} {}
    double sample() {
        lane.call([this] { hold.pass(); });
        hold.wait_until_held();
        const std::uint64_t goal = runs.get() + handler_burst;
        std::int64_t spent = 0;
        int queued = 0;
        auto burst = [&] {
            const std::int64_t start = now_ns();
            for (std::size_t i = 0; i < handler_burst; ++i) queued += lane.post(i);
            spent = now_ns() - start;
        };
        if (in_handler)
            in_signal_handler(burst);
        else
            burst();
        check(queued == handler_burst, "an idle item was not queued");
        hold.open();
        while (runs.get() != goal) ::sched_yield();
        return static_cast<double>(spent) / handler_burst;
    }
};

inline question signal_handler() {
    return {"BM_QueueWork_SignalHandler",
            "queue_work() from a signal handler, worker awake",
            {side_of<handler_stage>("bottomhalf, in a signal handler", handler_burst, true),
             side_of<handler_stage>("bottomhalf, in a thread", handler_burst, false)},
            4000,
            1000};
}

/// Counts what a thread asks of the kernel. The calls are not carried out.
class syscall_trap {
public:
    /// From now on, for good, on this thread: all but what ends a handler and a thread is counted instead of done.
    static void arm() {
        struct sigaction action = {};
        action.sa_handler = [](int) { trapped_ = trapped_ + 1; };
        action.sa_flags = SA_NODEFER;
        check(::sigaction(SIGSYS, &action, nullptr) == 0, "sigaction failed");
#define BENCH_ALLOW(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
        sock_filter program[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BENCH_ALLOW(SYS_rt_sigreturn),
            BENCH_ALLOW(SYS_exit),
            BENCH_ALLOW(SYS_exit_group),
            BENCH_ALLOW(SYS_munmap),
            BENCH_ALLOW(SYS_madvise),
            BENCH_ALLOW(SYS_rt_sigprocmask),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        };
#undef BENCH_ALLOW
        const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
        check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl failed");
        check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "the kernel takes no seccomp filter");
    }
    static int count() noexcept { return trapped_; }

private:
    inline static volatile std::sig_atomic_t trapped_ = 0;   // the armed thread's own
};

/// How often `handler_burst` calls of queue_work() from a signal handler ask something of the kernel.
inline int syscalls_from_signal_handler() {
    struct stage {
        run_count runs;
        gate hold;
        std::atomic<int> step{0};
        int queued = 0, counted = 0;
        bottomhalf_lane<count_run> lane{place::home, handler_burst, count_run{&runs}};
    } s;
    static stage* in_handler;
    in_handler = &s;
    struct sigaction action = {};
    action.sa_handler = [](int) {
        const int before = syscall_trap::count();
        for (std::size_t i = 0; i < handler_burst; ++i) in_handler->queued += in_handler->lane.post(i);
        in_handler->counted = syscall_trap::count() - before;
        in_handler->step.store(2, std::memory_order_release);
    };
    check(::sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction failed");

    s.lane.call([&] { s.hold.pass(); });
    s.hold.wait_until_held();
    std::thread driver{[&] {
        pin_self(place::away);
        syscall_trap::arm();
        s.step.store(1, std::memory_order_release);
        while (s.step.load(std::memory_order_acquire) != 2) relax();   // struck by SIGUSR1 here
        const int before = syscall_trap::count();
        ::syscall(SYS_getppid);
        check(syscall_trap::count() == before + 1, "the syscall trap does not count");
    }};
    while (s.step.load(std::memory_order_acquire) != 1) ::sched_yield();
    check(::pthread_kill(driver.native_handle(), SIGUSR1) == 0, "pthread_kill failed");
    driver.join();
    s.hold.open();
    while (s.runs.get() != handler_burst) ::sched_yield();
    check(s.queued == handler_burst, "an idle item was not queued");
    return s.counted;
}

}   // namespace bench
