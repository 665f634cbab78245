// SPDX-License-Identifier: MIT
// irq.hpp: interrupt lines, and the top halves that serve them.
//
// A line that is raised sets a bit in the pending word of its CPU; the raiser who found the word empty rings the doorbell
// of the thread that stands for the CPU; that thread's signal handler enters here, asynchronously to whatever the thread
// was doing, and calls the line's handlers in hardirq context.  A line never runs on two CPUs at once, and raised while
// it runs, it runs once more.
//
// This is the first version: while a top half runs, every other one on that CPU waits, with or without SA_INTERRUPT.
#pragma once

#include <cerrno>
#include <cstdint>
#include <new>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf {

inline constexpr unsigned nr_irqs = 64;   // lines per machine: one bit each in a CPU's pending word

enum class irqreturn : int { none = 0, handled = 1 };

namespace irq_flag {
inline constexpr unsigned long fast = 0x20000000;     // SA_INTERRUPT: the handler means to run with interrupts off
inline constexpr unsigned long shared = 0x04000000;   // SA_SHIRQ
}   // namespace irq_flag

struct irq_action {
    irqreturn (*handler)(int irq, void* dev_id, void* cookie) = nullptr;
    void* cookie = nullptr;   // for the facades: their own handler
    void* dev_id = nullptr;
    const char* name = nullptr;
    unsigned long flags = 0;
    irq_action* next = nullptr;
};

template <class Arch>
class irq_controller {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    struct desc {
        detail::spinlock<Arch> lock;
        irq_action* actions = nullptr;   // guarded by lock; stable while in_progress
        unsigned depth = 0;              // guarded by lock: disable_irq() calls outstanding
        bool in_progress = false;        // guarded by lock: its handlers run
        bool pending = false;            // guarded by lock: raised while disabled or in progress
        bool told = false;               // whoever is in progress: its handlers' mistake has been reported
        unsigned cpu = 0;                // I: whose port it goes to
        std::uint64_t count = 0;         // guarded by lock: calls
        std::uint64_t unhandled = 0;     // guarded by lock: of those, nobody's
    };

public:
    constexpr irq_controller() noexcept = default;

