// SPDX-License-Identifier: MIT
// irq_desc.hpp: what an interrupt line is: its number and its chip, what its drivers have asked for, and its state.
//
// Field names are the kernel's where drivers of interrupt chips see them (struct irq_data, struct irq_desc).
#pragma once

#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/detail/spinlock.hpp>

namespace bottomhalf {

inline constexpr unsigned nr_irqs = 63;      // lines of a machine's own, each a bit in a CPU's pending word
inline constexpr unsigned max_irqs = 1024;   // with those that are allocated, whose numbers begin behind

/// What handlers return; several of a shared line are or-ed.
enum class irqreturn : int { none = 0, handled = 1, wake_thread = 2 };

/// Of a request.  The numbers of today's <linux/interrupt.h>, and two above them for the era before.
namespace irq_flag {
inline constexpr unsigned long trigger = 0xf;
inline constexpr unsigned long shared = 0x80;
inline constexpr unsigned long percpu = 0x400;
inline constexpr unsigned long oneshot = 0x2000;   // the line stays masked until the threads are done
inline constexpr unsigned long no_suspend = 0x4000;
inline constexpr unsigned long cond_suspend = 0x40000;
inline constexpr unsigned long no_autoen = 0x80000;       // off until enable_irq()
inline constexpr unsigned long cond_oneshot = 0x200000;   // oneshot, if the others are
inline constexpr unsigned long legacy = 1UL << 40;        // 2.6: interrupts are on while the handler runs, unless
inline constexpr unsigned long fast = 1UL << 41;          //      it is fast: SA_INTERRUPT
}   // namespace irq_flag

/// How a line is wired, and how its interrupts come.
namespace irq_type {
inline constexpr std::uint32_t rising = 1, falling = 2, high = 4, low = 8, level = high | low, sense = 0xf;
}
/// irq_data's state, beside the type.
namespace irqd {
inline constexpr std::uint32_t per_cpu = 1U << 11, level = 1U << 13, wakeup = 1U << 14, disabled = 1U << 16,
                               masked = 1U << 17, in_progress = 1U << 18, started = 1U << 22;
}
/// What a chip's driver has said about a line (irq_set_status_flags()).
namespace irq_status {
inline constexpr std::uint32_t level = 1U << 8, per_cpu = 1U << 9, noprobe = 1U << 10, norequest = 1U << 11,
                               noautoen = 1U << 12, no_balancing = 1U << 13, move_pcntxt = 1U << 14,
                               nested_thread = 1U << 15, nothread = 1U << 16, disable_unlazy = 1U << 19;
}
namespace irq_chip_flag {
inline constexpr unsigned long set_type_masked = 1UL << 0, eoi_if_handled = 1UL << 1, skip_set_wake = 1UL << 4,
                               oneshot_safe = 1UL << 5;
}
/// What set_type() and its like return, beside errors.
namespace chip_says {
inline constexpr int ok = 0, no_copy = 1, done = 2;   // no_copy: it has noted the new type down itself
}

struct irq_common_data {
    std::uint32_t state_use_accessors = irqd::disabled | irqd::masked;   // guarded by the line's lock
    unsigned node = 0;
    void* handler_data = nullptr;
};

/// What the kernel calls struct irq_chip; the facades have it under that name.
struct irq_data;
struct BOTTOMHALF_ALIASES irq_chip_ops {
    const char* name = nullptr;
    unsigned (*startup)(irq_data*) = nullptr;
    void (*shutdown)(irq_data*) = nullptr;
    void (*enable)(irq_data*) = nullptr;
    void (*disable)(irq_data*) = nullptr;
    void (*ack)(irq_data*) = nullptr;
    void (*mask)(irq_data*) = nullptr;
    void (*mask_ack)(irq_data*) = nullptr;
    void (*unmask)(irq_data*) = nullptr;
    void (*eoi)(irq_data*) = nullptr;
    void (*set_affinity)() = nullptr;   // the facade's to call: it knows what a cpumask is
    int (*retrigger)(irq_data*) = nullptr;
    int (*set_type)(irq_data*, unsigned) = nullptr;
    int (*set_wake)(irq_data*, unsigned) = nullptr;
    void (*bus_lock)(irq_data*) = nullptr;   // around each call from process context, outside of the line's lock
    void (*bus_sync_unlock)(irq_data*) = nullptr;
    void (*get_state)() = nullptr;   // the facade's to call, too
    void (*set_state)() = nullptr;
    unsigned long flags = 0;
};

struct irq_data {
    std::uint32_t mask = 0;   // the chip's driver's own
    unsigned irq = 0;         // I
    unsigned long hwirq = 0;
    irq_common_data* common = nullptr;   // I
    irq_chip_ops* chip = nullptr;
    void* domain = nullptr;
    irq_data* parent_data = nullptr;
    void* chip_data = nullptr;

