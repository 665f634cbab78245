// SPDX-License-Identifier: MIT
// sim_choice.hpp: what the simulated world asks of whoever explores its interleavings, and what it tells who looks on.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bottomhalf/arch/sim_task.hpp>

namespace bottomhalf::arch {

/// What can go wrong, if that is wanted.
enum class sim_fault : std::uint8_t { no_thread = 1, no_memory = 2, lost_edge = 4, late_store = 8 };

/// The things that could happen next, in an order that is the same whenever the same has happened before.
class sim_choice {
public:
    /// Whether something goes wrong: alternative 1.
    sim_choice(detail::sim_task* running, sim_fault f) noexcept
        : running_(running), others_(nullptr), n_(1), time_(false), fault_(f) {}
    sim_choice(detail::sim_task* running, detail::sim_task* const* others, std::size_t n, bool time) noexcept
        : running_(running), others_(others), n_(n), time_(time) {}

    /// Alternative 0 is the task that runs now, and could go on: any other takes the CPU from it.
    [[nodiscard]] bool goes_on() const noexcept { return running_ != nullptr; }
    /// The last alternative is that time passes, though somebody could run: to the next deadline.
    [[nodiscard]] bool time_may_pass() const noexcept { return time_; }
    [[nodiscard]] std::size_t size() const noexcept { return n_ + (goes_on() ? 1 : 0) + (time_ ? 1 : 0); }
    [[nodiscard]] bool is_time(std::size_t i) const noexcept { return time_ && i + 1 == size(); }
    /// Who would run; 0: nobody yet, time passes; negative: a fault.
    [[nodiscard]] std::int32_t pid(std::size_t i) const noexcept {
        if (is_time(i)) return 0;
        if (is_fault() && i == 1) return -static_cast<std::int32_t>(fault_);
        return task_of(i)->self.pid;
    }
    /// Whether that one would go into an interrupt, or is in one.
    [[nodiscard]] bool is_interrupt(std::size_t i) const noexcept {
        if (is_time(i) || is_fault()) return false;
        const detail::sim_task& t = *task_of(i);
        return t.answering || (t.doorbell && t.self.irqs_off == 0);
    }
    [[nodiscard]] bool is_fault() const noexcept { return fault_ != sim_fault{}; }

private:
    detail::sim_task* running_;
    detail::sim_task* const* others_;
    std::size_t n_;
    bool time_;
    sim_fault fault_{};

    [[nodiscard]] const detail::sim_task* task_of(std::size_t i) const noexcept {
        if (goes_on() && i == 0) return running_;
        return others_[i - (goes_on() ? 1 : 0)];
    }
};

/// Who decides.  Called between two steps, on the stack of whichever task has come to one; must not take a step.
class sim_chooser {
public:
    /// Return: which of the alternatives, of which there are two at least.
    virtual std::size_t choose(const sim_choice& among) noexcept = 0;

    sim_chooser() = default;
    sim_chooser(const sim_chooser&) = delete;
    sim_chooser& operator=(const sim_chooser&) = delete;

protected:
    ~sim_chooser() = default;
};

enum class sim_event : std::uint8_t {
    runs,        // has been switched to
    preempted,   // another runs, though this one could
    gives_way,   // in a spin loop, or of its own accord
    sleeps,      // `what`: on what
    wakes,       // can run again; `what`: null if its time has come
    ends,
    time,        // has passed, to `now`
    interrupt,   // is entered on this task
    returns,     // from there
    calls,       // a function of the driver's, `where`; `what`: what kind, "work queue handler"
    called,      // and it has returned
    fails,       // the schedule does: `what`
    note         // `what`: in words
};

/// Who looks on.  Called between two steps, as the chooser is.
class sim_observer {
public:
    virtual void event(sim_event kind, const task& who, const char* what, const void* where, ns_t now) noexcept = 0;

    sim_observer() = default;
    sim_observer(const sim_observer&) = delete;
    sim_observer& operator=(const sim_observer&) = delete;

protected:
    ~sim_observer() = default;
};

}   // namespace bottomhalf::arch
