// SPDX-License-Identifier: MIT
// irq_flow.hpp: how an interrupt goes through its line.  The flow decides by the line's state, under its lock, whether the
// handlers run now, and what becomes of an interrupt that comes while they run or the line is off:
//
//   edge     it is remembered, once, and the handlers run once more
//   level    the line is masked while they run; a device that still wants something raises it again
//   simple   while they run it is lost; while the line is off it is remembered
//   fasteoi  as level, by a chip that waits for the end of it instead of being masked
//
// The handlers run without the lock.  `in_progress`, which is guarded by it, keeps a line from running beside itself, and
// its chain as it is.  A handler that asks for its thread has it woken when the CPU's interrupt ends.
#pragma once

#include <climits>
#include <cstdint>

#include <bottomhalf/irq_desc.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/trace.hpp>

namespace bottomhalf {

template <class Arch>
struct irq_flow {
    using line = irq_line<Arch>;
    using slot = irq_handler<Arch>;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    // ---- the flows.  Context: interrupts masked, the line's lock not held -----------------------------------------

    static void edge(irq_desc* desc) noexcept BOTTOMHALF_NO_TSA {
        line& d = line::of(desc);
        d.lock.lock();
        d.istate &= ~line::replay;
        if (in_progress(d) || !ready(d)) {
            d.istate |= line::pending;
            mask_ack(d);
        } else {
            count(d);
            ack(d);
            do {
                if ((d.istate & line::pending) != 0 && d.irq_data.is(irqd::masked)) unmask(d);
                handle_event(d);
            } while ((d.istate & line::pending) != 0 && ready(d));
        }
        d.lock.unlock();
    }
    static void level(irq_desc* desc) noexcept BOTTOMHALF_NO_TSA {
        line& d = line::of(desc);
        d.lock.lock();
        // Ours comes again when it is unmasked, if it is asserted still.
        const bool held_back = d.soft && d.irq_data.is(irqd::masked) && d.irq_data.is(irqd::started);
        mask_ack(d);
        if (!held_back && begins(d)) {
            handle_event(d);
            unmask_if_wanted(d);
        }
        d.lock.unlock();
    }
    static void simple(irq_desc* desc) noexcept BOTTOMHALF_NO_TSA {
        line& d = line::of(desc);
        d.lock.lock();
        if (begins(d)) handle_event(d);
        d.lock.unlock();
    }
    static void fasteoi(irq_desc* desc) noexcept BOTTOMHALF_NO_TSA {
        line& d = line::of(desc);
        d.lock.lock();
        if (begins(d)) {
            if ((d.istate & line::oneshot) != 0) mask(d);
            handle_event(d);
            eoi(d);
            if ((d.istate & line::oneshot) != 0) unmask_if_wanted(d);
        } else {
            if (!in_progress(d)) mask(d);
            const irq_chip_ops* chip = d.irq_data.chip;
            if (chip == nullptr || (chip->flags & irq_chip_flag::eoi_if_handled) == 0) eoi(d);
        }
        d.lock.unlock();
    }
    /// Each CPU by itself: no lock, no state; free_irq() does not wait for it.
    static void percpu(irq_desc* desc) noexcept {
        line& d = line::of(desc);
        count(d);
        ack(d);
        std::uint64_t woken = 0;
        run_handlers(d, woken);
        for (slot* a = d.action; a != nullptr; a = a->next) wake_if_asked(d, *a);
        eoi(d);
    }
    /// Of a line that was shut off because nobody cared: calls its handlers all the same, if they may share it.  That is not
    /// counted as an interrupt, nor held against them.  Return: whether it is such a line.
    static bool poll(line& d) noexcept BOTTOMHALF_NO_TSA {
        d.lock.lock();
        const bool wanted = (d.istate & line::spurious_disabled) != 0 && d.action != nullptr &&
                            (d.action->a.flags & irq_flag::shared) != 0 &&
                            !d.has_status(irq_status::nested_thread | irq_status::per_cpu);
        if (wanted && in_progress(d)) {
            d.istate |= line::pending;
        } else if (wanted) {
            d.polled = true;
            do handle_event(d);
            while ((d.istate & line::pending) != 0 && d.action != nullptr);
            d.polled = false;
        }
        d.lock.unlock();
        return wanted;
    }
    /// Of a line that nobody has given a flow.
    static void bad(irq_desc* desc) noexcept {
        detail::say(channel::kernel, severity::note, "handle_bad_irq", location::current(),
                    "unexpected IRQ trap at vector %02x", desc->irq_data.irq);
    }

    // ---- the chip.  Context: the line's lock is held ----------------------------------------------------------------

