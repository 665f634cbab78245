// SPDX-License-Identifier: MIT
// irq_section.hpp: "interrupts off", by a driver.  It is a state of the CPU, and several threads belong to an emulated CPU: its
// workers, kthreads, ksoftirqd/N, and the one that takes its doorbells.  While any of them has interrupts off, no top half
// of that CPU runs, and no other such section: what came meanwhile is passed on by whoever turns them on.
//
// Mostly nobody else does that, so the CPU belongs to its doorbell's thread, which only sets its own soft mask (1.4 ns).
// The first other thread to come takes that privilege away, for good: it rings, and once the thread has answered, with
// interrupts on, it is in no such section, and knows.  From then on all of them enter through the CPU's lock.
//
//   section:   masked + 1;  then: does a top half run?  Wait for its end.       [cpu.masked]
//   top half:  serving = 1; then: has anybody interrupts off?  Come back later.
//
// Both steps of either side are sequentially consistent, so that one of the two sees what the other did.
//
// Bottom halves that run, and tasks that have them off, are kept out, and keep out, in the same way [cpu.halves]:
//
//   section:      section = held;  then: do bottom halves run, or has a task them off?  Claim it only, until that is over.
//   their task:   the word;        then: has anybody interrupts off?  Wait for his end; one that only claims it waits for us.
//   they run:     the word;        then: has anybody interrupts off, or claims that?  Let go, and come back later.
//
// Each step is sequentially consistent, as above.  While it is only claimed, those that run may have it.
//
// Who holds a spin lock already, or has bottom halves off, does not wait for the others: on one CPU they could not be there
// at all, and might wait for that very lock.  Top halves he keeps out all the same.
#pragma once

#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf {

template <class Arch>
struct irq_section {
    using atomic = typename Arch::template atomic_ref<std::uint32_t>;

    /// local_irq_save().  `home`: finds the port of the caller's CPU; null if there is none.  Return: were they off?
    BOTTOMHALF_INLINE static bool enter(arch::cpu_port* (*home)()) noexcept {
        if (Arch::irq_save()) return true;
        arch::task& t = Arch::current();
        // relaxed: if it has just been taken away, the doorbell that says so finds us masked, and comes as we leave.
        if (t.port == nullptr || atomic(t.port->shared).load(relaxed) != 0) [[unlikely]]
            begin(t, home);
        return false;
    }
    /// For one who may have turned them off before there was a machine whose CPU could be told.  Context: a task, with
    /// interrupts off by enter().
    static void make_up_for(arch::cpu_port* (*home)()) noexcept {
        if (arch::task& t = Arch::current(); t.section == nullptr && t.port == nullptr) begin(t, home);
    }
    /// local_irq_enable().
    BOTTOMHALF_INLINE static void leave() noexcept {
        if (arch::task& t = Arch::current(); t.section != nullptr) [[unlikely]]
            end(t);
        Arch::irq_restore(false);
    }

    /// The begin of a top half.  Context: the CPU's doorbell's thread, masked.
    /// Return: false if somebody of that CPU has interrupts off: he will ring.
    static bool may_serve(arch::cpu_port& port) noexcept {
        while (true) {
            atomic(port.serving).exchange(1, seq_cst);
            if (atomic(port.masked).load(seq_cst) == 0) return true;   // [cpu.masked]
            atomic(port.serving).store(0, release);
            // A read-modify-write: either he who leaves last sees what is pending, or we see that he has left [cpu.masked].
            if (atomic(port.masked).fetch_add(0, acq_rel) != 0) return false;
        }
    }
    /// The doorbell's thread has found itself rung by somebody of its CPU: it is in no section, and may have to know [cpu.bias].
    static void answer(arch::cpu_port& port) noexcept {
        if (atomic(port.shared).load(relaxed) != own)   // relaxed: behind the exchange that took the bit [irq.pending]
            atomic(port.bias_left).store(1, release);
    }
    /// Whether the doorbell's thread, too, enters through the lock by now.
    [[nodiscard]] static bool is_shared(arch::cpu_port& port) noexcept {
        return atomic(port.shared).load(acquire) == shared;   // [cpu.bias]
    }
    /// From here on it does.  Context: may wait for that thread, and for its section.
    static void share(arch::cpu_port& port) noexcept {
        if (!is_shared(port)) [[unlikely]]
            revoke(port);
    }
    /// Whether somebody has interrupts off there, alone, or is the next to have.
    [[nodiscard]] static bool is_taken(arch::cpu_port& port) noexcept {
        return atomic(port.section).load(seq_cst) != open;   // [cpu.halves]
    }
    [[nodiscard]] static bool is_held(arch::cpu_port& port) noexcept {
        return atomic(port.section).load(seq_cst) == held;   // [cpu.halves]
    }
    /// The word of a CPU's bottom halves: they run; or how many tasks have them off, twice, and 1 if one of them does alone.
    static constexpr std::int32_t bottom_halves_run = -1, bottom_halves_off = 2, bottom_halves_off_alone = 1;
    /// Whether a section is to wait for who is there.
    static constexpr bool keeps_out(std::int32_t bottom_halves) noexcept {
        return (bottom_halves & bottom_halves_off_alone) != 0;   // of `run`, too
    }
    /// release: what the top half wrote, for the section that waits for it [cpu.masked].
    static void served(arch::cpu_port& port) noexcept { atomic(port.serving).store(0, release); }

private:
    static constexpr std::uint32_t own = 0, revoking = 1, shared = 2;         // port.shared
    static constexpr std::uint32_t open = 0, held = 1, claimed = 2;           // port.section
    static constexpr std::uint8_t exclusive = 1, foreign = 2, borrowed = 4;   // task.section_kind

