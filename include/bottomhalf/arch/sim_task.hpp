// SPDX-License-Identifier: MIT
// sim_task.hpp: a task of the simulated world, how it stands with it, and what there is without a world.
#pragma once

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/fiber.hpp>

namespace bottomhalf::arch {

class sim_world;

namespace detail {

struct sim_task {
    enum class state : std::uint8_t { runnable, parked, ended };

    task self;
    fiber context;
    sim_world* world = nullptr;
    void (*fn)(void*) = nullptr;
    void* arg = nullptr;

    state is = state::runnable;
    const std::uint32_t* word = nullptr;   // parked: on what; only compared, its memory may be gone
    ns_t deadline = forever;               // parked: until when
    bool timed_out = false;                // how the last sleep ended
    bool doorbell = false;                 // rung and not yet heard: a pending signal
    bool answering = false;                // its handler runs, and the doorbell is blocked meanwhile
    bool let_go = false;                   // nobody will join it
    std::uint32_t ended = 0;               // what join() sleeps on
    char end_of[comm_len + 11] = {};       // and says so: "the end of events/0"

    /// "  events/0        waits for work, until 4000000 ns", or "" of a task that has ended.
    [[nodiscard]] std::string describe(bool running) const {
        if (is == state::ended) return {};
        char line[160];
        int n = std::snprintf(line, sizeof line, "  %-15s ", self.comm);
        const auto rest = [&] { return sizeof line - static_cast<std::size_t>(n); };
        if (is == state::runnable)
            n += std::snprintf(line + n, rest(), "%s", running ? "runs" : "can run");
        else
            n += std::snprintf(line + n, rest(), "waits for %.80s", self.waits_for);
        if (is == state::parked && deadline != forever)
            n += std::snprintf(line + n, rest(), ", until %" PRId64 " ns", deadline);
        return std::string(line, static_cast<std::size_t>(n)) + '\n';
    }
};

/// Static initialisation, destructors after the world, threads that it knows nothing of: all of these have only this.
struct sim_state {
    sim_world* world = nullptr;
    task outside{.pid = 1, .comm = "main"};
    int spawns_left = -1;
    std::uint64_t spurious = 0;
    std::uint64_t runs = 0;   // tells the handle of a thread from one of an earlier run
};
BOTTOMHALF_STATE inline constinit thread_local sim_state simulation __attribute__((tls_model("initial-exec"))){};

/// Serves the port, masked, until nothing is pending: a loop, so that a storm does not nest.  Whoever is interrupted keeps
/// his errno.
inline void take_pending(task& t, cpu_port& port) noexcept {
    const int saved = errno;
    while (port.pending != 0) {
        t.irqs_off = 1;
        port.enter(port);
        t.irqs_off = 0;
    }
    errno = saved;
}
/// A doorbell, or as good as one.  Masked: irq_restore() will look.
inline void answer(task& t) noexcept {
    if (t.port == nullptr)
        ++simulation.spurious;   // later than this CPU's end
    else if (t.irqs_off == 0)
        take_pending(t, *t.port);
}

}   // namespace detail
}   // namespace bottomhalf::arch
