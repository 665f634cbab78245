// SPDX-License-Identifier: MIT
// fiber.hpp: a stack of its own for each task of the simulator, and the switch from one to another.
//
//   fiber outside, worker;
//   outside.adopt();                            // stands for whoever calls: the OS thread's own stack
//   worker.create([](void* p) { ...; fiber::leave(worker, outside); }, nullptr);
//   fiber::switch_to(outside, worker);          // returns when somebody switches back
//   worker.release();                           // its stack goes back to the pool
//
// A switch saves what a function must preserve, and what a thread would have had to itself: errno, the exceptions that
// are being handled, the floating-point modes.  The sanitizers are told, and valgrind.  It does not touch the signal mask
// (that costs twenty times the rest), except where ucontext does the switching: on processors other than the two below, or
// with BOTTOMHALF_FIBER_UCONTEXT defined to 1.  Not for programs that run with a hardware shadow stack.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <cxxabi.h>
#include <sys/mman.h>

#include <bottomhalf/detail/annotations.hpp>

#if !defined(BOTTOMHALF_FIBER_UCONTEXT)
#if (defined(__x86_64__) && defined(__LP64__)) || (defined(__aarch64__) && defined(__LP64__))
#define BOTTOMHALF_FIBER_UCONTEXT 0
#else
#define BOTTOMHALF_FIBER_UCONTEXT 1
#endif
#endif
#if BOTTOMHALF_FIBER_UCONTEXT
#include <ucontext.h>
#endif
#if BOTTOMHALF_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif
#if BOTTOMHALF_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

#if !BOTTOMHALF_FIBER_UCONTEXT
/// Saves the callee's registers and the floating-point modes on this stack, leaves its top in *save, and continues with
/// what `load` points to: the top of a stack that was left in the same way, or laid out by fiber::create().
extern "C" __attribute__((visibility("hidden"))) void bottomhalf_fiber_switch(void** save, void* load);

