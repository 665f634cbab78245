// SPDX-License-Identifier: MIT
//
// An item in each of the situations that it can be in, held there until the test lets it go.
#pragma once

#include <atomic>
#include <cstdint>
#include <source_location>

#include <bottomhalf/bottomhalf.hpp>

#include "support/engine.hpp"
#include "support/gate.hpp"

namespace support {

enum class situation : std::uint8_t { idle, timer, queued, running, running_queued, running_timer };
inline constexpr situation situations[] = {situation::idle,    situation::timer,          situation::queued,
                                           situation::running, situation::running_queued, situation::running_timer};
inline constexpr const char* name_of(situation s) {
    constexpr const char* names[] = {"idle",    "on its timer",     "queued",
                                     "running", "running + queued", "running + on its timer"};
    return names[static_cast<int>(s)];
}
inline constexpr bool runs_in(situation s) { return s >= situation::running; }

/// A single-threaded queue whose worker is held: in the item's own first run where the item is to be running, in
/// another item where it is not.  So nothing moves until open().
template <class Arch>
class scene {
    using wq_ops = bottomhalf::workqueue_ops<Arch>;
    using timed_ops = bottomhalf::delayed_ops<Arch>;
    using location = bottomhalf::location;

public:
    static constexpr bottomhalf::jiffies_t long_delay = 3600 * bottomhalf::hz;   // never comes
    using wq_t = bottomhalf::basic_workqueue_struct<Arch>;

    bottomhalf::scoped_machine<Arch> m{{.cpus = 2}};
    wq_t* wq = nullptr;
    std::atomic<int> runs{0};       // begun
    std::atomic<int> finished{0};   // ended

    explicit scene(situation s) {
        wq = m.create_queue("scene", bottomhalf::queue_kind::single_thread, 0, nullptr, location::current());
        counted_.self = this;
        counted_.item.work.func = &run;
        counted_.item.timer.function = &timed_ops::expire;
        counted_.item.timer.flags = bottomhalf::timer_irqsafe | bottomhalf::timer_of_work;
        if (runs_in(s)) {
            hold_first_run_ = true;
            queue();
        } else {
            wq_ops::queue_work(wq, blocker_, location::current());
        }
        gate_.wait_until_held();
        if (s == situation::queued || s == situation::running_queued) queue();
        if (s == situation::timer || s == situation::running_timer) queue_delayed(long_delay);
    }
    ~scene() {
        if (wq != nullptr) {
            end();
            m.destroy_queue(wq, location::current());
        }
    }
    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;

    bottomhalf::work_item& item() noexcept { return counted_.item.work; }
    bottomhalf::delayed_item& delayed() noexcept { return counted_.item; }

    bool queue() noexcept { return wq_ops::queue_work(wq, item(), location::current()); }
    bool queue_delayed(bottomhalf::jiffies_t delay) noexcept {
        return timed_ops::queue(wq, delayed(), delay, timed_ops::zero::now, location::current());
    }
    bool mod_delayed(bottomhalf::jiffies_t delay) noexcept {
        return timed_ops::mod_on(0, wq, delayed(), delay, location::current());
    }
    [[nodiscard]] bool pending() noexcept { return bottomhalf::was_pending<Arch>(item()); }
    [[nodiscard]] bool on_timer() noexcept { return bottomhalf::timekeeper<Arch>::was_pending(delayed().timer); }

    void open() noexcept { gate_.open(); }
    /// Lets everything come to its end; a timer does not.
    void end() noexcept {
        open();
        wq_ops::flush_workqueue(wq, location::current());
        wq_ops::cancel_sync(item(), &timed_ops::stop_timer, "a test", location::current());
    }
    /// After destroy_queue() by the test.
    void forget_queue() noexcept { wq = nullptr; }

private:
    struct counted {
        bottomhalf::delayed_item item;   // first: the handler gets its address
        scene* self = nullptr;
    };
    struct pass_gate {
        scene* self;
        void operator()() const noexcept { self->gate_.pass(); }
    };

    static void run(bottomhalf::work_item* w) {
        scene& self = *reinterpret_cast<counted*>(w)->self;
        if (++self.runs == 1 && self.hold_first_run_) self.gate_.pass();
        ++self.finished;
    }

    gate<Arch> gate_;
    bool hold_first_run_ = false;
    counted counted_;
    bottomhalf::work<pass_gate, Arch> blocker_{pass_gate{this}};
};

}   // namespace support
