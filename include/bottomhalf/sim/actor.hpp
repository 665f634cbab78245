// SPDX-License-Identifier: MIT
// actor.hpp: the tasks of a test in the simulated world.
//
//   sim::actor ioctl("ioctl", [&] { my_ioctl(&dev, RESET); });       // runs beside the body; joined at the end of the scope
//   sim::actor irq("irq 5", [&] { bottomhalf::linux6::raise_irq(5); });   // strikes at any moment
//   ...
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace bottomhalf::sim {

/// A task in process context.  An exception that leaves its body fails the schedule.
template <class Body>
class actor {
public:
    /// Context: a task of the world.  `cpu`: where it stands; -1: it is given one at its first call that asks.
    actor(const char* name, Body body, int cpu = -1) : body_(std::move(body)) {
        if (!arch::sim::spawn(task_, cpu, name, false, &run, this)) expect(false, "no memory for an actor");
    }
    actor(const actor&) = delete;
    actor& operator=(const actor&) = delete;
    ~actor() { join(); }

    [[nodiscard]] std::int32_t pid() const noexcept { return task_.pid(); }
    /// Waits for its end.
    void join() noexcept {
        if (task_.joinable()) arch::sim::join(task_);
    }

private:
    Body body_;
    arch::sim::thread task_;

    static void run(void* p) {
        auto& self = *static_cast<actor*>(p);
#if BOTTOMHALF_EXCEPTIONS
        std::string what;
        try {
            self.body_();
            return;
        } catch (...) {
            const detail::explorer* const e = detail::explorer::current();
            if (e == nullptr) std::terminate();
            if (e->wants_words()) what = detail::explorer::words_of(std::current_exception());
        }
        // Not in there: nobody would destroy the exception.
        detail::explorer::current()->fail(verdict::thrown, std::move(what));
#else
        self.body_();
#endif
    }
};
template <class Body>
actor(const char*, Body) -> actor<Body>;
template <class Body>
actor(const char*, Body, int) -> actor<Body>;

/// At a moment that is a choice as any other CPU `cpu` stands still for so long: nobody runs there, and interrupts wait.
inline auto stopping_cpu(int cpu, arch::ns_t ns) {
    return actor("stops a CPU", [cpu, ns] { arch::sim_world::current()->stop_cpu(cpu, ns); });
}

/// Nobody else comes in between, and no time passes, unless the task waits: for what is no concern of the test.
class quietly {
public:
    quietly() noexcept {
        if (arch::sim_world* const w = arch::sim_world::current(); w != nullptr) was_ = w->choosing(false);
    }
    quietly(const quietly&) = delete;
    quietly& operator=(const quietly&) = delete;
    ~quietly() {
        if (arch::sim_world* const w = arch::sim_world::current(); w != nullptr) w->choosing(was_);
    }

private:
    bool was_ = false;
};

}   // namespace bottomhalf::sim
