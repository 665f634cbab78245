// SPDX-License-Identifier: MIT
// irq_requests.hpp: who has a line, and turning it off and on.
#pragma once

#include <cerrno>
#include <cstdint>
#include <new>

#include <bottomhalf/irq_lines.hpp>
#include <bottomhalf/irq_thread.hpp>

namespace bottomhalf {

template <class Arch>
class irq_requests : public irq_lines<Arch> {
    using base = irq_lines<Arch>;
    using typename base::bus_guard;

protected:
    using typename base::flow;
    using typename base::line;
    using typename base::slot;
    template <class T>
    using atomic = typename base::template atomic<T>;
    using threads = irq_threads<Arch>;

public:
    using base::find;

    constexpr irq_requests() noexcept = default;

    // ---- requests ---------------------------------------------------------------------------------------------------

    /// Context: process; allocates.  The handler may have run before this returns.
    /// Return: 0.  -EINVAL: no such line, or it is not to be had; neither a handler nor a thread; flags that do not go together
    /// (shared without a dev_id; a thread alone that is not oneshot).  -EBUSY: taken, and not shared by all; the doorbell's signal
    /// is the program's.  -ENOSYS: it has no chip.  -ENOMEM.
    int request(unsigned irq, irq_action a, location at) noexcept {
        if (!context<Arch>::might_sleep("request_irq", at)) return -EINVAL;
        const auto has = [&](unsigned long flag) { return (a.flags & flag) != 0; };
        if ((has(irq_flag::shared) && (a.dev_id == nullptr || has(irq_flag::no_autoen))) ||
            (has(irq_flag::cond_suspend) && (!has(irq_flag::shared) || has(irq_flag::no_suspend))))
            return -EINVAL;
        line* d = find(irq);
        if (d == nullptr || (a.handler == nullptr && a.thread_fn == nullptr)) return -EINVAL;
        if (!Arch::install_doorbell()) {
            detail::say(channel::advice, severity::bug, "request_irq", at,
                        "the program uses the doorbell's signal itself");
            return -EBUSY;
        }
        const bool nested = d->has_status(irq_status::nested_thread);
        if (nested && a.thread_fn == nullptr) return -EINVAL;   // that is all its handler can be
        const bool thread_alone = a.handler == nullptr && !nested;
        if (a.handler == nullptr) a.handler = &ask_for_thread;
        auto* mine = new (std::nothrow) slot(a, irq);
        if (mine == nullptr) return -ENOMEM;
        mine->all = self();
        int err = 0;
        if (a.thread_fn != nullptr && !nested && !threads::hire(*mine, at)) err = -ENOMEM;
        bool replay = false;
        if (err == 0) err = set_up(*d, *mine, thread_alone, replay, at);
        if (err != 0) return end(mine), err;
        if (replay) self()->raise(irq);
        return 0;
    }
    /// Removes the handler with this `dev_id` and waits for it to return, and for its thread.
    /// Context: process, not the handler itself.  Return: the name it was asked for by; null if there is none, or it is
    /// the handler's own thread that calls.
    const char* free(unsigned irq, const void* dev_id, location at,
                     const char* complaint = "Trying to free already-free IRQ %u") noexcept {
        if (!context<Arch>::might_sleep("free_irq", at)) return nullptr;
        line* d = find(irq);
        if (d != nullptr && threads::is_mine(*d, &dev_id)) {
            detail::say(channel::advice, severity::bug, "free_irq", at,
                        "called in the thread of irq %u that it would end; not freed", irq);
            return nullptr;
        }
        slot* mine = d != nullptr ? unlink(*d, dev_id, false) : nullptr;
        if (mine == nullptr) {
            detail::say(channel::kernel, severity::warn, "free_irq", at, complaint,
                        irq);   // NOLINT: the facade's words
            return nullptr;
        }
        synchronize(*d, "free_irq", at);
        const char* name = mine->a.name;
        end(mine);
        return name;
    }
    // ---- off and on -------------------------------------------------------------------------------------------------

