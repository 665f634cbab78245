// SPDX-License-Identifier: MIT
// irq.hpp: how interrupts come: from whoever raises a line to the line's flow.
//
// A line that is raised sets a bit in the pending word of its CPU; the raiser who found the word empty rings the doorbell
// of the thread that stands for the CPU; that thread's signal handler enters here, asynchronously to whatever the thread
// was doing, and hands the line to its flow (irq_flow.hpp), which calls the handlers in hardirq context.
//
// Lines 0 to 62 are the machine's own: anybody may raise them.  Others are allocated, for drivers of interrupt chips
// (irq_alloc_desc()), and are handed to their flow by such a driver, or raised, too.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/irq_poll.hpp>
#include <bottomhalf/irq_requests.hpp>
#include <bottomhalf/irq_section.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/softirq.hpp>

namespace bottomhalf {

template <class Arch>
class irq_controller : public irq_requests<Arch> {
    using base = irq_requests<Arch>;
    using typename base::flow;
    using typename base::line;
    using typename base::slot;
    using typename base::threads;
    template <class T>
    using atomic = typename base::template atomic<T>;
    using base::lines_;
    using base::more_;
    using base::slot_of;
    using base::softirqs_;

public:
    using base::find;
    using base::has_action;
    using base::with;

    constexpr irq_controller() noexcept = default;

    /// Takes over the CPUs' ports.  What an earlier life of the machine has left behind is forgotten: an edge, a
    /// disable_irq() of nobody's line.
    void start(arch::cpu_port* ports, unsigned n, softirq_controller<Arch>* softirqs = nullptr,
               timekeeper<Arch>* time = nullptr) noexcept {
        softirqs_ = softirqs;
        poll_.start(time, *this);
        nr_ports_ = n;
        this->start_lines(n);
        for (unsigned i = 0; i < n; ++i) {
            atomic<std::uint64_t>(ports[i].pending).exchange(0, acquire);
            ports[i].taken = 0;
            atomic<void*>(ports[i].raised).exchange(nullptr, acquire);
        }
        atomic<arch::cpu_port*>(ports_).store(ports, release);   // [irq.ports]
    }
    /// Removes all handlers.  Nothing is raised from here on: the ports may go.  Of a line whose threads have not returned by
    /// `deadline` they are left behind.
    void shut_down(location at, arch::ns_t deadline = arch::forever) noexcept {
        if (arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).exchange(nullptr, acq_rel))   // [irq.ports]
            Arch::unwatch_ports(ports, nr_ports_);
        poll_.shut_down();
        for (unsigned i = 0; i < max_irqs; ++i) {
            if (Arch::simulated && is_bare(i)) continue;
            line* d = slot_of(i);
            if (d == nullptr) continue;
            unsigned n = 0;
            {
                detail::irq_lock<Arch> g(d->lock);
                for (slot* a = d->action; a != nullptr; a = a->next) ++n;
                if (n != 0) d->irq_data.change(0, irqd::disabled);
            }
            if (n != 0) {
                this->wait_until_over(*d);
                detail::say(channel::advice, severity::note, "machine", at,
                            "irq %u still has %u handler(s) at the machine's end", i, n);
                if (!threads::wait_until(*d, deadline, "the end of an interrupt's thread")) {
                    detail::say(channel::advice, severity::warn, "machine", at,
                                "at exit: a thread of irq %u was still running a handler", i);
                    continue;
                }
                while (slot* a = this->unlink(*d, nullptr, true)) this->end(a);
            }
            if (i < nr_irqs) continue;
            detail::irq_lock<Arch> g(d->lock);
            d->allocated = false;
        }
    }
    /// After shut_down(): the lines' memory goes.  Context: nobody takes interrupts any more, nor runs softirqs.
    void free_lines() noexcept BOTTOMHALF_NO_TSA {
        this->resend_list_ = nullptr;
        for (unsigned i = 0; i < max_irqs; ++i) {
            line* d = i < nr_irqs ? &lines_[i] : more_[i - nr_irqs];
            if (d == nullptr) continue;
            delete[] d->counts;
            d->counts = nullptr;
            if (i >= nr_irqs) delete d, more_[i - nr_irqs] = nullptr;
        }
    }
    /// The same for one whose world is gone.  Context: nobody else is left.
    void lose() noexcept BOTTOMHALF_NO_TSA {
        ports_ = nullptr;
        this->forget_locks();
        for (unsigned i = 0; i < max_irqs; ++i) {
            line* d = i < nr_irqs ? &lines_[i] : more_[i - nr_irqs];
            if (d == nullptr) continue;
            while (slot* a = d->action) d->action = a->next, delete a;
            std::construct_at(&d->lock);
            d->threads_active = d->raised = 0;
        }
    }

