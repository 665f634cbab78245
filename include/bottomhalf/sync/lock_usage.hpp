// SPDX-License-Identifier: MIT
// lock_usage.hpp: in which contexts a lock is taken, and which of them do not go together.
//
// Who takes a lock with interrupts on may be interrupted by a top half that takes it, too.  On a real CPU that one waits for
// whom it has interrupted, for ever.  Here it may run on another thread, which waits a moment and sees nothing of it.  So
// each lock remembers where it has been taken, as the kernel's lockdep does for whole classes of locks, and the second of two
// that do not go together is reported: when they have not met yet, and though here they never would hang.
#pragma once

#include <cstdint>
#include <cstdio>

#include <bottomhalf/context.hpp>

namespace bottomhalf {

/// Zero: not taken yet.
struct lock_uses {
    std::uint16_t bits;
};

template <class Arch>
class lock_usage {
public:
    enum class as : unsigned char { one_who_writes, one_who_reads };
    enum class how : unsigned char { until_he_has_it, if_he_can };   // who only tries does not hang

    /// The lock is the caller's now.  Context: any.
    static void note(lock_uses& l, as a, how h, const void* lock, const char* function, location at) noexcept {
        std::uint32_t use = here();
        if (h == how::if_he_can) use &= ~std::uint32_t{in_hardirq | in_softirq};
        if (a == as::one_who_reads) use <<= to_reader;
        // Relaxed, here and below: bits that are only ever added.  Of readers, several at a time.
        const std::uint32_t before = __atomic_load_n(&l.bits, __ATOMIC_RELAXED);   // seam-exempt: of no engine, no step
        if ((before & use) != use) [[unlikely]]
            add(l, use, lock, function, at);
    }

private:
    // Of a writer; a reader's are to the left of it.  That of softirq are to the left of those of hardirq.
    static constexpr std::uint32_t in_hardirq = 1, hardirq_on = 2, in_softirq = 4, softirq_on = 8, told = 0x8000;
    static constexpr unsigned to_reader = 4, to_softirq = 2;

    static std::uint32_t here() noexcept {
        const std::uint32_t count = context<Arch>::preempt_count();
        if ((count & hardirq_mask) != 0) return in_hardirq;   // with interrupts on or not: as if all had IRQF_DISABLED
        const bool serving = (count & softirq_offset) != 0;
        const std::uint32_t in = serving ? in_softirq : 0;
        if (Arch::irqs_masked()) return in;
        return in | hardirq_on | ((count & softirq_mask) != 0 ? 0 : softirq_on);
    }
    /// Two uses that do not go together, of one context.
    struct clash {
        bool is, reader_in, reader_on;
    };
    static constexpr clash clash_of(std::uint32_t uses) noexcept {
        const auto has = [uses](std::uint32_t use) { return (uses & use) != 0; };
        const bool in = has(in_hardirq), on = has(hardirq_on);
        const bool reader_in = has(in_hardirq << to_reader), reader_on = has(hardirq_on << to_reader);
        if (in && (on || reader_on)) return {true, false, !on};
        return {reader_in && on, true, false};
    }
    BOTTOMHALF_COLD static void add(lock_uses& l, std::uint32_t use, const void* lock, const char* function,
                                    location at) noexcept {
        const auto bits = static_cast<std::uint16_t>(use);
        const std::uint32_t uses = use | __atomic_fetch_or(&l.bits, bits, __ATOMIC_RELAXED);   // seam-exempt: likewise
        for (const unsigned of : {0U, to_softirq}) {
            const clash c = clash_of(uses >> of);
            if (!c.is || (uses & told) != 0) continue;
            constexpr std::uint16_t once = told;
            if ((__atomic_fetch_or(&l.bits, once, __ATOMIC_RELAXED) & told) != 0) return;   // seam-exempt: likewise
            const bool inside = ((use >> of) & (in_hardirq | in_hardirq << to_reader)) != 0;
            return tell(c, inside, of == 0 ? "HARDIRQ" : "SOFTIRQ", lock, function, at);
        }
    }
    static void tell(clash c, bool inside, const char* context_name, const void* lock, const char* function,
                     location at) noexcept {
        char in[24], on[24], comm[arch::comm_len];
        std::snprintf(in, sizeof in, "IN-%s-%c", context_name, c.reader_in ? 'R' : 'W');
        std::snprintf(on, sizeof on, "%s-ON-%c", context_name, c.reader_on ? 'R' : 'W');
        Arch::thread_name(comm);
        const std::uint32_t count = context<Arch>::preempt_count();
        detail::say(channel::advice, severity::warn, function, at,
                    "inconsistent lock state\ninconsistent {%s} -> {%s} usage.\n%s/%d [HC%u:SC%u:HE%u:SE%u] takes: %p\n"
                    "whoever is interrupted with it held is waited for, for ever, by whom he is interrupted",
                    inside ? on : in, inside ? in : on, comm, static_cast<int>(Arch::thread_id()),
                    (count & hardirq_mask) != 0 ? 1U : 0U, (count & softirq_offset) != 0 ? 1U : 0U,
                    context<Arch>::irqs_disabled() ? 0U : 1U, (count & softirq_mask) == 0 ? 1U : 0U, lock);
    }
};

}   // namespace bottomhalf