    /// Takes over the CPUs' ports.  What an earlier life of the machine has left behind is forgotten: an edge, a
    /// disable_irq() of nobody's line.
    void start(arch::cpu_port* ports, unsigned n) noexcept {
        for (desc& d : lines_) {
            detail::irq_lock<Arch> g(d.lock);
            d.depth = 0;
            d.pending = d.told = false;
        }
        for (unsigned i = 0; i < n; ++i) atomic<std::uint64_t>(ports[i].pending).exchange(0, acquire);
        nr_ports_ = n;
        atomic<arch::cpu_port*>(ports_).store(ports, release);   // [irq.ports]
    }
    /// Removes all handlers.  Nothing is raised from here on: the ports may go.
    void shut_down(location at) noexcept {
        if (arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).exchange(nullptr, acq_rel))   // [irq.ports]
            Arch::unwatch_ports(ports, nr_ports_);
        for (unsigned i = 0; i < nr_irqs; ++i) {
            unsigned n = 0;
            {
                detail::irq_lock<Arch> g(lines_[i].lock);
                for (irq_action* a = lines_[i].actions; a != nullptr; a = a->next) ++n;
                if (n != 0) ++lines_[i].depth;
            }
            if (n == 0) continue;
            synchronize(i);
            detail::say(channel::advice, severity::note, "machine", at,
                        "irq %u still has %u handler(s) at the machine's end", i, n);
            detail::irq_lock<Arch> g(lines_[i].lock);
            while (irq_action* a = lines_[i].actions) {
                lines_[i].actions = a->next;
                delete a;
            }
            lines_[i].depth = 0;
        }
    }

    /// Context: process; allocates.  Return: 0, -EINVAL (no such line, no handler, shared without a dev_id), -EBUSY (taken,
    /// and not shared by both), -ENOMEM.  The handler may have run before this returns.
    int request(unsigned irq, irq_action a, location at) noexcept {
        if (!context<Arch>::might_sleep("request_irq", at)) return -EINVAL;
        if (irq >= nr_irqs || a.handler == nullptr) return -EINVAL;
        if ((a.flags & irq_flag::shared) != 0 && a.dev_id == nullptr) return -EINVAL;
        if (!Arch::install_doorbell()) {
            detail::say(channel::advice, severity::bug, "request_irq", at,
                        "the program uses the doorbell's signal itself");
            return -EBUSY;
        }
        auto* mine = new (std::nothrow) irq_action(a);
        if (mine == nullptr) return -ENOMEM;
        desc& d = lines_[irq];
        bool replay = false, taken = false;
        for (unsigned round = 0;; ++round) {
            if (round > 0) Arch::relax(round);
            detail::irq_lock<Arch> g(d.lock);
            irq_action** end = &d.actions;
            for (; *end != nullptr; end = &(*end)->next)
                if (((*end)->flags & a.flags & irq_flag::shared) == 0) break;
            taken = *end != nullptr;
            if (!taken && d.in_progress) continue;   // the handlers' chain is walked without the lock, see free()
            if (taken) break;
            *end = mine;
            replay = d.pending && d.depth == 0;
            if (replay) d.pending = false;
            break;
        }
        if (taken) return delete mine, -EBUSY;
        if (replay) raise(irq);
        return 0;
    }
    /// Removes the handler with this `dev_id` and waits for it to return.  Context: process, not the handler itself.
    void free(unsigned irq, const void* dev_id, location at) noexcept {
        if (!context<Arch>::might_sleep("free_irq", at)) return;
        irq_action* mine = nullptr;
        if (irq < nr_irqs) {
            // The handlers' chain is walked without the lock while the line is in progress, so it is cut outside that.
            desc& d = lines_[irq];
            for (unsigned round = 0; mine == nullptr; Arch::relax(round++)) {
                detail::irq_lock<Arch> g(d.lock);
                if (d.in_progress) continue;
                irq_action** where = &d.actions;
                while (*where != nullptr && (*where)->dev_id != dev_id) where = &(*where)->next;
                if (*where == nullptr) break;
                mine = *where;
                *where = mine->next;
            }
        }
        if (mine == nullptr)
            detail::say(channel::kernel, severity::warn, "free_irq", at, "Trying to free free IRQ%u", irq);
        delete mine;
    }
    /// Nests.  Waits until the line's handlers have returned (`wait`), which a handler of the line must not ask for.
    /// Context: any that we manage; process if it waits.
    void disable(unsigned irq, bool wait) noexcept {
        if (irq >= nr_irqs) return;
        {
            detail::irq_lock<Arch> g(lines_[irq].lock);
            ++lines_[irq].depth;
        }
        if (wait) synchronize(irq);
    }
    /// Undoes one disable(); with the last, an edge that came meanwhile is replayed once.
    void enable(unsigned irq, location at) noexcept {
        if (irq >= nr_irqs) return;
        desc& d = lines_[irq];
        bool replay = false, unbalanced = false;
        {
            detail::irq_lock<Arch> g(d.lock);
            if (d.depth == 0) {
                unbalanced = true;
            } else if (--d.depth == 0 && d.pending) {
                d.pending = false;
                replay = true;
            }
        }
        if (unbalanced)
            detail::say(channel::kernel, severity::warn, "enable_irq", at, "Unbalanced enable for IRQ %u", irq);
        if (replay) raise(irq);
    }
    /// Whether the caller may wait for a line's handlers; in a top half that would be for ever, and is reported.
    [[nodiscard]] static bool may_wait(const char* function, location at) noexcept {
        if (!context<Arch>::in_hardirq()) return true;
        detail::say(channel::advice, severity::bug, function, at,
                    "called in a top half, where it would wait for itself; not waiting");
        return false;
    }
    /// Waits until no handler of the line runs.
    void synchronize(unsigned irq) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(lines_[irq].lock);
            if (!lines_[irq].in_progress) return;
        }
    }
    /// The line's device wants attention.  Context: any, async-signal-safe.
    /// Return:  false if there is no such line, or the machine is down.
    bool raise(unsigned irq) noexcept {
        arch::cpu_port* port = port_of(irq);
        if (port == nullptr) return false;
        Arch::raise(*port, irq);
        return true;
    }
    /// An fd as the line's device: each of its O_ASYNC signals raises the line.  Context: process.  Return: 0 or -errno;
    /// -EOPNOTSUPP for files that accept O_ASYNC and never signal (eventfd, timerfd, epoll, regular files).
    int watch_fd(unsigned irq, int fd) noexcept {
        arch::cpu_port* port = port_of(irq);
        if (port == nullptr) return -EINVAL;
        if (!Arch::install_doorbell()) return -EBUSY;
        return Arch::watch_fd(fd, *port, irq);
    }
    [[nodiscard]] std::uint64_t count(unsigned irq) noexcept {
        if (irq >= nr_irqs) return 0;
        detail::irq_lock<Arch> g(lines_[irq].lock);
        return lines_[irq].count;
    }

    /// The interrupt entry of a CPU: takes everything that is pending there once.  The engine has masked the task, and
    /// calls again while something is pending.  Context: the signal handler of the thread that stands for the CPU, or that
    /// thread itself as it lifts its mask.
    static void enter(arch::cpu_port& port) noexcept {
        auto& self = *static_cast<irq_controller*>(port.owner);
        detail::in_context<Arch> hardirq(hardirq_offset);
        std::uint64_t lines =
            atomic<std::uint64_t>(port.pending).exchange(0, acquire);   // [irq.pending] what each raiser wrote
        while (lines != 0) {
            const auto irq = static_cast<unsigned>(__builtin_ctzll(lines));
            lines &= lines - 1;
            self.handle(irq);
        }
    }

