// SPDX-License-Identifier: MIT
// irq_lines.hpp: a machine's lines: which numbers there are, how each is wired, and what is played again as it is turned on.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/irq_desc.hpp>
#include <bottomhalf/irq_flow.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/tasklet.hpp>

namespace bottomhalf {

template <class Arch>
class irq_lines {
protected:
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;
    using line = irq_line<Arch>;
    using slot = irq_handler<Arch>;
    using flow = irq_flow<Arch>;

public:
    constexpr irq_lines() noexcept = default;

    // ---- lines and chips --------------------------------------------------------------------------------------------

    /// A line with a number of its own, which nobody may ask for until its chip is known.  Context: process; allocates.
    /// Return: its number; -ENOMEM.
    int alloc(unsigned how_many = 1) noexcept {
        detail::irq_lock<Arch> g(numbers_);
        for (unsigned first = nr_irqs + 1; how_many != 0 && first + how_many <= max_irqs; ++first) {
            unsigned n = 0;
            while (n < how_many && is_free(first + n)) ++n;
            if (n < how_many) continue;
            for (n = 0; n < how_many; ++n) {
                line*& d = more_[first + n - nr_irqs];
                if (d == nullptr) {
                    auto* made = new (std::nothrow) line;
                    if (made == nullptr) {
                        while (n-- > 0) with(first + n, [](line& taken) { taken.allocated = false; });
                        return -ENOMEM;
                    }
                    made->irq_data.common = &made->irq_common_data;
                    atomic<line*>(d).store(made, release);   // [irq.lines]
                }
                reset(*d, first + n, false);
            }
            return static_cast<int>(first);
        }
        return how_many != 0 ? -ENOMEM : -EINVAL;
    }
    /// Context: process.  Nobody may have it any more: that is said.  Return: false if there was none.
    bool give_back(unsigned irq, location at) noexcept {
        line* d = irq > nr_irqs ? find(irq) : nullptr;
        if (d == nullptr) return false;
        if (has_action(irq))
            detail::say(channel::advice, severity::bug, "irq_free_desc", at, "irq %u still has a handler", irq);
        wait_until_over(*d);
        detail::irq_lock<Arch> n(numbers_);
        detail::irq_lock<Arch> g(d->lock);
        d->allocated = false;
        d->set_flow(&flow::bad);
        d->irq_data.chip = nullptr;
        return true;
    }
    /// Null if there is no such line.
    [[nodiscard]] line* find(unsigned irq) noexcept {
        line* d = slot_of(irq);
        if (d == nullptr) return nullptr;
        detail::irq_lock<Arch> g(d->lock);
        return d->allocated ? d : nullptr;
    }
    [[nodiscard]] bool has_action(unsigned irq) noexcept {
        line* d = find(irq);
        if (d == nullptr) return false;
        detail::irq_lock<Arch> g(d->lock);
        return d->action != nullptr;
    }
    /// f(irq, handler) for each handler that a line has, under its lock.
    template <class F>
    void for_each_action(F f) noexcept {
        for (unsigned irq = 0; irq < max_irqs; ++irq)
            with(irq, [&](line& d) {
                for (const slot* a = d.action; a != nullptr; a = a->next) f(irq, a->a);
            });
    }
    /// Is it a tasklet of ours?
    [[nodiscard]] bool is_own(const tasklet_node& t) const noexcept { return &t == &resend_; }
    /// f(the line), with its lock held.  Return: false if there is no such line.
    template <class F>
    bool with(unsigned irq, F f) noexcept {
        line* d = find(irq);
        if (d == nullptr) return false;
        detail::irq_lock<Arch> g(d->lock);
        f(*d);
        return true;
    }
    /// The same for what ends in a chip.  Context: process, if that is behind a slow bus.
    template <class F>
    bool with_chip(unsigned irq, F f) noexcept {
        line* d = find(irq);
        if (d == nullptr) return false;
        const bus_guard bus(*d);
        detail::irq_lock<Arch> g(d->lock);
        f(*d);
        return true;
    }
    /// Wires the line.  Return: 0, -EINVAL if there is none; what its chip says.
    int set_type(unsigned irq, std::uint32_t type, location at) noexcept {
        int err = -EINVAL;
        if (with_chip(irq, [&](line& d) BOTTOMHALF_NO_TSA { err = wire(d, type); })) say_if_refused(irq, type, err, at);
        return err;
    }
    /// Who calls what is behind the line, `chained`: on from now on, and nobody's to ask for.  `off`: a flow that only
    /// complains; nothing comes any more.  Context: in with_chip().
    void give_flow(line& d, void (*f)(irq_desc*), bool off, bool chained) noexcept BOTTOMHALF_NO_TSA {
        if (off) {
            if (d.irq_data.chip != nullptr) flow::mask_ack(d);
            d.irq_data.change(0, irqd::disabled);
            d.depth = 1;
            return d.set_flow(f);
        }
        const std::uint32_t type = d.irq_data.state() & irq_type::sense;
        if (chained && type != 0) wire(d, type);   // in which its chip may choose a flow
        d.set_flow(f);
        if (!chained) return;
        d.change_status(0, irq_status::norequest | irq_status::noprobe | irq_status::nothread);
        d.depth = 0;
        flow::turn_on(d);
    }
    /// Context: no lock is held.
    static void say_if_refused(unsigned irq, unsigned long type, int err, location at) noexcept {
        if (err != 0)
            detail::say(channel::kernel, severity::note, "__irq_set_trigger", at,
                        "genirq: Setting trigger mode %lu for irq %u failed", type & irq_type::sense, irq);
    }
    /// The line is not of our own chip any more.
    static void give_chip(line& d, irq_chip_ops* chip) noexcept {
        d.irq_data.chip = chip;
        d.soft = false;
        atomic<std::uint32_t>(d.by_level).store(0, relaxed);   // relaxed: it is not in use yet
    }

protected:
    void start_lines(unsigned cpus) noexcept {
        nr_cpus_ = cpus;
        resend_.callback = &resend_all;
        resend_.use_callback = true;
        resend_.data = reinterpret_cast<unsigned long>(this);
        for (unsigned i = 0; i < nr_irqs; ++i) reset(lines_[i], i, true);
    }
    /// Calls from process context that end in a chip go through its bus.
    class bus_guard {
    public:
        explicit bus_guard(line& d) noexcept : d_(d) {
            if (d.irq_data.chip != nullptr && d.irq_data.chip->bus_lock != nullptr)
                d.irq_data.chip->bus_lock(&d.irq_data);
        }
        ~bus_guard() {
            if (d_.irq_data.chip != nullptr && d_.irq_data.chip->bus_sync_unlock != nullptr)
                d_.irq_data.chip->bus_sync_unlock(&d_.irq_data);
        }
        bus_guard(const bus_guard&) = delete;
        bus_guard& operator=(const bus_guard&) = delete;

