// SPDX-License-Identifier: MIT
//
// What the tests of the simulated engine share: tasks with a body, and words that they wait for; a CPU.
#pragma once

#include "support/catch.hpp"

#include <climits>
#include <cstdint>

#include <bottomhalf/arch/sim.hpp>

namespace support {

namespace arch = bottomhalf::arch;
using arch::sim;

/// A task with a name and a body, joined at the end of the scope.
template <class Body>
class job {
public:
    job(const char* name, Body body) : body_(body) {
        started_ = sim::spawn(
            task_, 0, name, false, [](void* p) { static_cast<job*>(p)->body_(); }, this);
    }
    job(const job&) = delete;
    job& operator=(const job&) = delete;
    ~job() { sim::join(task_); }
    [[nodiscard]] bool started() const { return started_; }
    sim::thread& task() { return task_; }

private:
    Body body_;
    sim::thread task_;
    bool started_ = false;
};

/// sim::atomic_ref with its type deduced: clang deduces through an alias only from 19 on.
inline sim::atomic_ref<std::uint32_t> ref(std::uint32_t& word) { return sim::atomic_ref<std::uint32_t>(word); }

/// Parks until `word` is no longer 0.
inline bool wait_for(std::uint32_t& word, arch::ns_t deadline = arch::forever) {
    while (word == 0)
        if (!sim::park(word, 0, deadline, "the test")) return false;
    return true;
}
inline void post(std::uint32_t& word) {
    ref(word).store(1);
    sim::unpark(word, INT_MAX);
}

/// A CPU whose interrupt handler counts, and takes once what is pending, as the core's does.
struct cpu : arch::cpu_port {
    int entered = 0;
    int unmasked = 0;   // of those
    std::uint64_t taken = 0;
    void (*handler)(cpu&) = nullptr;
    cpu() {
        owner = this;
        enter = [](arch::cpu_port& port) {
            auto& self = *static_cast<cpu*>(port.owner);
            ++self.entered;
            self.unmasked += !sim::irqs_masked();
            self.taken |= sim::atomic_ref<std::uint64_t>(self.pending).exchange(0);
            if (self.handler != nullptr) self.handler(self);
            return true;
        };
    }
};

}   // namespace support