private:
    /// Null if there is no such line, or while the machine is down.
    arch::cpu_port* port_of(unsigned irq) noexcept {
        if (irq >= nr_irqs) return nullptr;
        arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).load(acquire);   // [irq.ports]
        return ports != nullptr ? &ports[lines_[irq].cpu] : nullptr;
    }
    void handle(unsigned irq) noexcept {
        desc& d = lines_[irq];
        d.lock.lock();
        if (d.depth != 0 || d.actions == nullptr || d.in_progress) {
            d.pending = true;   // enable_irq(), request_irq() or the run that is going on will see to it
            d.lock.unlock();
            return;
        }
        do {
            d.pending = false;
            d.in_progress = true;
            ++d.count;
            irq_action* first = d.actions;
            d.lock.unlock();
            bool handled = false;
            for (irq_action* a = first; a != nullptr; a = a->next) {
                if (a->handler(static_cast<int>(irq), a->dev_id, a->cookie) != irqreturn::none) handled = true;
                if (!Arch::irqs_masked()) [[unlikely]]
                    mask_again(d, irq, *a);
            }
            d.lock.lock();
            d.in_progress = false;
            if (!handled) ++d.unhandled;
        } while (d.pending && d.depth == 0 && d.actions != nullptr);
        d.lock.unlock();
    }

    /// A handler has come back with interrupts on, by spin_unlock_irq() for instance.  Off they must be, or the next
    /// doorbell finds our own locks held by what it interrupts.  In 2.6 a handler without SA_INTERRUPT ran that way; to
    /// any other the kernel says so, once.
    BOTTOMHALF_COLD static void mask_again(desc& d, unsigned irq, const irq_action& a) noexcept {
        Arch::irq_save();
        if ((a.flags & irq_flag::fast) == 0 || d.told) return;
        d.told = true;
        const void* called = a.cookie != nullptr ? a.cookie : reinterpret_cast<const void*>(a.handler);
        detail::say(channel::kernel, severity::warn, "__handle_irq_event_percpu", location::current(),
                    "irq %u handler %p enabled interrupts", irq, called);
    }

    desc lines_[nr_irqs];
    arch::cpu_port* ports_ = nullptr;   // A [irq.ports]: null while the machine is down
    unsigned nr_ports_ = 0;             // I
};

}   // namespace bottomhalf
