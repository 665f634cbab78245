// SPDX-License-Identifier: MIT
// sweep.hpp: an interrupt at each point of a piece of code, one run for each.
//
//   auto r = sim::sweep_irq(5, [] { probe(&dev); ioctl(&dev, RESET); remove(&dev); });
//   REQUIRE(r);   // "driver_test.cpp:57: safe at 143 of 143 points"
//
// In run k the line is raised as the k-th point is reached, and its top half runs there and then, as soon as interrupts are
// on; all else goes its dull way.  So n + 1 runs are all there is to know about one interrupt, where an exploration would
// need many more; it does not see what two interrupts do to each other, or tasks.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <string>
#include <utility>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace bottomhalf::sim {

struct sweep_result {
    std::uint64_t points = 0;   // at which the interrupt struck
    std::uint64_t safe = 0;     // of those
    result first;               // of those that were not

    explicit operator bool() const noexcept { return safe == points; }
    /// "driver_test.cpp:57: safe at 143 of 143 points", and the first that is not.
    [[nodiscard]] std::string report() const {
        char line[96];
        std::snprintf(line, sizeof line, ": safe at %" PRIu64 " of %" PRIu64 " points\n", safe, points);
        return first.name + line + (safe == points ? "" : first.report());
    }
    friend std::ostream& operator<<(std::ostream& out, const sweep_result& r) { return out << r.report(); }
};

namespace detail {

/// The dull schedule, but for a task that is kept back until choice `at`, and interrupts, which come first.
class striker final : public strategy {
public:
    void strike_at(std::uint32_t at) noexcept { strikes_ = at; }
    void hold(std::int32_t pid) noexcept { held_ = pid; }
    /// Whether the run was long enough.
    [[nodiscard]] bool has_struck() const noexcept { return struck_; }
    bool begin() override {
        start();
        held_ = 0;
        points_ = 0;
        struck_ = false;
        return true;
    }
    std::size_t choose(const arch::sim_choice& c) noexcept override {
        ++at_;
        for (std::size_t i = 0; i < c.size(); ++i)
            if (c.is_interrupt(i)) return note(c, i);
        if (held_ == 0 || struck_ || c.is_fault()) return note(c, 0);
        if (++points_ >= strikes_) {
            for (std::size_t i = 0; i < c.size(); ++i) {
                if (c.pid(i) != held_) continue;
                struck_ = true;
                return note(c, i);
            }
        }
        return note(c, c.pid(0) != held_ ? 0 : 1);
    }

private:
    std::uint32_t strikes_ = 1, points_ = 0;
    std::int32_t held_ = 0;
    bool struck_ = false;
};

}   // namespace detail

/// Runs `body` once for each of its points, with `strike` at that point.  `strike` runs as a task of its own; what it
/// makes pending is served at once.
/// Context: as explore().
template <class Strike, class Body>
[[nodiscard]] sweep_result sweep(const options& o, Strike&& strike, Body&& body, location at = location::current()) {
    sweep_result r;
    detail::striker by;
    bool over = false;   // the body has returned: the strike does not count
    auto both = [&] {
        over = false;
        bool late = false;
        quietly set_up;
        actor device("the strike", [&] {
            late = over;
            if (!late) strike();
        });
        by.hold(device.pid());
        {
            arch::sim_world::current()->choosing(true);
            body();
            arch::sim_world::current()->choosing(false);
        }
        over = true;
    };
    const std::string name = detail::name_of(o, at);
    r.first.name = name;
    detail::explorer e(o, both, name.c_str());
    if (const auto replayed = e.replay_if_asked()) {
        r.points = 1;
        r.safe = replayed->failed ? 0 : 1;
        r.first = *replayed;
        return r;
    }
    for (std::uint32_t k = 1; k <= o.schedules; ++k) {
        by.strike_at(k);
        by.begin();
        const bool fine = e.run(by);
        if (!by.has_struck() && fine) break;   // there is no such point
        ++r.points;
        r.safe += fine;
        if (!fine && r.safe + 1 == r.points) r.first = e.failed(by, k);
        if (!fine && !by.has_struck()) break;   // it fails by itself
    }
    return r;
}

/// The line is one of the default machine's.
template <class Body>
[[nodiscard]] sweep_result sweep_irq(const options& o, unsigned line, Body&& body, location at = location::current()) {
    return sweep(
        o, [line] { default_machine_of<arch::sim>().irqs().raise(line); }, body, at);
}
template <class Body>
[[nodiscard]] sweep_result sweep_irq(unsigned line, Body&& body, location at = location::current()) {
    return sweep_irq(options{}, line, body, at);
}

}   // namespace bottomhalf::sim