// One copy however many files include this: .ifndef for link-time optimisation, which puts the text of several files
// into one assembly; the weak symbol in a section group for everybody else.  The CFI holds before the stacks change and
// after, for both have the same shape.
#if defined(__x86_64__)
asm(R"(
.ifndef bottomhalf_fiber_switch
.pushsection .text.bottomhalf_fiber_switch,"axG",@progbits,bottomhalf_fiber_switch,comdat
.weak bottomhalf_fiber_switch
.hidden bottomhalf_fiber_switch
.type bottomhalf_fiber_switch,@function
bottomhalf_fiber_switch:
    .cfi_startproc
    endbr64
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    .cfi_adjust_cfa_offset 56
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -56
    ret
    .cfi_endproc
.size bottomhalf_fiber_switch,.-bottomhalf_fiber_switch
.popsection
.endif
)");
#else
// Where to continue is kept apart from the link register, so that a new fiber starts with a link register of 0: there
// an unwinder stops.
asm(R"(
.ifndef bottomhalf_fiber_switch
.pushsection .text.bottomhalf_fiber_switch,"axG",@progbits,bottomhalf_fiber_switch,comdat
.weak bottomhalf_fiber_switch
.hidden bottomhalf_fiber_switch
.type bottomhalf_fiber_switch,@function
bottomhalf_fiber_switch:
    .cfi_startproc
    hint #34
    sub sp, sp, #176
    .cfi_adjust_cfa_offset 176
    mrs x10, fpcr
    stp x30, x10, [sp, #160]
    stp d8, d9, [sp]
    stp d10, d11, [sp, #16]
    stp d12, d13, [sp, #32]
    stp d14, d15, [sp, #48]
    stp x19, x20, [sp, #64]
    stp x21, x22, [sp, #80]
    stp x23, x24, [sp, #96]
    stp x25, x26, [sp, #112]
    stp x27, x28, [sp, #128]
    stp x29, x30, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x16, x10, [sp, #160]
    msr fpcr, x10
    ldp d8, d9, [sp]
    ldp d10, d11, [sp, #16]
    ldp d12, d13, [sp, #32]
    ldp d14, d15, [sp, #48]
    ldp x19, x20, [sp, #64]
    ldp x21, x22, [sp, #80]
    ldp x23, x24, [sp, #96]
    ldp x25, x26, [sp, #112]
    ldp x27, x28, [sp, #128]
    ldp x29, x30, [sp, #144]
    add sp, sp, #176
    .cfi_adjust_cfa_offset -176
    ret x16
    .cfi_endproc
.size bottomhalf_fiber_switch,.-bottomhalf_fiber_switch
.popsection
.endif
)");
#endif
#endif

namespace bottomhalf::arch {

class fiber;

namespace detail {
/// Stacks that nobody uses, most recent first, each with the address of the next in its last word.  They stay mapped:
/// as many as were ever in use at once.
struct stack_pool {
    std::mutex lock;
    void* free = nullptr;   // lowest usable byte
};
BOTTOMHALF_STATE inline constinit stack_pool stacks{};

/// The switch in progress: whoever arrives learns from it who it is and where it came from.
struct fiber_crossing {
    fiber* from = nullptr;
    fiber* to = nullptr;
};
BOTTOMHALF_STATE inline constinit thread_local fiber_crossing crossing __attribute__((tls_model("initial-exec"))){};

/// What the C++ ABI keeps for each thread: without it a fiber that is switched away from inside a catch block would
/// rethrow, or destroy, the exception of another.
struct exceptions_in_flight {
    void* caught;
    unsigned uncaught;
};
}   // namespace detail

/// A stack and the place where its code goes on.  Bound to the OS thread that created it.
class fiber {
public:
    static constexpr std::size_t stack_size = std::size_t{256} * 1024;   // sanitizers double and triple the frames
    static constexpr std::size_t guard_size = std::size_t{64} * 1024;   // pages that trap: a large frame hits them, too

    fiber() noexcept = default;
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;

    /// A fiber that has not ended is abandoned: its stack stays mapped for good, and what lives on it is never
    /// destroyed.  It cannot be: unwinding it would have to throw through functions that are noexcept.
    ~fiber() {
#if BOTTOMHALF_ASAN
        // Whoever abandons fibers has said why; the leaks that follow from it would be noise.
        if (stack_ != nullptr && !ended_) __lsan_register_root_region(stack_, stack_size);
#endif
        if (ended_) release();
#if BOTTOMHALF_TSAN
        if (stack_ != nullptr) __tsan_destroy_fiber(tsan_);
#endif
    }

    /// This object stands for the caller from now on: for the OS thread, on the stack that it came with.
    void adopt() noexcept {
        find_thread();
#if BOTTOMHALF_TSAN
        tsan_ = __tsan_get_current_fiber();
#endif
    }

    /// Prepares a fiber whose first switch_to() calls `fn(arg)`.  `fn` must not return or throw; it ends with leave().
    /// One that has ended, or was abandoned, keeps its stack for that.
    /// Return: false if there was no memory for its stack.
    [[nodiscard]] bool create(void (*fn)(void*), void* arg) noexcept {
        if (stack_ == nullptr) {
            stack_ = take_stack();
            if (stack_ == nullptr) return false;
        } else {
#if BOTTOMHALF_ASAN
            __asan_unpoison_memory_region(stack_, stack_size);   // of the frames that were never returned from
#endif
#if BOTTOMHALF_TSAN
            __tsan_destroy_fiber(tsan_);
#endif
        }
        fn_ = fn;
        arg_ = arg;
        ended_ = false;
        exceptions_ = {};
        errno_ = 0;
        find_thread();
        lay_out();
#if BOTTOMHALF_ASAN
        bottom_ = stack_;
        size_ = stack_size;
        fake_ = nullptr;
#endif
#if BOTTOMHALF_TSAN
        tsan_ = __tsan_create_fiber(0);
#endif
        return true;
    }

    /// Leaves `from`, which is the caller, and goes on in `to`.  Returns when somebody switches back to `from`.
    static void switch_to(fiber& from, fiber& to) noexcept {
        from.depart(to);
        from.jump(to);
        from.arrive();
    }

    /// Leaves `from` for good.
    [[noreturn]] static void leave(fiber& from, fiber& to) noexcept {
        from.ended_ = true;
        from.depart(to);
        from.jump(to);
        std::abort();   // an ended fiber was continued
    }

    /// Gives the stack of an ended fiber back.  Not on that stack.
    void release() noexcept {
        if (stack_ == nullptr) return;
#if BOTTOMHALF_TSAN
        __tsan_destroy_fiber(tsan_);
#endif
        give_stack(stack_);
        stack_ = nullptr;
    }

    /// It will not go on, and its stack is free.  What lives there is not destroyed; nobody may refer to it any more.  The
    /// exceptions that it was handling do not live there, and are.
    void abandon() noexcept {
        ended_ = true;
        if (exceptions_.caught != nullptr) [[unlikely]]
            end_catches();
    }

    [[nodiscard]] void* stack() const noexcept { return stack_; }
    /// Whether `p` is in a frame of this fiber, which must be the caller.
    [[nodiscard]] bool is_on_stack(const void* p) const noexcept {
#if BOTTOMHALF_ASAN
        // It may keep frames elsewhere, so that their use after return is seen.
        if (__asan_addr_is_in_fake_stack(__asan_get_current_fake_stack(), const_cast<void*>(p), nullptr, nullptr) !=
            nullptr)
            return true;
#endif
        return reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(stack_) < stack_size;
    }
    /// Is it where this one's stack would overflow to?
    [[nodiscard]] bool guards(const void* address) const noexcept {
        const auto end = reinterpret_cast<std::uintptr_t>(stack_), at = reinterpret_cast<std::uintptr_t>(address);
        return stack_ != nullptr && at < end && at >= end - guard_size;
    }

private:
    void* stack_ = nullptr;   // lowest usable byte; below it are pages that trap
    bool ended_ = false;
    int errno_ = 0;
    detail::exceptions_in_flight exceptions_{};
    int* errno_at_ = nullptr;   // both of the OS thread, which has a call for each of them
    void* exceptions_at_ = nullptr;
    void (*fn_)(void*) = nullptr;
    void* arg_ = nullptr;
#if BOTTOMHALF_FIBER_UCONTEXT
    ucontext_t context_;
#else
    void* top_ = nullptr;   // while not running: where bottomhalf_fiber_switch() left the stack
#endif
#if BOTTOMHALF_ASAN
    const void* bottom_ = nullptr;   // of an adopted stack: told to us by the first fiber that we switch to
    std::size_t size_ = 0;
    void* fake_ = nullptr;
#endif
#if BOTTOMHALF_TSAN
    void* tsan_ = nullptr;
#endif

    void find_thread() noexcept {
        errno_at_ = &errno;
        exceptions_at_ = abi::__cxa_get_globals();
    }
    void depart(fiber& to) noexcept {
        errno_ = *errno_at_;
        std::memcpy(&exceptions_, exceptions_at_, sizeof exceptions_);
        detail::crossing = {this, &to};
#if BOTTOMHALF_ASAN
        __sanitizer_start_switch_fiber(ended_ ? nullptr : &fake_, to.bottom_, to.size_);
#endif
    }
    /// The word to TSan and the switch are in one function: TSan counts how deep each fiber is in calls, and what one
    /// side has entered the other must return from.
    void jump(fiber& to) noexcept {
#if BOTTOMHALF_TSAN
        __tsan_switch_to_fiber(to.tsan_, 0);
#endif
#if BOTTOMHALF_FIBER_UCONTEXT
        ::swapcontext(&context_, &to.context_);
#else
        bottomhalf_fiber_switch(&top_, to.top_);
#endif
    }
    void arrive() noexcept {
#if BOTTOMHALF_ASAN
        fiber& from = *detail::crossing.from;
        __sanitizer_finish_switch_fiber(fake_, &from.bottom_, &from.size_);
#endif
        std::memcpy(exceptions_at_, &exceptions_, sizeof exceptions_);
        *errno_at_ = errno_;
    }
    /// As if each of its catch blocks had come to its end.
    BOTTOMHALF_COLD void end_catches() noexcept {
        detail::exceptions_in_flight mine;
        void* const here = exceptions_at_;
        std::memcpy(&mine, here, sizeof mine);
        while (exceptions_.caught != nullptr) {
            std::memcpy(here, &exceptions_, sizeof exceptions_);
            abi::__cxa_end_catch();   // of the innermost
            std::memcpy(&exceptions_, here, sizeof exceptions_);
        }
        std::memcpy(here, &mine, sizeof mine);
    }
    static void enter() noexcept {
        fiber& self = *detail::crossing.to;
        self.arrive();
        self.fn_(self.arg_);
        std::abort();   // there is nowhere to return to
    }

#if BOTTOMHALF_FIBER_UCONTEXT
    void lay_out() noexcept {
        ::getcontext(&context_);
        context_.uc_stack.ss_sp = stack_;
        context_.uc_stack.ss_size = stack_size;
        context_.uc_link = nullptr;
        ::makecontext(&context_, &enter, 0);
    }
#else
    void lay_out() noexcept {
        void* const end = static_cast<char*>(stack_) + stack_size;   // aligned to a page
#if defined(__x86_64__)
        // modes, r15, r14, r13, r12, rbx, rbp, enter(), and the return address that enter() sees: 0 ends a backtrace.
        std::uintptr_t frame[] = {0x0000'037f'0000'1f80, 0, 0, 0, 0, 0, 0, reinterpret_cast<std::uintptr_t>(&enter), 0};
#else
        std::uintptr_t frame[22] = {};   // d8-d15, x19-x30, enter(), modes
        frame[20] = reinterpret_cast<std::uintptr_t>(&enter);
#endif
        top_ = static_cast<char*>(end) - sizeof frame;
        std::memcpy(top_, frame, sizeof frame);
    }
#endif

    static void*& next_free(void* stack) noexcept {
        return *reinterpret_cast<void**>(static_cast<char*>(stack) + stack_size - sizeof(void*));
    }
    static void* take_stack() noexcept {
        {
            const std::lock_guard hold(detail::stacks.lock);
            if (void* const stack = detail::stacks.free; stack != nullptr) {
                detail::stacks.free = next_free(stack);
                return stack;
            }
        }
        constexpr std::size_t size = guard_size + stack_size;
        void* const map = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (map == MAP_FAILED) return nullptr;
        void* const stack = static_cast<char*>(map) + guard_size;
        if (::mprotect(stack, stack_size, PROT_READ | PROT_WRITE) != 0) {
            ::munmap(map, size);
            return nullptr;
        }
        tell_valgrind(stack);
        return stack;
    }
    /// That this is a stack: otherwise, where another is near enough, a switch looks to it like a frame that is left, and what
    /// lies between like memory that nobody may touch.  It stays one, as it stays mapped.
    static void tell_valgrind([[maybe_unused]] void* stack) noexcept {
#if defined(VALGRIND_STACK_REGISTER)
        static_cast<void>(VALGRIND_STACK_REGISTER(stack, static_cast<char*>(stack) + stack_size));
#endif
    }
    static void give_stack(void* stack) noexcept {
#if BOTTOMHALF_ASAN
        __asan_unpoison_memory_region(stack, stack_size);   // of the frames that were never returned from
#endif
        const std::lock_guard hold(detail::stacks.lock);
        next_free(stack) = detail::stacks.free;
        detail::stacks.free = stack;
    }
};

}   // namespace bottomhalf::arch
