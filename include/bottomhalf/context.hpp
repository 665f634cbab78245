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
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf {

inline constexpr std::uint32_t preempt_offset = 1;
inline constexpr std::uint32_t preempt_mask = 0xff;
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
    /// Whether this runs on top of code of the same thread that may be inside malloc() or stdio: a top half, and on threads
    /// the softirqs at its end.  In the simulator nobody is ever interrupted there; its top halves are treated alike.
    [[nodiscard]] static bool has_interrupted() noexcept {
        if (in_hardirq()) return true;
        if constexpr (Arch::simulated) return false;
        return Arch::current().ends_interrupt != 0;
    }
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
    /// Undoes one add(preempt_offset), by the driver.  One too many is reported, and changes nothing.
    static void enable_preemption(location at) noexcept {
        if ((preempt_count() & preempt_mask) != 0) [[likely]]
            return sub(preempt_offset);
        detail::say(channel::kernel, severity::warn, "preempt_count_sub", at,
                    "DEBUG_LOCKS_WARN_ON(val > preempt_count()): enabled once too often");
    }

    /// Stands at the head of every call that may sleep.  Return: whether it may; the report has been made if not.
    static bool might_sleep(const char* function, location at) noexcept {
        if (!in_atomic() && !irqs_disabled()) [[likely]]
            return true;
        char comm[arch::comm_len];
        Arch::thread_name(comm);
        detail::say(
            channel::kernel, severity::bug, function, at,
            "sleeping function called from invalid context at %s:%u\n"
            "in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %d, name: %s\npreempt_count: %x, expected: 0\n"
            "contexts: %s",
            at.file_name(), static_cast<unsigned>(at.line()), in_atomic() ? 1 : 0, irqs_disabled() ? 1 : 0,
            static_cast<int>(Arch::thread_id()), comm, static_cast<unsigned>(preempt_count()), stack().text);
        return false;
    }
    /// What we are in, the innermost first, as far as the count tells: "hardirq in softirq in task, preemption off".
    struct stack_text {
        char text[128];
    };
    static stack_text stack() noexcept {
        const std::uint32_t count = preempt_count();
        stack_text s{};
        std::size_t n = 0;
        const auto add = [&](const char* what) {
            while (*what != '\0' && n + 1 < sizeof s.text) s.text[n++] = *what++;
        };
        for (std::uint32_t h = count & hardirq_mask; h != 0; h -= hardirq_offset) add("hardirq in ");
        if ((count & softirq_offset) != 0) add("softirq in ");
        add("task");
        if ((count & softirq_mask) >= 2 * softirq_offset) add(", bottom halves off");
        if ((count & preempt_mask) != 0) add(", preemption off");
        if (Arch::irqs_masked() && (count & hardirq_mask) == 0) add(", interrupts off");
        return s;
    }
};

namespace detail {

/// Calls a user's function, whose argument may be a facade's struct: ours under the kernel's name.
template <class T>
BOTTOMHALF_CALLS_ALIASES inline void call(void (*function)(T*), T* object) {
    function(object);
}
#if BOTTOMHALF_EXCEPTIONS
/// Context: a handler of the exception.
BOTTOMHALF_COLD inline void complain_of_exception(const char* function, const char* what,
                                                  const void* address) noexcept {
    const auto complain = [&](const char* thrown, const char* type) {
        say(channel::advice, severity::bug, function, location::current(), "an exception left the %s %p: %s%s", what,
            address, thrown, type);
    };
    try {
        throw;
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
}
#endif
/// Calls f(), which ends with a function of the user's.  Nothing that he throws ends our thread.
template <class Arch, class F>
BOTTOMHALF_INLINE void contain(const char* function, const char* what, const void* address, F f) noexcept {
    Arch::tell_of_call(true, what, address);
#if BOTTOMHALF_EXCEPTIONS
    try {
        f();
    } catch (...) {
        complain_of_exception(function, what, address);
    }
#else
    static_cast<void>(function);
    f();
#endif
    Arch::tell_of_call(false, what, address);
}
/// Whether fresh memory holds something of ours is asked by reading it.  To the compiler an automatic variable that nobody
/// has written holds nothing, and what depends on it may be dropped; now it holds what is there.
template <class T>
void read_as_it_is(T& fresh) noexcept {
    asm volatile("" : "+m"(fresh));
}
/// Somebody to be woken.  Nothing else of a CPU runs while it is in interrupt: whoever is woken there, by the interrupt, on
/// its own CPU, begins after it.  So the wake-up waits for the end of the outermost scope.
struct later_wake {
    std::uint32_t* word;   // I: on which he sleeps; of one that may go, the address only is used
    later_wake* next = nullptr;
    std::uint32_t queued = 0;   // A [later.wake] it is on somebody's list
};
/// Counts a scope as hardirq or softirq.
template <class Arch>
class in_context {
    using slot = typename Arch::template atomic_ref<void*>;

public:
    explicit in_context(std::uint32_t offset) noexcept : offset_(offset) { context<Arch>::add(offset); }
    ~in_context() {
        context<Arch>::sub(offset_);
        wake_if_outside();
    }
    /// An interrupt and the softirqs at its end: whom either wakes begins after both.
    class whole_interrupt {
    public:
        whole_interrupt() noexcept { ++Arch::current().holds_wakes; }
        ~whole_interrupt() {
            --Arch::current().holds_wakes;
            wake_if_outside();
        }
        whole_interrupt(const whole_interrupt&) = delete;
        whole_interrupt& operator=(const whole_interrupt&) = delete;
    };
    static void wake_if_outside() noexcept {
        arch::task& t = Arch::current();
        if (slot(t.wakes_later).load(relaxed) != nullptr && is_outside()) [[unlikely]]   // relaxed: our own thread's
            wake_all(static_cast<later_wake*>(slot(t.wakes_later).exchange(nullptr, relaxed)));
    }
    /// Return: false if the caller, who is on `cpu`, is not in interrupt there: then he wakes it himself.
    static bool postpone(later_wake& w, int cpu) noexcept {
        arch::task& t = Arch::current();
        if (is_outside() || t.cpu != cpu) return false;
        // [later.wake] acq_rel: who finds it queued leaves what he wrote to whoever takes it off a list to wake it
        if (flag(w.queued).exchange(1, acq_rel) != 0) return true;
        // relaxed: our own thread's; but an interrupt may come between, and leave its own.
        void* first = slot(t.wakes_later).load(relaxed);
        do w.next = static_cast<later_wake*>(first);
        while (!slot(t.wakes_later).compare_exchange_weak(first, &w, relaxed, relaxed));
        return true;
    }
    in_context(const in_context&) = delete;
    in_context& operator=(const in_context&) = delete;

private:
    using flag = typename Arch::template atomic_ref<std::uint32_t>;

    BOTTOMHALF_COLD static void wake_all(later_wake* newest) noexcept {
        for (later_wake *w = reversed(newest), *next = nullptr; w != nullptr; w = next) {
            next = w->next;
            std::uint32_t& word = *w->word;
            flag(w->queued).exchange(0, acq_rel);   // [later.wake] from here on it is somebody else's, and may go
            Arch::unpark(word, 1);
        }
    }
    static bool is_outside() noexcept {
        return !context<Arch>::in_hardirq() && !context<Arch>::in_serving_softirq() && Arch::current().holds_wakes == 0;
    }
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
        constexpr arch::ns_t patience = 100'000'000;   // as often as the kernel calls its rescuers meanwhile
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