    private:
        line& d_;
    };

    /// Waits until no handler of the line runs.
    void wait_until_over(line& d) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(d.lock);
            if (!flow::in_progress(d)) return;
        }
    }

    // ---- lines ------------------------------------------------------------------------------------------------------

    /// Null if there is none with that number, now or ever before.  Context: any, async-signal-safe.
    line* slot_of(unsigned irq) noexcept {
        if (irq < nr_irqs) return &lines_[irq];
        return irq > nr_irqs && irq < max_irqs ? atomic<line*>(more_[irq - nr_irqs]).load(acquire)
                                               : nullptr;   // [irq.lines]
    }
    bool is_free(unsigned irq) noexcept {
        line* d = slot_of(irq);
        if (d == nullptr) return true;
        detail::irq_lock<Arch> g(d->lock);
        return !d->allocated;
    }
    /// No step: a machine's lines begin in hundreds of them.
    template <class T>
    static void clear(T& word) noexcept {
        if constexpr (Arch::simulated)
            word = 0;
        else
            atomic<T>(word).store(0, relaxed);   // relaxed: see reset()
    }
    void reset(line& d, unsigned irq, bool soft) noexcept {
        auto* counts = d.counts != nullptr ? d.counts : new (std::nothrow) std::uint64_t[nr_cpus_];
        detail::irq_lock<Arch> g(d.lock);
        d.irq_data.irq = irq;
        d.irq_data.hwirq = irq;
        d.irq_data.mask = 0;
        d.irq_data.common = &d.irq_common_data;
        d.irq_data.chip = soft ? &soft_chip : nullptr;
        d.irq_data.chip_data = d.irq_common_data.handler_data = nullptr;
        d.irq_data.change(~0U, irqd::disabled | irqd::masked);
        d.set_flow(soft ? &flow::edge : &flow::bad);
        d.change_status(~0U, soft ? 0 : irq_status::norequest);
        d.depth = 1;
        d.wake_depth = 0;
        d.name = nullptr;
        d.istate = 0;
        d.threads_oneshot = 0;
        d.threads_handled_last = 0;
        d.told = false;
        d.soft = soft;
        d.all = static_cast<irq_controller<Arch>*>(this);
        d.allocated = true;
        for (std::uint32_t* a : {&d.cpu, &d.by_level, &d.asserted}) clear(*a);   // relaxed: nobody raises it yet
        for (unsigned i = 0; counts != nullptr && i < nr_cpus_; ++i) clear(counts[i]);
        d.counts = counts;
        d.nr_counts = counts != nullptr ? nr_cpus_ : 0;
    }
    /// Return: 0; what its chip says.
    int wire(line& d, std::uint32_t type) noexcept BOTTOMHALF_REQUIRES(d.lock) {
        type &= irq_type::sense;
        irq_chip_ops* chip = d.irq_data.chip;
        if (d.soft) {
            if (type == 0) return 0;   // as it is
            take_type(d, type);
            const bool level = d.is_level();
            if (d.handle_irq == &flow::edge || d.handle_irq == &flow::level)
                d.set_flow(level ? &flow::level : &flow::edge);
            atomic<std::uint32_t>(d.by_level).store(level ? 1 : 0, relaxed);   // relaxed: see raise()
            return 0;
        }
        if (chip == nullptr || chip->set_type == nullptr) return 0;   // most cannot choose, and nobody minds
        bool unmask = false;
        if ((chip->flags & irq_chip_flag::set_type_masked) != 0) {
            flow::mask(d);
            unmask = !d.irq_data.is(irqd::disabled);
        }
        const int err = chip->set_type(&d.irq_data, type);
        if (err == chip_says::ok || err == chip_says::done) take_type(d, type);
        if (err == chip_says::no_copy) take_type(d, d.irq_data.state() & irq_type::sense);   // it has said so itself
        if (unmask) flow::unmask(d);
        return err == chip_says::ok || err == chip_says::done || err == chip_says::no_copy ? 0 : err;
    }
    static void take_type(line& d, std::uint32_t type) noexcept BOTTOMHALF_REQUIRES(d.lock) {
        const bool level = (type & irq_type::level) != 0;
        d.irq_data.change(irq_type::sense | irqd::level, type | (level ? irqd::level : 0));
        d.change_status(irq_type::sense | irq_status::level, type | (level ? std::uint32_t{irq_status::level} : 0));
    }

    // ---- playing again what came while a line was off -----------------------------------------------------------------

    /// Return: whether the caller is to raise the line, having let go of its lock.
    bool resend(line& d) noexcept BOTTOMHALF_REQUIRES(d.lock) {
        const bool wanted = (d.istate & (line::pending | line::replay)) == line::pending;
        if (d.is_level() || wanted) d.istate &= ~line::pending;
        if (d.is_level() || !wanted) return false;
        if (d.soft) return true;
        d.istate |= line::replay;
        irq_chip_ops* chip = d.irq_data.chip;
        if (chip != nullptr && chip->retrigger != nullptr && chip->retrigger(&d.irq_data) != 0) return false;
        {
            detail::irq_lock<Arch> g(resends_);
            if (!d.listed) d.next_resend = resend_list_, resend_list_ = &d;
            d.listed = true;
        }
        const std::int32_t cpu = Arch::current().cpu;
        if (softirqs_ != nullptr)
            if (auto* c = softirqs_->of_cpu(cpu > 0 ? static_cast<unsigned>(cpu) : 0))
                tasklet_ops<Arch>::schedule(*c, resend_, tasklet_ops<Arch>::normal);
        return false;
    }
    /// A tasklet's.  The flow runs with interrupts off, in softirq: as the kernel has it.
    static void resend_all(tasklet_node* t) noexcept {
        auto& self = *reinterpret_cast<irq_lines*>(t->data);
        while (line* d = self.next_to_resend()) {
            const bool was = Arch::irq_save();
            d->call_flow();
            Arch::irq_restore(was);
        }
    }
    line* next_to_resend() noexcept {
        detail::irq_lock<Arch> g(resends_);
        line* d = resend_list_;
        if (d == nullptr) return nullptr;
        resend_list_ = d->next_resend;
        d->listed = false;
        return d;
    }
    void forget_locks() noexcept BOTTOMHALF_NO_TSA {
        std::construct_at(&numbers_);
        std::construct_at(&resends_);
        resend_list_ = nullptr;
        resend_ = {};
    }

    // ---- our own chip -------------------------------------------------------------------------------------------------

    static void soft_mask(irq_data*) noexcept {}
    static void soft_unmask(irq_data* data) noexcept {
        line& d = line::of(data);
        if (atomic<std::uint32_t>(d.asserted).load(acquire) != 0 && d.is_level())
            d.all->raise(data->irq);   // [irq.level]
    }
    BOTTOMHALF_STATE static inline constinit irq_chip_ops soft_chip = {
        .name = "bottomhalf", .mask = &soft_mask, .unmask = &soft_unmask};

    line lines_[nr_irqs];
    line* more_[max_irqs - nr_irqs] = {};   // A [irq.lines]: allocated ones
    detail::spinlock<Arch> numbers_;        // before a line's
    detail::spinlock<Arch> resends_;        // after a line's
    line* resend_list_ = nullptr;           // guarded by resends_
    tasklet_node resend_;
    unsigned nr_cpus_ = 0;                           // I
    softirq_controller<Arch>* softirqs_ = nullptr;   // I
};

}   // namespace bottomhalf
