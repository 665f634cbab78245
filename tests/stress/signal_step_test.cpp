// SPDX-License-Identifier: MIT
//
// A foreign signal handler at every instruction boundary of a call, one after the other.
//
// The processor's trap flag makes each instruction of this thread end in SIGTRAP.  The k-th one is the signal that we
// want: its handler queues something, and clears the flag in the frame that it returns to, so that the rest of the call
// runs at full speed.  k goes up until the call ends before it.  x86-64 only; and not under TSan, whose runtime may be
// half way through its own bookkeeping at such a boundary, and does not expect a handler there.
#include <atomic>
#include <cstdio>

#include "storm.hpp"
#include "support/catch.hpp"

#if defined(__x86_64__) && !BOTTOMHALF_TSAN

#include <ucontext.h>
#include <csignal>

namespace bh = bottomhalf;

namespace {

constexpr unsigned long long trap_flag = 0x100;

struct stepper {
    // Only this thread and its handler touch these.
    volatile unsigned long at = 0;       // boundaries seen in this call
    volatile unsigned long target = 0;   // the one at which to act; 0: none
    void (*volatile act)() = nullptr;
};
constinit stepper step;

extern "C" void on_trap(int, siginfo_t*, void* context) {
    step.at = step.at + 1;
    if (step.at != step.target) return;
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~static_cast<greg_t>(trap_flag);
    step.act();
}

/// Calls f() with `act` at its k-th boundary.  Return: false if it ended before that.
template <class F>
[[gnu::noinline]] bool with_signal_at(unsigned long k, void (*act)(), F f) {
    step.at = 0;
    step.target = k;
    step.act = act;
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | trap_flag);
    f();
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~trap_flag);
    return step.at >= k;
}

class trap_handler {
public:
    trap_handler() {
        struct sigaction sa = {};
        sa.sa_sigaction = &on_trap;
        sa.sa_flags = SA_SIGINFO;
        sigemptyset(&sa.sa_mask);
        sigaction(SIGTRAP, &sa, &old_);
    }
    ~trap_handler() { sigaction(SIGTRAP, &old_, nullptr); }
    trap_handler(const trap_handler&) = delete;
    trap_handler& operator=(const trap_handler&) = delete;

private:
    struct sigaction old_;
};

// Up to so many boundaries of a call are tried, which is all of them where the compiler optimises.
#if defined(__OPTIMIZE__) && !BOTTOMHALF_ASAN
constexpr unsigned long enough = 400;
#else
constexpr unsigned long enough = 100;
#endif

/// Runs `once(k)` for each boundary, or for every stride-th from one that the seed picks, until it says that there are
/// no more.  Return: how many were tried.
template <class Once>
unsigned long at_each_boundary(unsigned long stride, Once once) {
    static storm::dice dice(1000);
    unsigned long tried = 0;
    for (unsigned long k = 1 + dice.below(static_cast<unsigned>(stride)); once(k); k += stride) ++tried;
    return tried;
}

// What the handlers act on; they have no captures.
std::atomic<unsigned> ran_a, ran_b, ran_da, ran_db;
bh::workqueue* wq;
std::atomic<bool> gate_open;
bool taken;   // what the handler's own call returned

}   // namespace