    /// Nests.  Waits until the line's handlers and its threads have returned (`wait`), which none of them must ask for.
    /// Context: any that we manage; process if it waits.
    void disable(unsigned irq, bool wait, location at = location::current()) noexcept {
        if (wait) wait = may_sleep("disable_irq", at);
        line* d = find(irq);
        if (d == nullptr) return;
        {
            const bus_guard bus(*d);
            detail::irq_lock<Arch> g(d->lock);
            if (d->depth++ == 0) flow::turn_off(*d);
        }
        if (wait) synchronize(*d, "disable_irq", at);
    }
    /// Undoes one disable(); with the last, an edge that came meanwhile is replayed once.
    void enable(unsigned irq, location at) noexcept {
        line* d = find(irq);
        if (d == nullptr) return;
        bool replay = false, unbalanced = false;
        {
            const bus_guard bus(*d);
            detail::irq_lock<Arch> g(d->lock);
            // A line that nobody has is off by one disable of its own.
            unbalanced = d->depth == 0 || (d->action == nullptr && d->soft && d->depth == 1);
            if (!unbalanced && d->depth == 1) {
                flow::turn_on(*d);
                replay = this->resend(*d);
            }
            if (!unbalanced) --d->depth;
            if (d->depth == 0) d->istate &= ~line::spurious_disabled;
        }
        if (unbalanced)
            detail::say(channel::kernel, severity::warn, "__enable_irq", at, "Unbalanced enable for IRQ %u", irq);
        if (replay) self()->raise(irq);
    }
    /// Whether the caller may wait for a line's handlers; in a top half that would be for ever, and is reported.
    [[nodiscard]] static bool may_wait(const char* function, location at) noexcept {
        if (!context<Arch>::in_hardirq()) return true;
        detail::say(channel::advice, severity::bug, function, at,
                    "called in a top half, where it would wait for itself; not waiting");
        return false;
    }
    /// The same for its threads, too: where the caller may not sleep that is reported, and he waits for its handlers only.
    [[nodiscard]] static bool may_sleep(const char* function, location at) noexcept {
        if (!may_wait(function, at)) return false;
        context<Arch>::might_sleep(function, at);
        return true;
    }
    /// Waits until no handler of the line runs, and none of its threads.  Context: process.
    void synchronize(unsigned irq, location at = location::current()) noexcept {
        if (!may_sleep("synchronize_irq", at)) return;
        if (line* d = find(irq)) synchronize(*d, "synchronize_irq", at);
    }
    /// Waits until no handler of the line runs.  Context: any but such a handler.  Return: false if threads do still.
    bool synchronize_hardirq(unsigned irq) noexcept {
        line* d = find(irq);
        if (d == nullptr) return true;
        if (!runs_here(*d)) this->wait_until_over(*d);
        return atomic<std::uint32_t>(d->threads_active).load(acquire) == 0;   // [irq.threads]
    }

protected:
    // ---- requests ---------------------------------------------------------------------------------------------------

    /// In place of a handler that is not there.
    static irqreturn ask_for_thread(int, void*, void*) noexcept { return irqreturn::wake_thread; }

    /// Adds `mine` to the line's handlers.  `replay`: the caller is to raise it.  Return: 0 or -errno.
    int set_up(line& d, slot& mine, bool thread_alone, bool& replay, location at) noexcept {
        const bus_guard bus(d);
        irq_action other;
        int err = 0, chip_says = 0;
        // The chain is walked without the lock while the line is in progress, see free().
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(d.lock);
            if (flow::in_progress(d)) continue;
            err = join(d, mine, thread_alone, replay, other, chip_says);
            break;
        }
        if (err == 0 && mine.thread != nullptr) threads::start(mine);
        this->say_if_refused(mine.irq, mine.a.flags, chip_says, at);
        if (err == -EBUSY && (mine.a.flags & irq_flag::legacy) == 0)
            detail::say(channel::kernel, severity::note, "request_irq", at,
                        "genirq: Flags mismatch irq %u. %08lx (%s) vs. %08lx (%s)", mine.irq, mine.a.flags & 0xffffffff,
                        name_of(mine.a), other.flags & 0xffffffff, name_of(other));
        if (err == -EINVAL && thread_alone)
            detail::say(channel::kernel, severity::note, "request_irq", at,
                        "genirq: Threaded irq requested with handler=NULL and !ONESHOT for %s (irq %u)",
                        name_of(mine.a), mine.irq);
        return err;
    }
    static const char* name_of(const irq_action& a) noexcept { return a.name != nullptr ? a.name : "?"; }

