// SPDX-License-Identifier: MIT
// stack_guard.hpp: what is said where a bare SIGSEGV would say nothing: of a task that has used up its stack.
//
//   const overflow_watch watch{&explain};   // explain(address), for each fault of this process, until the scope ends
//
// A fault on a stack that is full needs another stack for its handler; the thread is given one, unless it has one already.
// What the handler has said goes before what would have happened anyhow: whoever had the signal before is called next, and if
// that was nobody the process dies of it.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <mutex>

#include <sys/mman.h>

#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::arch {

namespace detail {

/// The stack of a thread's handlers, for as long as the thread lives.
class handler_stack {
public:
    handler_stack() noexcept = default;
    handler_stack(const handler_stack&) = delete;
    handler_stack& operator=(const handler_stack&) = delete;
    ~handler_stack() {
        if (memory_ == nullptr) return;
        stack_t now{};
        ::sigaltstack(nullptr, &now);
        if (now.ss_sp == memory_) {
            now.ss_flags = SS_DISABLE;
            ::sigaltstack(&now, nullptr);
        }
        ::munmap(memory_, size);
    }
    /// Context: the thread itself, not in such a handler.
    void provide() noexcept {
        stack_t now{};
        if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
        if (memory_ == nullptr) {
            void* const map = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (map == MAP_FAILED) return;   // then it is a bare SIGSEGV
            memory_ = map;
        }
        now = {};
        now.ss_sp = memory_;
        now.ss_size = size;
        ::sigaltstack(&now, nullptr);
    }

private:
    static constexpr std::size_t size = std::size_t{64} * 1024;

    void* memory_ = nullptr;
};
inline thread_local handler_stack stack_for_handlers;

struct fault_watch {
    std::mutex lock;
    unsigned users = 0;
    void (*explain)(const void* address) noexcept = nullptr;
    struct sigaction before {};
};

}   // namespace detail

/// Context: process; the explainer: the handler of SIGSEGV, on the thread that has faulted.
class overflow_watch {
public:
    using explainer = void(const void* address) noexcept;

    explicit overflow_watch(explainer* explain) noexcept {
        depth_ = 0;
        detail::stack_for_handlers.provide();
        const std::lock_guard hold(all_.lock);
        if (all_.users++ != 0) return;   // of another thread; they all say the same
        all_.explain = explain;
        ::sigaction(SIGSEGV, nullptr, &all_.before);   // by itself: the handler may be called at once
        struct sigaction mine {};
        mine.sa_sigaction = &fault;
        mine.sa_mask = all_.before.sa_mask;
        mine.sa_flags = SA_SIGINFO | SA_ONSTACK | (all_.before.sa_flags & SA_NODEFER);
        ::sigaction(SIGSEGV, &mine, nullptr);
    }
    ~overflow_watch() {
        const std::lock_guard hold(all_.lock);
        if (--all_.users != 0) return;
        struct sigaction now {};
        ::sigaction(SIGSEGV, nullptr, &now);
        // Somebody who has come after us keeps it; he may call ours, which passes everything on.
        if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == &fault) ::sigaction(SIGSEGV, &all_.before, nullptr);
    }
    overflow_watch(const overflow_watch&) = delete;
    overflow_watch& operator=(const overflow_watch&) = delete;

private:
    static void fault(int signal, siginfo_t* info, void* context) noexcept {
        const struct sigaction& before = all_.before;
        const bool ours = info->si_code > 0;   // the kernel's, not somebody's kill()
        if (ours) {
            const int saved = errno;
            all_.explain(info->si_addr);
            errno = saved;
        }
        const bool nobody =
            (before.sa_flags & SA_SIGINFO) == 0 && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN);
        if (nobody && !ours && before.sa_handler == SIG_IGN) return;
        if (nobody || ++depth_ > most) {
            ::signal(signal, SIG_DFL);
            if (!ours) ::raise(signal);
            return;   // to the same fault, of which it dies now
        }
        if ((before.sa_flags & SA_SIGINFO) != 0)
            before.sa_sigaction(signal, info, context);
        else
            before.sa_handler(signal);
        --depth_;
    }

    BOTTOMHALF_STATE static inline constinit detail::fault_watch all_{};
    /// Handlers that each take the other for the one before him would call each other for ever.  One that leaves by a jump
    /// counts, too; as often as that, no more.
    static constexpr unsigned most = 16;
    BOTTOMHALF_STATE static inline constinit thread_local unsigned depth_ __attribute__((tls_model("initial-exec"))) =
        0;
};

}   // namespace bottomhalf::arch