    static void mask(line& d) noexcept {
        if (d.irq_data.is(irqd::masked)) return;
        if (d.irq_data.chip == nullptr || d.irq_data.chip->mask == nullptr) return;
        d.irq_data.chip->mask(&d.irq_data);
        d.irq_data.change(0, irqd::masked);
    }
    static void unmask(line& d) noexcept {
        if (!d.irq_data.is(irqd::masked)) return;
        if (d.irq_data.chip != nullptr && d.irq_data.chip->unmask != nullptr) d.irq_data.chip->unmask(&d.irq_data);
        d.irq_data.change(irqd::masked, 0);
    }
    static void ack(line& d) noexcept {
        if (d.irq_data.chip != nullptr && d.irq_data.chip->ack != nullptr) d.irq_data.chip->ack(&d.irq_data);
    }
    static void eoi(line& d) noexcept {
        if (d.irq_data.chip != nullptr && d.irq_data.chip->eoi != nullptr) d.irq_data.chip->eoi(&d.irq_data);
    }
    static void mask_ack(line& d) noexcept {
        if (d.irq_data.chip != nullptr && d.irq_data.chip->mask_ack != nullptr) {   // masked or not: it acknowledges
            d.irq_data.chip->mask_ack(&d.irq_data);
            d.irq_data.change(0, irqd::masked);
        } else {
            mask(d);
            ack(d);
        }
    }
    /// On: as the last enable_irq() or the first request_irq() has it.
    static void turn_on(line& d) noexcept {
        irq_chip_ops* chip = d.irq_data.chip;
        const bool first = !d.irq_data.is(irqd::started);
        d.irq_data.change(irqd::disabled, irqd::started);
        if (first && chip != nullptr && chip->startup != nullptr) {
            chip->startup(&d.irq_data);
            d.irq_data.change(irqd::masked, 0);
        } else if (chip != nullptr && chip->enable != nullptr) {
            chip->enable(&d.irq_data);
            d.irq_data.change(irqd::masked, 0);
        } else {
            unmask(d);
        }
    }
    /// Off.  A chip that cannot say `disable` is masked when the next interrupt comes: mostly none does.
    static void turn_off(line& d) noexcept {
        irq_chip_ops* chip = d.irq_data.chip;
        const bool at_once = d.has_status(irq_status::disable_unlazy);
        if (!d.irq_data.is(irqd::disabled)) {
            d.irq_data.change(0, irqd::disabled);
            if (chip != nullptr && chip->disable != nullptr) {
                chip->disable(&d.irq_data);
                d.irq_data.change(0, irqd::masked);
                return;
            }
        }
        if (at_once) mask(d);
    }
    static void shut(line& d) noexcept {
        irq_chip_ops* chip = d.irq_data.chip;
        d.istate &= ~line::replay;
        d.depth = 1;
        if (d.irq_data.is(irqd::started)) {
            if (chip != nullptr && chip->shutdown != nullptr) {
                chip->shutdown(&d.irq_data);
            } else if (chip != nullptr && chip->disable != nullptr) {
                if (!d.irq_data.is(irqd::disabled)) chip->disable(&d.irq_data);   // each of its calls has its enable()
            } else {
                mask(d);
            }
        }
        d.irq_data.change(irqd::started, irqd::disabled | irqd::masked);
    }
    /// As the interrupt has ended, or the thread that it waited for.
    static void unmask_if_wanted(line& d) noexcept {
        if (!d.irq_data.is(irqd::disabled) && d.irq_data.is(irqd::masked) && d.threads_oneshot == 0) unmask(d);
    }

    [[nodiscard]] static bool in_progress(line& d) noexcept { return d.irq_data.is(irqd::in_progress); }

private:
    static constexpr std::uint32_t deferred = 0x8000'0000U;
    static constexpr std::uint32_t deepest = 8 * hardirq_offset;   // how deep handlers may nest, to bound the stack

    /// Whether the handlers are to run for the interrupt that has come.  If the line is off it is remembered.
    static bool begins(line& d) noexcept {
        if (in_progress(d)) return false;
        d.istate &= ~line::replay;
        if (ready(d)) return count(d), true;
        d.istate |= line::pending;
        return false;
    }
    static bool ready(line& d) noexcept { return d.action != nullptr && !d.irq_data.is(irqd::disabled); }
    static void count(line& d) noexcept {
        if (std::uint64_t* counts = d.counts) {
            // generic_handle_irq() may be called on any thread, another machine's too.
            const std::int32_t cpu = Arch::current().cpu;
            const bool ours = cpu > 0 && static_cast<unsigned>(cpu) < d.nr_counts;
            atomic<std::uint64_t>(counts[ours ? cpu : 0]).fetch_add(1, relaxed);   // relaxed: a count
        }
    }