    BOTTOMHALF_COLD static void begin(arch::task& t, arch::cpu_port* (*home)()) noexcept {
        if (context<Arch>::in_hardirq()) return;   // a top half keeps them all out anyhow
        const bool mine = t.port != nullptr;
        arch::cpu_port* port = mine ? t.port : home();
        if (port == nullptr) return;
        std::uint8_t kind = mine ? 0 : foreign;
        if (!mine) Arch::let_pending_go_first(*port);
        if ((context<Arch>::preempt_count() & preempt_mask) == 0 &&
            (context<Arch>::preempt_count() & softirq_mask) < 2 * softirq_offset) {
            if (!mine) share(*port);
            kind |= exclusive;
            if (context<Arch>::in_serving_softirq())
                kind |= have_section_in_softirq(*port);
            else
                have_section(*port);
        }
        if (!mine) {
            atomic(port->masked).fetch_add(1, seq_cst);   // [cpu.masked]
            for (unsigned round = 0; atomic(port->serving).load(seq_cst) != 0; ++round) Arch::relax(round);
        }
        t.section = port;
        t.section_kind = kind;
    }
    BOTTOMHALF_COLD static void end(arch::task& t) noexcept {
        arch::cpu_port& port = *t.section;
        t.section = nullptr;
        if ((t.section_kind & exclusive) != 0)
            atomic(port.section).store((t.section_kind & borrowed) != 0 ? claimed : open, release);   // [cpu.section]
        if ((t.section_kind & foreign) == 0 || atomic(port.masked).fetch_sub(1, acq_rel) != 1) return;   // [cpu.masked]
        using word = typename Arch::template atomic_ref<std::uint64_t>;
        if (word(port.pending).load(relaxed) != 0) Arch::kick(port);   // relaxed: behind the read-modify-write
    }
    BOTTOMHALF_INLINE static void have_section(arch::cpu_port& port) noexcept {
        atomic section(port.section);
        // [cpu.section] acquire: what was done in the section before.  seq_cst: [cpu.halves]
        for (unsigned round = 0; !have(section, open); ++round) wait(round);
        using counter = typename Arch::template atomic_ref<std::int32_t>;
        counter halves(port.bottom_halves);
        while (keeps_out(halves.load(seq_cst))) [[unlikely]] {   // [cpu.halves]
                section.store(claimed, release);
                unsigned round = 0;
                do wait(round++);
                while (keeps_out(halves.load(relaxed)) || !have(section, claimed));   // relaxed: looked at again
            }
    }
    /// Bottom halves that run are what those who have claimed it wait for.
    static std::uint8_t have_section_in_softirq(arch::cpu_port& port) noexcept {
        atomic section(port.section);
        for (unsigned round = 0;; wait(round++)) {
            if (have(section, open)) return 0;
            if (have(section, claimed)) return borrowed;
        }
    }
    static bool have(atomic& section, std::uint32_t was) noexcept {
        return section.compare_exchange_strong(was, held, seq_cst, relaxed);
    }
    /// Interrupts are on meanwhile: who is in the way may wait for a top half that is ours to take.
    BOTTOMHALF_COLD static void wait(unsigned round) noexcept {
        Arch::irq_restore(false);
        Arch::relax(round);
        Arch::irq_save();
    }
    BOTTOMHALF_COLD static void revoke(arch::cpu_port& port) noexcept {
        atomic state(port.shared);
        std::uint32_t was = own;
        if (!state.compare_exchange_strong(was, revoking, acq_rel, acquire)) {
            for (unsigned round = 0; state.load(acquire) != shared; ++round) Arch::relax(round);   // [cpu.bias]
            return;
        }
        // [irq.pending] Either the thread sees our bit as it attaches, and the state with it, or we see it here.  Where the
        // doorbell's signal is the program's, there are no top halves, and nobody can be asked.
        const bool rings = Arch::install_doorbell();
        if (rings) Arch::raise(port, arch::self_line);
        using thread_word = typename Arch::template atomic_ref<std::int32_t>;
        for (unsigned round = 0; rings && atomic(port.bias_left).load(acquire) == 0 &&   // [cpu.bias]
                                 thread_word(port.thread).load(acquire) != 0;
             ++round)
            Arch::relax(round);
        state.store(shared, release);   // [cpu.bias]
    }
};

}   // namespace bottomhalf
