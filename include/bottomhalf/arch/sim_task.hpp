// SPDX-License-Identifier: MIT
// sim_task.hpp: a task of the simulated world, how it stands with it, and what there is without a world.
#pragma once

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/fiber.hpp>
#include <bottomhalf/arch/sim_store_buffer.hpp>
#include <bottomhalf/arch/sim_watcher.hpp>

namespace bottomhalf::arch {

class sim_world;
class sim_memory;

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
    store_buffer stores;                   // of its own that nobody else sees yet
    unsigned serial = 0;                   // of the stack
    unsigned passed_over = 0;              // since it has run last, by those that wait in loops
    char end_of[comm_len + 11] = {};       // what who joins it waits for: "the end of events/0"

    /// As new; the stack is another matter.
    void begin(sim_world& in, std::int32_t pid, int cpu, const char* comm, void (*f)(void*), void* a) noexcept {
        self = task{};
        self.cpu = cpu;
        self.pid = pid;
        set_comm(self.comm, comm);
        world = &in;
        fn = f;
        arg = a;
        is = state::runnable;
        word = nullptr;
        deadline = forever;
        timed_out = doorbell = answering = let_go = false;
        ended = passed_over = 0;
        stores.drop();
        constexpr char words[] = "the end of ";
        std::memcpy(end_of, words, sizeof words - 1);
        std::memcpy(end_of + sizeof words - 1, self.comm, comm_len);
    }

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
    void* explorer = nullptr;       // of the schedule that the world runs: see sim/explore.hpp
    sim_memory* memory = nullptr;   // of that schedule
    sim_watcher* watcher = nullptr;
    unsigned unseen = 0;   // an access of instrumented code is no step now: see sim/instrumented.hpp
    task outside{.pid = 1, .comm = "main"};
    bool buffers_stores = false;   // of the world that runs
    int spawns_left = -1;
    std::uint64_t spurious = 0;
    std::uint64_t runs = 0;   // tells the handle of a thread from one of an earlier run
};
BOTTOMHALF_STATE inline constinit thread_local sim_state simulation __attribute__((tls_model("initial-exec"))){};

/// Serves the port, masked, until nothing is pending: a loop, so that a storm does not nest.  Whoever is interrupted keeps
/// his errno.
inline void take_pending(task& t, cpu_port& port) noexcept {
    const int saved = errno;
    bool again = true;
    while (again && port.pending != 0) {
        t.irqs_off = 1;
        again = port.enter(port);
        t.irqs_off = 0;
        again = again || port.masked == 0;   // whoever was in the way may have left, and rung, meanwhile
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