TEST_CASE("queue_work, cancel_work, queue_delayed_work: a signal handler queues at each instruction",
          "[queue_work][queue_delayed_work][signal][stress]") {
    storm::quiet_library library;
    bh::machine m{{.cpus = 1}};
    static bh::work a{[] { ++ran_a; }};
    static bh::work b{[] { ++ran_b; }};
    static bh::delayed_work da{[] { ++ran_da; }};
    static bh::delayed_work db{[] { ++ran_db; }};
    static bh::work hold{[] { gate_open.wait(false); }};
    bh::workqueue queue{m, "step"};
    wq = &queue;
    trap_handler traps;

    const auto queue_a = [] { return bh::queue_work_on(0, *wq, a); };
    constexpr auto act_a = +[] { taken = bh::queue_work_on(0, *wq, a); };
    constexpr auto act_b = +[] { taken = bh::queue_work_on(0, *wq, b); };
    constexpr auto act_da = +[] { taken = bh::queue_delayed_work(*wq, da, 1); };
    constexpr auto act_db = +[] { taken = bh::queue_delayed_work(*wq, db, 1); };

    unsigned wrong = 0;
    const auto expect = [&](bool fact) {
        if (!fact) ++wrong;
    };
    // Holds the worker inside an item, so that nothing else runs meanwhile, or leaves it asleep, to be woken.
    const auto begin = [&](bool held) {
        ran_a = ran_b = ran_da = ran_db = 0;
        gate_open = false;
        taken = false;
        if (held) expect(bh::queue_work(queue, hold));
    };
    const auto end = [&] {
        gate_open = true;
        gate_open.notify_all();
        bh::flush_workqueue(queue);
    };
    // How long is the call?  From that, which boundaries to try.
    const auto stride_of = [&](auto f) {
        with_signal_at(~0UL, act_a, f);
        return 1 + step.at / enough;
    };
    const auto told = [&](const char* what, unsigned long n, unsigned long stride) {
        std::printf("%s: %lu boundaries%s\n", what, n, stride == 1 ? "" : ", some left out");
        CHECK(n > 20);
        INFO(what);
        CHECK(wrong == 0);
        wrong = 0;
    };

    for (const bool held : {false, true}) {
        begin(held);
        const unsigned long stride = stride_of(queue_a);
        end();

        unsigned long n = at_each_boundary(stride, [&](unsigned long k) {
            begin(held);
            bool first = false;
            const bool hit = with_signal_at(k, act_b, [&] { first = queue_a(); });
            end();
            expect(first && ran_a == 1);
            expect(ran_b == (hit ? 1 : 0) && taken == hit);
            return hit;
        });
        told(held ? "queue_work, another item queued, worker busy" : "queue_work, another item queued, worker asleep",
             n, stride);

        n = at_each_boundary(stride, [&](unsigned long k) {
            begin(held);
            bool first = false;
            const bool hit = with_signal_at(k, act_a, [&] { first = queue_a(); });
            end();
            const unsigned calls = (first ? 1U : 0U) + (taken ? 1U : 0U);
            expect(ran_a == calls && calls >= 1);
            expect(!held || calls == 1);   // it cannot have run in between
            return hit;
        });
        told(held ? "queue_work, the same item queued, worker busy" : "queue_work, the same item queued, worker asleep",
             n, stride);
    }

    // cancel_work() holds the pool's lock, and owns PENDING, for part of the way.
    {
        const auto cancel_a = [] { return bh::cancel_work(a); };
        begin(true);
        queue_a();
        const unsigned long stride = stride_of(cancel_a);
        end();
        unsigned long n = at_each_boundary(stride, [&](unsigned long k) {
            begin(true);
            expect(queue_a());
            bool was = false;
            const bool hit = with_signal_at(k, act_b, [&] { was = cancel_a(); });
            end();
            expect(was && ran_a == 0);
            expect(ran_b == (hit ? 1 : 0) && taken == hit);
            return hit;
        });
        told("cancel_work, another item queued", n, stride);
        n = at_each_boundary(stride, [&](unsigned long k) {
            begin(true);
            expect(queue_a());
            bool was = false;
            const bool hit = with_signal_at(k, act_a, [&] { was = cancel_a(); });
            end();
            expect(was);
            expect(ran_a == (taken ? 1 : 0));   // true: queued anew, after it was cancelled
            return hit;
        });
        told("cancel_work, the same item queued", n, stride);
    }

    // Arming: the handler arms another idle item, or the same one; and both fire.
    {
        const auto arm_da = [] { return bh::queue_delayed_work(*wq, da, 1); };
        const auto end_delayed = [&] {
            bh::flush_delayed_work(da);   // queues it now, if its tick has not come
            bh::flush_delayed_work(db);
            end();
        };
        begin(false);
        const unsigned long stride = stride_of(arm_da);
        end_delayed();
        unsigned long n = at_each_boundary(stride, [&](unsigned long k) {
            begin(false);
            bool first = false;
            const bool hit = with_signal_at(k, act_db, [&] { first = arm_da(); });
            end_delayed();
            expect(first && ran_da == 1);
            expect(ran_db == (hit ? 1 : 0) && taken == hit);
            return hit;
        });
        told("queue_delayed_work, another item armed", n, stride);
        n = at_each_boundary(stride, [&](unsigned long k) {
            begin(false);
            bool first = false;
            const bool hit = with_signal_at(k, act_da, [&] { first = arm_da(); });
            end_delayed();
            const unsigned calls = (first ? 1U : 0U) + (taken ? 1U : 0U);
            expect(ran_da == calls && calls >= 1);
            return hit;
        });
        told("queue_delayed_work, the same item armed", n, stride);
        n = at_each_boundary(stride, [&](unsigned long k) {
            begin(false);
            bool first = false;
            const bool hit = with_signal_at(k, act_a, [&] { first = arm_da(); });
            end_delayed();
            expect(first && ran_da == 1);
            expect(ran_a == (hit ? 1 : 0) && taken == hit);
            return hit;
        });
        told("queue_delayed_work, an item queued", n, stride);
    }
    CHECK(library.heard() == "");
}

#else

TEST_CASE("queue_work: a signal handler queues at each instruction", "[queue_work][signal][stress]") {
    std::printf("skipped: this needs the trap flag of x86-64, and a build without TSan\n");
    SUCCEED();
}

#endif