    // ---- the device's side ------------------------------------------------------------------------------------------

    /// The line's device wants attention.  On a line that is wired by level, it does until the handlers have been called.
    /// Context: any, async-signal-safe.  Return: false if there is no such line, or the machine is down.
    bool raise(unsigned irq) noexcept { return Arch::loses_edge() || deliver(irq); }
    bool deliver(unsigned irq) noexcept {
        arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).load(acquire);   // [irq.ports]
        line* d = ports != nullptr ? slot_of(irq) : nullptr;
        if (d == nullptr) return false;
        const std::uint32_t cpu =
            atomic<std::uint32_t>(d->cpu).load(relaxed);   // relaxed: where it went before is as good
        arch::cpu_port& port = ports[cpu < nr_ports_ ? cpu : 0];
        if (irq < nr_irqs) return Arch::raise(port, irq), true;
        // [irq.raised] acq_rel: one that changes nothing publishes to the entry to come, too
        if (atomic<std::uint32_t>(d->raised).exchange(1, acq_rel) != 0) return true;
        atomic<void*> head(port.raised);
        void* first = head.load(relaxed);   // relaxed: the exchange decides
        do d->next_raised = static_cast<line*>(first);
        while (!head.compare_exchange_weak(first, d, release, relaxed));   // [irq.raised] its link
        Arch::raise(port, nr_irqs);
        return true;
    }
    /// A device that asserts its line, until it lets go: wired by level, the line comes again and again until all of its
    /// devices have.  Context: any, async-signal-safe.  Return: false if there is no such line or device, or no machine.
    bool assert_line(unsigned irq, bool on, unsigned device) noexcept {
        line* d = slot_of(irq);
        if (d == nullptr || device >= max_devices) return false;
        const std::uint32_t mine = 2U << device;
        atomic<std::uint32_t> asserted(d->asserted);
        if (!on) return asserted.fetch_and(~mine, acq_rel), true;   // [irq.level]
        asserted.fetch_or(mine, acq_rel);                           // [irq.level]
        return deliver(irq);
    }
    static constexpr unsigned max_devices = 31;   // that hold a line
    /// CPU `n` interrupts itself, and calls f(its softirqs) in hardirq context.  All calls have the same `f`.
    /// Context: any, async-signal-safe.
    void ring(unsigned n, void (*f)(typename softirq_controller<Arch>::cpu&)) noexcept {
        atomic<void (*)(typename softirq_controller<Arch>::cpu&)>(rung_).store(f, release);   // [irq.pending] follows
        arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).load(acquire);                // [irq.ports]
        if (ports == nullptr || !Arch::install_doorbell()) return;
        arch::cpu_port& port = ports[n < nr_ports_ ? n : 0];
        Arch::raise(port, nr_irqs);
    }
    /// What happens to an fd raises the line, on the CPU that is the line's now: see irq_source.hpp.  Context: process.
    /// Return: 0 or -errno; -EOPNOTSUPP for regular files.
    int watch_fd(unsigned irq, int fd) noexcept {
        arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).load(acquire);   // [irq.ports]
        if (ports == nullptr || irq >= nr_irqs) return -EINVAL;
        if (!Arch::install_doorbell()) return -EBUSY;
        const std::uint32_t cpu = atomic<std::uint32_t>(lines_[irq].cpu).load(relaxed);   // relaxed: see raise()
        return Arch::watch_fd(fd, ports[cpu], irq);
    }

    /// The interrupt entry of a CPU: takes everything that is pending there once.  The engine has masked the task, and
    /// calls again while something is pending.  Context: the signal handler of the thread that stands for the CPU, or that
    /// thread itself as it lifts its mask.
    /// Return: false if it cannot be now.
    static bool enter(arch::cpu_port& port) noexcept {
        auto& self = *static_cast<irq_controller*>(port.owner);
        const bool outermost = !context<Arch>::in_hardirq();
        if (outermost && !irq_section<Arch>::may_serve(port)) return false;
        const typename detail::in_context<Arch>::whole_interrupt wakes_at_its_end;
        {
            detail::in_context<Arch> hardirq(hardirq_offset);
            port.taken |=
                atomic<std::uint64_t>(port.pending).exchange(0, acquire);   // [irq.pending] what each raiser wrote
            if ((port.taken & self_bit) != 0) {
                port.taken &= ~self_bit;
                self.answer_self(port);
            }
            while (port.taken != 0) {
                const auto irq = static_cast<unsigned>(__builtin_ctzll(port.taken));
                port.taken &= port.taken - 1;
                deliver(self.lines_[irq]);
            }
        }
        if (outermost) irq_section<Arch>::served(port);
        if (self.softirqs_ != nullptr) self.softirqs_->irq_exit(port.cpu);
        return true;
    }
    /// Where the interrupts of CPU `n` arrive; null while the machine is down.
    [[nodiscard]] arch::cpu_port* port(unsigned n) noexcept {
        arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).load(acquire);   // [irq.ports]
        return ports != nullptr ? &ports[n < nr_ports_ ? n : 0] : nullptr;
    }

    /// Hands the line to its flow.  Context: hardirq, or interrupts off.  Return: 0, -EINVAL if there is none.
    int handle(unsigned irq) noexcept {
        line* d = find(irq);
        if (d == nullptr) return -EINVAL;
        const bool was = Arch::irq_save();
        d->call_flow();
        Arch::irq_restore(was);
        return 0;
    }
    /// The CPU that takes the line's interrupts, from the next one on.  Context: any; process, if what raises the line, a file
    /// or a timer, is to speak to that CPU's thread at once: otherwise it does with the next such call.
    /// Return: false if there is no such line or CPU.
    bool set_cpu(unsigned irq, unsigned cpu) noexcept {
        line* d = find(irq);
        if (d == nullptr || cpu >= nr_ports_) return false;
        atomic<std::uint32_t>(d->cpu).store(cpu, relaxed);                       // relaxed: see raise()
        arch::cpu_port* ports = atomic<arch::cpu_port*>(ports_).load(acquire);   // [irq.ports]
        if (ports != nullptr && irq < nr_irqs && !context<Arch>::in_atomic() && !context<Arch>::irqs_disabled())
            Arch::move_sources(ports, nr_ports_, irq, ports[cpu]);
        return true;
    }
    /// What the line's handler does whose `dev_id` this is, called in its thread by another's: of lines behind a slow bus.
    void handle_nested(unsigned irq) noexcept {
        line* d = find(irq);
        if (d == nullptr) return;
        slot* a = nullptr;
        {
            detail::irq_lock<Arch> g(d->lock);
            if (d->action == nullptr || d->irq_data.is(irqd::disabled)) {
                d->istate |= line::pending;
                return;
            }
            a = d->action;
            atomic<std::uint32_t>(d->threads_active).fetch_add(1, acq_rel);   // [irq.threads]
        }
        while (a != nullptr) {   // whoever frees one waits for us
            if (a->a.thread_fn != nullptr) {
                const typename threads::nested here(*d, *a);
                threads::call(*a);
            }
            detail::irq_lock<Arch> g(d->lock);
            a = a->next;
        }
        threads::done(*d);
    }
    /// Its thread runs, as if its handler had asked for that.  Context: any.
    void wake_thread(unsigned irq, const void* dev_id) noexcept {
        slot* a = nullptr;
        with(irq, [&](line& d) {
            for (a = d.action; a != nullptr && a->a.dev_id != dev_id; a = a->next) {}
            if (a == nullptr || a->thread == nullptr) return;
            atomic<std::uint32_t>(d.threads_active).fetch_add(1, acq_rel);   // [irq.threads] before it can be done
            if ((atomic<std::uint32_t>(a->calls).fetch_or(slot::run, acq_rel) & slot::run) != 0)   // [irq.thread]
                return threads::done(d);
            d.threads_oneshot |= a->thread_mask;
            Arch::unpark(a->calls, 1);
        });
    }

    // ---- lines that nobody cared for ------------------------------------------------------------------------------------

    /// One was shut off.
    void poll_later() noexcept { poll_.later(); }
    /// Calls the handlers of those that are shut off.  Context: softirq.  Return: whether there are any.
    bool poll_lines() noexcept {
        bool some = false;
        for (unsigned i = 0; i < max_irqs; ++i)
            if (line* d = slot_of(i)) some = irq_poll<Arch, irq_controller>::poll(*d) || some;
        return some;
    }

    // ---- statistics -------------------------------------------------------------------------------------------------

    /// How often the line has been entered, on all CPUs.
    [[nodiscard]] std::uint64_t count(unsigned irq) noexcept {
        std::uint64_t sum = 0;
        for (unsigned cpu = 0; cpu < nr_ports_; ++cpu) sum += count(irq, cpu);
        return sum;
    }
    [[nodiscard]] std::uint64_t count(unsigned irq, unsigned cpu) noexcept {
        line* d = find(irq);
        std::uint64_t* counts = d != nullptr && cpu < nr_ports_ ? d->counts : nullptr;
        return counts != nullptr ? atomic<std::uint64_t>(counts[cpu]).load(relaxed) : 0;   // relaxed: a count
    }
    /// Writes what /proc/interrupts shows.  Context: process.  Return: how long the text is, whatever has room.
    std::size_t show(char* to, std::size_t size) noexcept;