    /// Runs the handlers once.  The lock is let go meanwhile.
    static void handle_event(line& d) noexcept BOTTOMHALF_NO_TSA {
        d.istate &= ~line::pending;
        d.irq_data.change(0, irqd::in_progress);
        d.runner = &Arch::current();
        d.lock.unlock();
        std::uint64_t woken = 0;
        slot* first = d.action;   // stable: in progress
        const bool shut_off = run_handlers(d, woken);
        d.lock.lock();
        d.threads_oneshot |= woken;
        if (shut_off) {
            d.istate |= line::spurious_disabled;
            if (d.depth++ == 0) turn_off(d);
        }
        // Before it is not in progress any more: whoever frees one then sees that it is to be woken.
        for (slot* a = first; a != nullptr; a = a->next) wake_if_asked(d, *a);
        d.irq_data.change(irqd::in_progress, 0);
    }
    /// Return: whether the line is to be shut off.
    static bool run_handlers(line& d, std::uint64_t& woken) noexcept {
        struct walk {
            line& d;
            std::uint64_t& woken;
            bool nests;
            unsigned result;
        } w{d, woken, d.action != nullptr && may_nest(*d.action), 0};
        constexpr auto go = [](void* p) {
            auto& me = *static_cast<walk*>(p);
            for (slot* a = me.d.action; a != nullptr; a = a->next) me.result |= call(me.d, *a, me.woken, me.nests);
        };
        atomic<std::uint32_t> asserted(d.asserted);
        if ((asserted.load(relaxed) & 1) != 0)   // relaxed: whoever asserts it raises the line afterwards
            asserted.fetch_and(~1U, acq_rel);    // [irq.level]
        if (w.nests) {
            // Whatever else has come for this CPU need not wait for us.
            arch::task& t = Arch::current();
            if (t.port != nullptr && t.port->taken != 0) {
                const std::uint64_t rest = t.port->taken;
                t.port->taken = 0;
                atomic<std::uint64_t>(t.port->pending).fetch_or(rest, acq_rel);   // [irq.pending]
            }
            Arch::let_interrupts_in(go, &w);
        } else {
            go(&w);
        }
        return note(d, w.result);
    }
    static bool may_nest(const slot& first) noexcept {
        return (first.a.flags & (irq_flag::legacy | irq_flag::fast)) == irq_flag::legacy &&
               (context<Arch>::preempt_count() & hardirq_mask) < deepest;
    }
    static unsigned call(line& d, slot& a, std::uint64_t& woken, bool nests) noexcept {
        const unsigned irq = d.irq_data.irq;
        auto result = irqreturn::none;
        const std::uint32_t before = context<Arch>::preempt_count();
        detail::tracepoint<Arch>(trace::event::irq_handler_entry, &d, address(a), a.a.name, irq);
        detail::contain<Arch>("__handle_irq_event_percpu", "handler of an interrupt", address(a),
                              [&] { result = a.a.handler(static_cast<int>(irq), a.a.dev_id, a.a.cookie); });
        detail::tracepoint<Arch>(trace::event::irq_handler_exit, &d, address(a), nullptr, irq,
                                 static_cast<unsigned>(result));
        if (context<Arch>::preempt_count() != before) [[unlikely]]
            leaked(d, a, before);
        if (!nests && !Arch::irqs_masked()) [[unlikely]]
            mask_again(d, a);
        if ((static_cast<unsigned>(result) & static_cast<unsigned>(irqreturn::wake_thread)) != 0 &&
            static_cast<unsigned>(result) <= 3)
            ask_for_thread(d, a, woken);
        return static_cast<unsigned>(result);
    }
    static const void* address(const slot& a) noexcept {
        return a.a.cookie != nullptr ? a.a.cookie : reinterpret_cast<const void*>(a.a.handler);
    }

    // ---- threads ----------------------------------------------------------------------------------------------------

    static void ask_for_thread(line& d, slot& a, std::uint64_t& woken) noexcept {
        if (a.thread == nullptr) {
            if (d.told) return;
            d.told = true;
            return detail::say(channel::kernel, severity::note, "warn_no_thread", location::current(),
                               "IRQ %u device %s returned IRQ_WAKE_THREAD but no thread function available.",
                               d.irq_data.irq, a.a.name != nullptr ? a.a.name : "?");
        }
        woken |= a.thread_mask;
        atomic<std::uint32_t> active(d.threads_active);
        active.fetch_add(1, acq_rel);   // [irq.threads] before its thread can be done
        // [irq.thread] acq_rel: one that changes nothing publishes to the run to come, too
        if ((atomic<std::uint32_t>(a.calls).fetch_or(slot::run, acq_rel) & slot::run) == 0)
            atomic<std::uint32_t>(a.asked).store(1, relaxed);   // relaxed: of this interrupt, or another CPU's
        else if (active.fetch_sub(1, acq_rel) == 1)
            Arch::unpark(d.threads_active, INT_MAX);
    }
    static void wake_if_asked(line& d, slot& a) noexcept {
        atomic<std::uint32_t> asked(a.asked);
        if (asked.load(relaxed) == 0 || asked.exchange(0, relaxed) == 0) return;   // relaxed: as in ask_for_thread()
        const std::uint32_t cpu = atomic<std::uint32_t>(d.cpu).load(relaxed);      // relaxed: where it went is as good
        if (!detail::in_context<Arch>::postpone(a, static_cast<int>(cpu))) Arch::unpark(a.calls, 1);
    }

