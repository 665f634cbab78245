// SPDX-License-Identifier: MIT
// irq_poll.hpp: a line that was shut off because nobody cared for its interrupts, and that several may share, is polled ten
// times a second from then on: all its handlers are called, so that the devices of those who do care go on, slowly, until a
// driver turns the line on again.  A timer does it, which runs while there is such a line.
//
// Source: poll_spurious_irqs(), kernel/irq/spurious.c.  Differs: the kernel's timer never ends; the lines of 2.6 are not
// polled, as they were not then.
#pragma once

#include <cstdint>
#include <type_traits>

#include <bottomhalf/irq_flow.hpp>
#include <bottomhalf/timekeeper.hpp>

namespace bottomhalf {

/// All: irq_controller<Arch>, which knows the lines.
template <class Arch, class All>
class irq_poll {
public:
    constexpr irq_poll() noexcept = default;

    /// Before anything is raised.  `time`: null if there are no timers; then nothing is polled.
    void start(timekeeper<Arch>* time, All& all) noexcept {
        time_ = time;
        all_ = &all;
        if (time == nullptr) return;
        node_ = {};
        node_.flags = timekeeper<Arch>::new_flags();
        node_.function = &run;
    }
    /// On return it is not armed, nor will be; lines may be polled still.
    void shut_down() noexcept {
        if (time_ != nullptr) time_->shut_down(node_);
    }
    /// A line has been shut off.  Context: hardirq, and whatever calls a flow; no lock is held.
    void later() noexcept {
        if (time_ == nullptr) return;
        const std::int32_t cpu = Arch::current().cpu;
        time_->mod(node_, time_->jiffies() + interval, cpu > 0 ? static_cast<unsigned>(cpu) : 0);
    }
    /// Calls the line's handlers, if it is such a one.  With the line's lock not held.  Return: whether it is.
    static bool poll(irq_line<Arch>& d) noexcept {
        const bool was = Arch::irq_save();
        const bool polled = irq_flow<Arch>::poll(d);
        Arch::irq_restore(was);
        return polled;
    }

private:
    static constexpr jiffies_t interval = hz / 10;

    static void run(timer_node* t) noexcept {
        static_assert(std::is_standard_layout_v<irq_poll>);
        auto& me = *reinterpret_cast<irq_poll*>(t);   // its first member
        if (me.all_->poll_lines()) me.later();
    }

    timer_node node_;
    timekeeper<Arch>* time_ = nullptr;   // I
    All* all_ = nullptr;                 // I
};

}   // namespace bottomhalf