private:
    /// Looked at without a step: a thousand of them, at the end of each world, are more than all else that happens there.
    [[nodiscard]] bool is_bare(unsigned i) const noexcept BOTTOMHALF_NO_TSA {
        return i < nr_irqs ? lines_[i].action == nullptr : more_[i - nr_irqs] == nullptr;
    }
    /// A line that is wired by level wants something until its handlers have been called, whoever has raised it.
    static void deliver(line& d) noexcept {
        // relaxed: how it is wired does not change under way
        if (atomic<std::uint32_t>(d.by_level).load(relaxed) != 0) {
            std::uint32_t none = 0;
            atomic<std::uint32_t>(d.asserted).compare_exchange_strong(none, 1, acq_rel, relaxed);   // [irq.level]
        }
        d.call_flow();
    }
    /// What has no bit of its own.
    void answer_self(arch::cpu_port& port) noexcept {
        irq_section<Arch>::answer(port);
        using rung = void(typename softirq_controller<Arch>::cpu&);
        rung* f = atomic<rung*>(rung_).load(acquire);   // [irq.pending]
        if (auto* c = softirqs_ != nullptr ? softirqs_->of_cpu(port.cpu) : nullptr; c != nullptr && f != nullptr) f(*c);
        auto* first = static_cast<line*>(atomic<void*>(port.raised).exchange(nullptr, acquire));   // [irq.raised]
        first = detail::reversed(first, &line::next_raised);
        while (first != nullptr) {
            line& d = *first;
            first = d.next_raised;
            atomic<std::uint32_t>(d.raised).exchange(0, acq_rel);   // [irq.raised] from here on it may be raised again
            deliver(d);
        }
    }

    static_assert(nr_irqs == arch::self_line);
    static constexpr std::uint64_t self_bit = std::uint64_t{1} << nr_irqs;

    void (*rung_)(typename softirq_controller<Arch>::cpu&) = nullptr;   // A
    irq_poll<Arch, irq_controller> poll_;
    arch::cpu_port* ports_ = nullptr;   // A [irq.ports]: null while the machine is down
    unsigned nr_ports_ = 0;             // I
};

