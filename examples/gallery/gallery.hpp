// SPDX-License-Identifier: MIT
// gallery.hpp: the frame around each picture.  A file here is one mistake that drivers make, written as they make it, and
// its correction: `if (fixed)` marks the difference.
//
//   remove_armed bug      looks for the schedule in which it goes wrong, shows it, and exits with 0 if there is one
//   remove_armed fix      runs the corrected one by schedules until all have been seen, or enough; 0 if none went wrong
//   remove_armed check    both, without showing it
//   remove_armed row      both, as a line of the table that `table` prints
//
// A further argument says by how many schedules at most.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <bottomhalf/odebug.hpp>
#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace gallery {

namespace sim = bottomhalf::sim;

/// Which of the two is run.
inline bool fixed = false;

/// The place of a driver's structure that was allocated: who frees it too early is told by whoever touches it then.  (A
/// driver's own kmalloc() and kfree() do as well; under AddressSanitizer they say so themselves.)
template <class T>
struct allocated {
    T object;
    bool there;

    T* alloc() {
        object = T{};
        there = true;
        return &object;
    }
    void free() {
        sim::expect(there, "freed twice");
        bottomhalf::debug_objects<bottomhalf::arch::sim>::check_no_obj_freed(
            bottomhalf::default_machine_of<bottomhalf::arch::sim>(), &object, sizeof object,
            bottomhalf::location::current());
        there = false;
    }
    void touch() const { sim::expect(there, "used after it was freed"); }
};

inline int show(int argc, char** argv, const char* mistake, void (*story)()) {
    const char* const file = std::strrchr(argv[0], '/');
    const char* const mode = argc > 1 ? argv[1] : "bug";
    sim::options o;
    o.name = file != nullptr ? file + 1 : argv[0];
    const std::uint64_t schedules = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000;
    if (std::strcmp(mode, "bug") == 0 || std::strcmp(mode, "fix") == 0) {
        fixed = *mode == 'f';
        o.schedules = schedules;
        const sim::result r = sim::explore(o, story);
        std::printf("%s\n%s", mistake, r.report().c_str());
        return r.failed == !fixed && r.kind != sim::verdict::not_deterministic ? 0 : 1;
    }
    o.shrinks = false;
    o.schedules = 100'000;
    const sim::result bug = sim::explore(o, story);
    fixed = true;
    o.schedules = std::strcmp(mode, "check") == 0 ? 1'000 : schedules;   // what takes a tenth of a second
    const sim::result fix = sim::explore(o, story);
    if (std::strcmp(mode, "check") == 0) {
        std::printf("%s\n%s%s", mistake, bug.report().c_str(), fix.report().c_str());
        return bug.failed && bug.kind != sim::verdict::not_deterministic && !fix.failed ? 0 : 1;
    }
    std::printf("| [%s](examples/gallery/%s.cpp) | %s | %" PRIu64 " | ", mistake, o.name,
                bug.failed ? to_string(bug.kind) : "**not found**", bug.at);
    if (fix.failed)
        std::printf("**%s**, in %" PRIu64, to_string(fix.kind), fix.at);
    else if (fix.exhausted)
        std::printf("all %" PRIu64, fix.schedules);
    else if (fix.exhausted_to >= 0)
        std::printf("%" PRIu64 ", among them all with %d preemption%s", fix.schedules, fix.exhausted_to,
                    fix.exhausted_to == 1 ? "" : "s");
    else
        std::printf("%" PRIu64, fix.schedules);
    std::printf(" | %.0f ms; %.1f s |\n", 1e3 * bug.seconds, fix.seconds);
    return bug.failed && !fix.failed ? 0 : 1;
}

}   // namespace gallery
