// SPDX-License-Identifier: MIT
// sim_explored.hpp: the simulated world under a chooser: which of the things that could happen next does.  Part of
// sim_world.hpp, which says what each function is for.
#pragma once

#include <cstddef>
#include <utility>

#include <bottomhalf/arch/sim_world.hpp>

namespace bottomhalf::arch {

inline bool sim_world::fails(sim_fault f) noexcept {
    if (!choosing_ || (options_.faults & static_cast<unsigned>(f)) == 0 || faults_ == options_.most_faults)
        return false;
    if (ask(sim_choice(running_, f)) == 0) return false;
    ++faults_;
    constexpr const char* text[] = {"", "FAULT: no thread", "FAULT: no memory", "", "FAULT: an edge is lost"};
    note(text[static_cast<unsigned>(f)]);
    return true;
}
inline bool sim_world::holds_back(void* p, const void* value, std::size_t size) noexcept {
    detail::store_buffer& b = running_->stores;
    // Not to his own stack: the frame may have ended until it arrives, and another be there.
    if (running_->context.is_on_stack(p)) return b.land_all(), false;
    if (b.is_empty() && (!choosing_ || ask(sim_choice(running_, sim_fault::late_store)) == 0)) return false;
    if (b.is_empty()) note("a store is on its way");
    if (b.is_full()) b.land();
    b.hold_back(p, value, size);
    return true;
}
inline void sim_world::stop_cpu(int cpu, ns_t ns) noexcept {
    step();
    stopped_ = cpu;
    stopped_until_ = now_ + ns;
    std::erase_if(runnable_, [this](sim_task* t) { return is_stopped(*t) && (held_.push_back(t), true); });
    find_first();
    note("FAULT: a CPU stops");
}
inline std::size_t sim_world::ask(const sim_choice& among) noexcept {
    const unsigned was = std::exchange(detail::simulation.unseen, 1U);
    const std::size_t i = options_.chooser->choose(among);
    detail::simulation.unseen = was;
    return i;
}
inline sim_world::sim_task& sim_world::choose_or_wait() noexcept {
    while (runnable_.empty()) {
        if (!pass_time()) fail(failure::deadlock);
        idle_at_ = now_;
    }
    return take(choose_one());
}
inline std::size_t sim_world::choose_one() noexcept {
    while (true) {
        const bool time = choosing_ && time_may_pass();
        const std::size_t n = runnable_.size();
        const std::size_t i = is_clear(n, time) ? 0 : ask(sim_choice(nullptr, runnable_.data(), n, time));
        if (i < n) return i;
        remember(0);
        pass_time();
    }
}
inline void sim_world::consider() noexcept {
    if (++alone_ > options_.standstill) return wait_in_line();
    if (grace_ != 0) return static_cast<void>(--grace_);
    while (true) {
        const bool time = time_may_pass();
        const std::size_t n = runnable_.size();
        if (n == 0 && !time) return;
        const std::size_t i = ask(sim_choice(running_, runnable_.data(), n, time));
        if (i == 0) return;
        if (i <= n) {
            tell(sim_event::preempted, running_->self);
            runnable_.push_back(running_);
            return switch_to(take(i - 1));
        }
        remember(0);
        pass_time();
    }
}
inline void sim_world::maybe_land() noexcept {
    while (!running_->stores.is_empty()) {
        if (choosing_ && ask(sim_choice(running_, sim_fault::late_store)) == 0) return;
        running_->stores.land();
        note("a store has arrived");
    }
}
inline void sim_world::wait_in_line() noexcept {
    land_stores();
    alone_ = 0;
    const std::size_t n = runnable_.size();
    if (n == 0) return;
    for (std::size_t i = 0; i < n; ++i)
        if (++runnable_[i]->passed_over > options_.fairness) {
            grace_ = grace;
            return change_places(i);
        }
    change_places(choose_one());
}
inline void sim_world::change_places(std::size_t i) noexcept {
    tell(sim_event::gives_way, running_->self);
    runnable_.push_back(running_);
    switch_to(take(i));
}

}   // namespace bottomhalf::arch