    // Relaxed: whoever acts on it has the line's lock; a driver's irqd_irq_masked(), which has not, learns that it was so.
    [[nodiscard]] std::uint32_t state() const noexcept {
        return __atomic_load_n(&common->state_use_accessors, __ATOMIC_RELAXED);   // seam-exempt: of no engine
    }
    [[nodiscard]] bool is(std::uint32_t bits) const noexcept { return (state() & bits) != 0; }
    /// Context: the line's lock is held.
    void change(std::uint32_t clear, std::uint32_t set) noexcept {
        __atomic_store_n(&common->state_use_accessors, (state() & ~clear) | set,   // seam-exempt: likewise
                         __ATOMIC_RELAXED);
    }
};

/// A handler, as it is asked for.
struct irq_action {
    using function = irqreturn(int irq, void* dev_id, void* cookie);
    function* handler = nullptr;   // null: only a thread
    void* cookie = nullptr;        // for the facades: their own handler
    void* dev_id = nullptr;
    const char* name = nullptr;
    unsigned long flags = 0;
    function* thread_fn = nullptr;   // in process context, in a thread of its own, when the handler has asked for it
    void* thread_cookie = nullptr;
};

template <class Arch>
struct kthread;
template <class Arch>
class irq_controller;

/// A handler, as a line has it.
template <class Arch>
struct irq_handler : detail::later_wake {
    irq_handler(const irq_action& wanted, unsigned number) noexcept : later_wake{&calls}, a(wanted), irq(number) {}

    irq_action a;
    unsigned irq = 0;                      // I
    irq_handler* next = nullptr;           // guarded by the line's lock; stable while the line is in progress
    irq_controller<Arch>* all = nullptr;   // I
    kthread<Arch>* thread = nullptr;       // I
    std::uint64_t thread_mask = 0;         // I: its bit in threads_oneshot; 0: the line need not wait for its thread
    std::uint32_t calls = 0;               // A [irq.thread] what the thread sleeps on: `run`, `stop`
    std::uint32_t asked = 0;               // A: its thread is to be woken
    static constexpr std::uint32_t run = 1, stop = 2;
};

/// What flow handlers, chips' drivers and chained handlers know of a line.
struct irq_desc {
    struct bottomhalf::irq_common_data irq_common_data;
    struct bottomhalf::irq_data irq_data;
    void (*handle_irq)(irq_desc*) = nullptr;   // A [irq.flow] the flow; written with lock
    unsigned depth = 1;                        // guarded by lock: disable_irq() calls outstanding; not started: 1
    unsigned wake_depth = 0;                   // guarded by lock
    std::uint32_t status_use_accessors = irq_status::norequest;   // A; written with lock
    const char* name = nullptr;
};

template <class Arch>
struct irq_line : irq_desc {
    /// What is to be done, guarded by lock.  The kernel's istate.
    static constexpr std::uint32_t spurious_disabled = 2, oneshot = 0x20, replay = 0x40, pending = 0x200;