    /// `other`: whose flags do not agree with -EBUSY.  `chip_says`: its answer, if it was asked how the line is wired.
    int join(line& d, slot& mine, bool thread_alone, bool& replay, irq_action& other, int& chip_says)
        BOTTOMHALF_REQUIRES(d.lock) {
        if (!d.allocated || d.has_status(irq_status::norequest)) return -EINVAL;
        if (d.irq_data.chip == nullptr) return -ENOSYS;
        const std::uint32_t wired = d.irq_data.state() & irq_type::sense;
        unsigned long& flags = mine.a.flags;
        if ((flags & irq_flag::trigger) == 0) flags |= wired;
        const bool first = d.action == nullptr;
        slot** end = &d.action;
        std::uint64_t masks = d.threads_oneshot;   // of one that was freed and whose thread is not done, too
        for (; *end != nullptr; end = &(*end)->next) {
            const irq_action& a = (*end)->a;
            if (end == &d.action && (a.flags & irq_flag::oneshot) != 0 && (flags & irq_flag::cond_oneshot) != 0)
                flags |= irq_flag::oneshot;
            if ((a.flags & flags & irq_flag::shared) == 0 || ((a.flags ^ flags) & must_agree) != 0)
                return other = a, -EBUSY;
            masks |= (*end)->thread_mask;
        }
        if ((flags & irq_flag::oneshot) != 0) {
            if (~masks == 0) return -EBUSY;
            mine.thread_mask = (masks + 1) & ~masks;   // the lowest bit that is free
        } else if (first && thread_alone && (d.irq_data.chip->flags & irq_chip_flag::oneshot_safe) == 0) {
            // Level-triggered, it would come again and again, before its thread has had a chance.
            return -EINVAL;
        }
        if (first) {
            if ((flags & irq_flag::trigger) != 0)
                if (chip_says = this->wire(d, static_cast<std::uint32_t>(flags & irq_flag::trigger)); chip_says != 0)
                    return chip_says;
            d.istate &= ~(line::spurious_disabled | line::oneshot);
            if ((flags & irq_flag::oneshot) != 0) d.istate |= line::oneshot;
            d.irq_count = d.irqs_unhandled = 0;
            d.told = false;
        }
        *end = &mine;
        const bool automatic = (flags & irq_flag::no_autoen) == 0 && !d.has_status(irq_status::noautoen);
        bool another_chance = false;
        if (!first && (d.istate & line::spurious_disabled) != 0) {
            d.istate &= ~line::spurious_disabled;
            --d.depth;   // which is the shutting off's: enable_irq() that undoes it forgets the flag
            another_chance = d.depth == 0;
        }
        if (first) d.depth = automatic ? 0 : 1;
        if ((first && automatic) || another_chance) {
            flow::turn_on(d);
            replay = this->resend(d);
        }
        return 0;
    }
    static constexpr unsigned long must_agree = irq_flag::trigger | irq_flag::oneshot | irq_flag::percpu;

    /// Takes one out of the chain: the one with this `dev_id`, or any.
    slot* unlink(line& d, const void* dev_id, bool any) noexcept {
        const bus_guard bus(d);
        bool closed = false;
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(d.lock);
            if (flow::in_progress(d)) {
                // What comes again and again would keep it busy for ever: nobody is left to have it.
                if (d.action != nullptr && d.action->next == nullptr && (any || d.action->a.dev_id == dev_id) &&
                    !d.irq_data.is(irqd::disabled)) {
                    d.irq_data.change(0, irqd::disabled);
                    closed = true;
                }
                continue;
            }
            if (closed) d.irq_data.change(irqd::disabled, 0);   // the chip hears of it from shut()
            slot** where = &d.action;
            while (*where != nullptr && !any && (*where)->a.dev_id != dev_id) where = &(*where)->next;
            slot* it = *where;
            if (it == nullptr) return nullptr;
            *where = it->next;
            if (d.action == nullptr) {
                d.change_status(irq_status::disable_unlazy, 0);   // the next one has it as it comes
                flow::shut(d);
            }
            return it;
        }
    }
    static void end(slot* a) noexcept {
        if (a->thread != nullptr) threads::dismiss(*a);
        delete a;
    }

    void synchronize(line& d, const char* function, location at) noexcept {
        if (runs_here(d)) {
            detail::say(channel::advice, severity::bug, function, at,
                        "called in a handler of irq %u, which would wait for itself; not waiting", d.irq_data.irq);
            return;
        }
        this->wait_until_over(d);
        threads::wait_for_all(d, function, at);
    }

private:
    /// Whether it is the caller who runs the line's handlers: outside of a top half, too, where they are played again, or
    /// generic_handle_irq() is called.
    [[nodiscard]] static bool runs_here(line& d) noexcept {
        detail::irq_lock<Arch> g(d.lock);
        return flow::in_progress(d) && d.runner == &Arch::current();
    }
    irq_controller<Arch>* self() noexcept { return static_cast<irq_controller<Arch>*>(this); }
};

}   // namespace bottomhalf
