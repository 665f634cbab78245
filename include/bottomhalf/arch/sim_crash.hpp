// SPDX-License-Identifier: MIT
// sim_crash.hpp: what would end the program, a bad pointer or a division by zero, ends a run of the simulated world instead.
//
//   crash_guard catches([](void* arg, const crash& f) { world.give_up("..."); }, nullptr);   // must not return
//
// The handler runs on a stack of its own, since the task's may be what is at fault, and leaves it by switching to the one
// that has begun the run: the task is abandoned.  A fault outside of any world, and one on another thread, is what it was
// before.  Under a sanitizer there is no guard: it has better words for it.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include <ucontext.h>

#include <bottomhalf/arch/sim_task.hpp>
#include <bottomhalf/detail/annotations.hpp>

#if BOTTOMHALF_ASAN || BOTTOMHALF_TSAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace bottomhalf::arch {

struct crash {
    const char* name = "";           // "SIGSEGV"
    const void* address = nullptr;   // if it has one
    const void* pc = nullptr;        // where in the code
    std::uint64_t suspect = 0;       // a register's value that looks as if it came from where nothing is
};

/// Whether each byte of `v`, but the lowest (of an offset), is `byte`.
[[nodiscard]] constexpr bool looks_like(std::uint64_t v, unsigned char byte) noexcept {
    return v >> 16 == (byte * std::uint64_t{0x0101010101010101}) >> 16;
}

class crash_guard {
public:
    using handler = void(void* arg, const crash& f);

    crash_guard(handler* f, void* arg, unsigned char poison, unsigned char other) noexcept
        : f_(f), arg_(arg), poison_{poison, other}, outer_(guard_) {
        guard_ = this;
#if !BOTTOMHALF_ASAN && !BOTTOMHALF_TSAN
        stack_.reset(new (std::nothrow) char[stack_size]);
        if (stack_ == nullptr) return;
        stack_t mine{};
        mine.ss_sp = stack_.get();
        mine.ss_size = stack_size;
        ::sigaltstack(&mine, &stack_before_);
        struct sigaction act {};
        act.sa_sigaction = &heard;
        act.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;   // it does not return, so nobody would unblock the signal
        for (std::size_t i = 0; i < n; ++i) ::sigaction(signals[i], &act, &before_[i]);
#endif
    }
    crash_guard(const crash_guard&) = delete;
    crash_guard& operator=(const crash_guard&) = delete;
    ~crash_guard() {
        guard_ = outer_;
#if !BOTTOMHALF_ASAN && !BOTTOMHALF_TSAN
        if (stack_ == nullptr) return;
        for (std::size_t i = 0; i < n; ++i) ::sigaction(signals[i], &before_[i], nullptr);
        ::sigaltstack(&stack_before_, nullptr);
#endif
    }

private:
    static constexpr std::size_t n = 4;
    static constexpr int signals[n] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    static constexpr const char* names[n] = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"};
    static constexpr std::size_t stack_size = std::size_t{128} * 1024;

    handler* const f_;
    void* const arg_;
    const unsigned char poison_[2];
    crash_guard* const outer_;
    std::unique_ptr<char[]> stack_;
    stack_t stack_before_{};
    struct sigaction before_[n] = {};
    BOTTOMHALF_STATE static inline constinit thread_local crash_guard* guard_
        __attribute__((tls_model("initial-exec"))) = nullptr;

    static void heard(int signo, siginfo_t* info, void* context) {
        std::size_t i = 0;
        while (i + 1 < n && signals[i] != signo) ++i;
        crash_guard* const g = guard_;
        if (g == nullptr) {   // another thread's
            ::signal(signo, SIG_DFL);
        } else if (detail::simulation.world == nullptr || info->si_code <= 0) {   // nobody's, or sent by somebody
            ::sigaction(signo, &g->before_[i], nullptr);
        } else {
            crash f{names[i], info->si_addr, nullptr, 0};
            g->look_into(*static_cast<const ucontext_t*>(context), f);
            g->f_(g->arg_, f);
        }
        if (info->si_code <= 0) ::raise(signo);   // otherwise it comes again by itself
    }
    void look_into([[maybe_unused]] const ucontext_t& c, [[maybe_unused]] crash& f) const noexcept {
#if defined(__x86_64__)
        f.pc = reinterpret_cast<const void*>(c.uc_mcontext.gregs[REG_RIP]);
        for (const int r : {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9, REG_R10,
                            REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP})
            suspect(static_cast<std::uint64_t>(c.uc_mcontext.gregs[r]), f);
#elif defined(__aarch64__)
        f.pc = reinterpret_cast<const void*>(c.uc_mcontext.pc);
        for (const auto r : c.uc_mcontext.regs) suspect(r, f);
#endif
        suspect(reinterpret_cast<std::uintptr_t>(f.address), f);
    }
    void suspect(std::uint64_t v, crash& f) const noexcept {
        if (looks_like(v, poison_[0]) || (f.suspect == 0 && looks_like(v, poison_[1]))) f.suspect = v;
    }
};

/// Before a sanitizer ends the program it calls `f`.  Without one: never.
inline void before_death([[maybe_unused]] void (*f)()) noexcept {
#if BOTTOMHALF_ASAN || BOTTOMHALF_TSAN
    __sanitizer_set_death_callback(f);
#endif
}

}   // namespace bottomhalf::arch