    detail::spinlock<Arch> lock;
    irq_controller<Arch>* all = nullptr;   // I
    bool allocated = false;                // guarded by lock: a number that means something
    irq_handler<Arch>* action = nullptr;   // guarded by lock; stable while in progress
    std::uint32_t istate = 0;              // guarded by lock
    std::uint32_t cpu = 0;                 // A: whose port it goes to
    bool soft = false;                     // guarded by lock: of our own chip: while it is masked, none come
    std::uint32_t by_level = 0;            // A: such a one, and wired by level
    std::uint32_t asserted =
        0;   // A [irq.level] bit 0: until its handlers have been called; the others: devices' that hold it
    const arch::task* runner = nullptr;       // guarded by lock: who runs its handlers, while in progress
    std::uint64_t threads_oneshot = 0;        // guarded by lock: whom the masked line waits for
    std::uint32_t threads_active = 0;         // A [irq.threads] threads asked for and not done; who waits sleeps on it
    std::uint32_t threads_handled = 0;        // A: how often a thread said `handled`
    std::uint32_t threads_handled_last = 0;   // whoever is in progress: as of the last look; bit 31: look
    std::uint32_t irq_count = 0;              // whoever is in progress, as the next two: since the last look
    std::uint32_t irqs_unhandled = 0;         // of those, nobody's
    arch::ns_t last_unhandled = 0;
    bool polled = false;               // whoever is in progress: no interrupt has come, see irq_poll.hpp
    bool told = false;                 // whoever is in progress: its handlers' mistake has been reported
    std::uint64_t* counts = nullptr;   // A: entries per CPU, as /proc/interrupts has them
    unsigned nr_counts = 0;            // I
    std::uint32_t raised = 0;          // A [irq.raised] on a CPU's list
    irq_line* next_raised = nullptr;   // there
    bool listed = false;               // guarded by the controller's lock of those: among them
    irq_line* next_resend = nullptr;   // among those to be played again

    static irq_line& of(irq_desc* d) noexcept { return static_cast<irq_line&>(*d); }
    static irq_line& of(bottomhalf::irq_data* d) noexcept {
        return of(reinterpret_cast<irq_desc*>(reinterpret_cast<char*>(d) - offsetof(irq_desc, irq_data)));
    }
    /// A line may be raised while its chip's driver gives it another flow.  release, acquire: with what that one looks at.
    /// Not on the simulator: the flow begins with a step, its lock's, and nothing is to be found at one more.
    void set_flow(void (*f)(irq_desc*)) noexcept {
        if constexpr (Arch::simulated)
            this->handle_irq = f;
        else
            flow_word(this->handle_irq).store(f, release);   // [irq.flow]
    }
    void call_flow() noexcept {
        if constexpr (Arch::simulated)
            this->handle_irq(this);
        else
            flow_word(this->handle_irq).load(acquire)(this);   // [irq.flow]
    }
    [[nodiscard]] bool has_status(std::uint32_t any_of) noexcept {
        if constexpr (Arch::simulated)
            return (this->status_use_accessors & any_of) != 0;
        else   // relaxed: they say nothing about anything else
            return (status_word(this->status_use_accessors).load(relaxed) & any_of) != 0;
    }
    /// Context: with lock.
    void change_status(std::uint32_t clear, std::uint32_t set) noexcept {
        const std::uint32_t now = (this->status_use_accessors & ~clear) | set;
        if constexpr (Arch::simulated)
            this->status_use_accessors = now;
        else
            status_word(this->status_use_accessors).store(now, relaxed);   // relaxed: as above
    }
    [[nodiscard]] bool is_level() const noexcept {
        return this->irq_data.is(irqd::level) || this->irq_data.is(irq_type::level);
    }

private:
    using flow_word = typename Arch::template atomic_ref<void (*)(irq_desc*)>;
    using status_word = typename Arch::template atomic_ref<std::uint32_t>;
};

}   // namespace bottomhalf