    // ---- what goes wrong --------------------------------------------------------------------------------------------

    /// A handler has come back with interrupts on, by spin_unlock_irq() for instance.  Off they must be, or the next
    /// doorbell finds our own locks held by what it interrupts.  Today's kernel says so, once.
    BOTTOMHALF_COLD static void mask_again(line& d, const slot& a) noexcept {
        Arch::irq_save();
        if ((a.a.flags & irq_flag::legacy) != 0 || d.told) return;
        d.told = true;
        detail::say(channel::kernel, severity::warn, "__handle_irq_event_percpu", location::current(),
                    "irq %u handler %p enabled interrupts", d.irq_data.irq, address(a));
    }
    BOTTOMHALF_COLD static void leaked(line& d, const slot& a, std::uint32_t before) noexcept {
        const std::uint32_t after = context<Arch>::preempt_count();
        context<Arch>::add(before - after);
        detail::say(channel::advice, severity::bug, "__handle_irq_event_percpu", location::current(),
                    "irq %u handler %p was entered with preempt_count %08x, and left with %08x", d.irq_data.irq,
                    address(a), before, after);
    }
    /// Keeps account of interrupts that nobody wanted.  Of 100,000, more than 99,900, with less than a tenth of a second
    /// between two of them (2.6: whatever time): then somebody is stuck.  Return: whether the line is to be shut off.
    static bool note(line& d, unsigned result) noexcept {
        if (d.polled) return false;
        constexpr auto handled = static_cast<unsigned>(irqreturn::handled);
        constexpr auto wake = static_cast<unsigned>(irqreturn::wake_thread);
        if (result > (handled | wake)) [[unlikely]] {
            detail::say(channel::kernel, severity::note, "__report_bad_irq", location::current(),
                        "irq event %u: bogus return value %x", d.irq_data.irq, result);
            return false;
        }
        if (result == wake) {
            // Whether it was theirs only the threads know.  Judged at the next one, by whether any has said so.
            if ((d.threads_handled_last & deferred) == 0) {
                d.threads_handled_last |= deferred;
                return false;
            }
            const std::uint32_t now = atomic<std::uint32_t>(d.threads_handled).load(relaxed) | deferred;
            result = now != d.threads_handled_last ? handled : 0;   // relaxed: a count
            d.threads_handled_last = now;
        } else {
            d.threads_handled_last &= ~deferred;
        }
        if (result == 0) {
            const bool windowless = d.action != nullptr && (d.action->a.flags & irq_flag::legacy) != 0;
            const arch::ns_t now = windowless ? 0 : Arch::now();
            d.irqs_unhandled = now - d.last_unhandled > window ? 1 : d.irqs_unhandled + 1;
            d.last_unhandled = now;
        }
        if (d.irqs_unhandled == 0 || ++d.irq_count < look_after) return false;
        d.irq_count = 0;
        const bool stuck = d.irqs_unhandled > too_many;
        d.irqs_unhandled = 0;
        if (stuck) nobody_cared(d);
        return stuck;
    }
    BOTTOMHALF_COLD static void nobody_cared(line& d) noexcept {
        char handlers[256];
        unsigned n = 0;
        handlers[0] = '\0';
        for (const slot* a = d.action; a != nullptr && n < sizeof handlers - 1; a = a->next) {
            const int more = std::snprintf(handlers + n, sizeof handlers - n, "\n[%p] %s", address(*a),
                                           a->a.name != nullptr ? a->a.name : "");
            if (more > 0) n += static_cast<unsigned>(more);
        }
        detail::say(channel::kernel, severity::note, "__report_bad_irq", location::current(),
                    "irq %u: nobody cared (try booting with the \"irqpoll\" option)\nhandlers:%s\nDisabling IRQ #%u",
                    d.irq_data.irq, handlers, d.irq_data.irq);
        if (d.action != nullptr && (d.action->a.flags & irq_flag::legacy) == 0) d.all->poll_later();
    }
    static constexpr arch::ns_t window = 100'000'000;
    static constexpr std::uint32_t look_after = 100'000, too_many = 99'900;
};

}   // namespace bottomhalf