template <class Arch>
std::size_t irq_controller<Arch>::show(char* to, std::size_t size) noexcept {
    std::size_t n = 0;
    const auto add = [&](const char* format, auto... values) {
        const int more = std::snprintf(n < size ? to + n : nullptr, n < size ? size - n : 0, format, values...);
        if (more > 0) n += static_cast<std::size_t>(more);
    };
    const auto end_line = [&] { add("%s", "\n"); };
    add("%5s", "");
    for (unsigned cpu = 0; cpu < nr_ports_; ++cpu) add(" %*s%u", cpu < 10 ? 9 : 8, "CPU", cpu);
    end_line();
    for (unsigned irq = 0; irq < max_irqs; ++irq) {
        line* d = find(irq);
        if (d == nullptr || (count(irq) == 0 && !has_action(irq))) continue;
        add("%4u:", irq);
        for (unsigned cpu = 0; cpu < nr_ports_; ++cpu) add(" %10llu", static_cast<unsigned long long>(count(irq, cpu)));
        with(irq, [&](line& its) {
            add("  %10s %4lu %-5s ", its.irq_data.chip != nullptr ? its.irq_data.chip->name : "None",
                its.irq_data.hwirq, its.is_level() ? "Level" : "Edge");
            for (const slot* a = its.action; a != nullptr; a = a->next)
                add("%s%s", a == its.action ? " " : ", ", base::name_of(a->a));
        });
        end_line();
    }
    add("%4s: %10llu\n", "ERR", static_cast<unsigned long long>(Arch::spurious_doorbells()));
    return n;
}

}   // namespace bottomhalf
