// SPDX-License-Identifier: MIT
// context.hpp: who may do what here.  The kernel's three contexts, and its count of what forbids sleeping.
//
//   hardirq   a top half: inside the signal handler of the thread that stands for a CPU
//   softirq   a timer callback, a tasklet
//   process   a work item, or any plain thread: the only one that may sleep
//
// preempt_count has the kernel's layout: bits 0-7 preemption, 8-15 softirq, 16-19 hardirq, 20-23 NMI.
#pragma once

#include <cstdint>

#include <exception>
#include <typeinfo>

#include <cxxabi.h>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf {

inline constexpr std::uint32_t preempt_offset = 1;
inline constexpr std::uint32_t softirq_offset = 0x100;   // serving one; local_bh_disable() adds twice that
inline constexpr std::uint32_t hardirq_offset = 0x10000;
inline constexpr std::uint32_t softirq_mask = 0xff00;
inline constexpr std::uint32_t hardirq_mask = 0xf0000;
inline constexpr std::uint32_t nmi_mask = 0xf00000;

template <class Arch>
struct context {
    // Plain accesses: a handler that interrupts us leaves the count as it found it.
    [[nodiscard]] static std::uint32_t preempt_count() noexcept { return Arch::current().preempt_count; }
    [[nodiscard]] static bool in_hardirq() noexcept { return (preempt_count() & hardirq_mask) != 0; }
    [[nodiscard]] static bool in_softirq() noexcept { return (preempt_count() & softirq_mask) != 0; }
    [[nodiscard]] static bool in_serving_softirq() noexcept { return (preempt_count() & softirq_offset) != 0; }
    [[nodiscard]] static bool in_interrupt() noexcept {
        return (preempt_count() & (nmi_mask | hardirq_mask | softirq_mask)) != 0;
    }
    [[nodiscard]] static bool in_task() noexcept {
        return (preempt_count() & (nmi_mask | hardirq_mask | softirq_offset)) == 0;
    }
    [[nodiscard]] static bool in_atomic() noexcept { return preempt_count() != 0; }
    [[nodiscard]] static bool irqs_disabled() noexcept { return in_hardirq() || Arch::irqs_masked(); }
    static void add(std::uint32_t n) noexcept { Arch::current().preempt_count += n; }
    static void sub(std::uint32_t n) noexcept { Arch::current().preempt_count -= n; }

    /// Stands at the head of every call that may sleep.  Return: whether it may; the report has been made if not.
    static bool might_sleep(const char* function, location at) noexcept {
        if (!in_atomic() && !irqs_disabled()) [[likely]]
            return true;
        char comm[arch::comm_len];
        Arch::thread_name(comm);
        detail::say(
            channel::kernel, severity::bug, function, at,
            "sleeping function called from invalid context at %s:%u\n"
            "in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %d, name: %s\npreempt_count: %x, expected: 0",
            at.file_name(), static_cast<unsigned>(at.line()), in_atomic() ? 1 : 0, irqs_disabled() ? 1 : 0,
            static_cast<int>(Arch::thread_id()), comm, static_cast<unsigned>(preempt_count()));
        return false;
    }
};

namespace detail {

/// Calls a user's function, whose argument may be a facade's struct: ours under the kernel's name.
template <class T>
BOTTOMHALF_CALLS_ALIASES inline void call(void (*function)(T*), T* object) {
    function(object);
}
/// Calls f(), which ends with a function of the user's.  Nothing that he throws ends our thread.
template <class F>
void contain(const char* function, const char* what, [[maybe_unused]] const void* address, F f) noexcept {
#if BOTTOMHALF_EXCEPTIONS
    const auto complain = [&](const char* thrown, const char* type) {
        say(channel::advice, severity::bug, function, location::current(), "an exception left the %s %p: %s%s", what,
            address, thrown, type);
    };
    try {
        f();
    } catch (const std::exception& e) {
        complain(e.what(), "");
    } catch (...) {
#if defined(__cpp_rtti)
        const std::type_info* type = abi::__cxa_current_exception_type();
        complain("not a std::exception, but of type ", type != nullptr ? type->name() : "?");
#else
        complain("not a std::exception", "");
#endif
    }
#else
    static_cast<void>(function), static_cast<void>(what);
    f();
#endif
}
/// Whether fresh memory holds something of ours is asked by reading it.  To the compiler an automatic variable that nobody
/// has written holds nothing, and what depends on it may be dropped; now it holds what is there.
template <class T>
void read_as_it_is(T& fresh) noexcept {
    asm volatile("" : "+m"(fresh));
}
/// Counts a scope as hardirq or softirq.
template <class Arch>
class in_context {
public:
    explicit in_context(std::uint32_t offset) noexcept : offset_(offset) { context<Arch>::add(offset); }
    ~in_context() { context<Arch>::sub(offset_); }
    in_context(const in_context&) = delete;
    in_context& operator=(const in_context&) = delete;

private:
    std::uint32_t offset_;
};

/// The facades' barriers.  For the engine's fence a plain access is none of its business; here the compiler keeps those in
/// place, too.
template <class Arch>
void fence(std::memory_order order) noexcept {
    asm volatile("" : : : "memory");
    Arch::fence(order);
    asm volatile("" : : : "memory");
}

/// Sleeps until `word` differs from `expected`, or `deadline`.  Tells the worker pool, which may start another worker.
/// Return: false if the deadline passed first.
template <class Arch>
bool block(std::uint32_t& word, std::uint32_t expected, arch::ns_t deadline, const char* why) noexcept {
    typename Arch::template atomic_ref<std::uint32_t> w(word);
    if (w.load(acquire) != expected) return true;
    arch::task& t = Arch::current();
    bool replaced = t.blocks == nullptr || t.blocks(t);
    bool in_time = true;
    while (w.load(acquire) == expected) {
        // While nobody could be found to take over from us, whoever would wake us may be waiting for just that.
        constexpr arch::ns_t patience = 1'000'000'000;   // as long as the kernel waits before it tries again
        const arch::ns_t until = replaced ? arch::forever : Arch::now() + patience;
        if (Arch::park(word, expected, until < deadline ? until : deadline, why)) continue;
        in_time = until < deadline;
        if (!in_time) break;
        replaced = t.blocks(t);
    }
    if (t.runs != nullptr) t.runs(t);
    return in_time || w.load(acquire) != expected;
}
}   // namespace detail
}   // namespace bottomhalf
