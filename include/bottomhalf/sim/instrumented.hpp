// SPDX-License-Identifier: MIT
// instrumented.hpp: every load and store of a driver is a place where somebody else may come first; and two of them that
// nothing orders are a race, and fail the schedule.
//
//   target_link_libraries(driver_test PRIVATE bottomhalf::sim_instrumented)
//   #include <bottomhalf/sim/instrumented.hpp>   // in one file or in many, beside explore.hpp
//
// Without CMake: -DBOTTOMHALF_SIM=1 -DBOTTOMHALF_SIM_INSTRUMENTED=1 -fsanitize=thread -g, and what CMakeLists.txt says for
// the compiler in question; and linked without -fsanitize=thread.  The compiler then calls a function for each access, and
// the functions are ours.  All of the program may be compiled so, or only the driver's files.
//
// An access counts by where its source stands, not by what it was inlined into: the lines of this library and of the
// system's headers do not count (but the atomics of the latter do).  That is read from the program's line table, hence -g:
// what has no line, or a file without a whole path, does not count, and that is said once.
//
// What driver code frees by kfree() or delete is forgotten; by a bare free() it is not, and who gets the memory next may seem
// to race with who had it.
//
// A chooser or an observer of the driver's test may be instrumented; on what they do nobody steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <malloc.h>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/sim/explore.hpp>
#include <bottomhalf/sim/line_table.hpp>
#include <bottomhalf/sim/race_detector.hpp>

namespace bottomhalf::sim {

namespace detail {

/// Whose code an instruction is.
enum class origin : std::uint8_t { unknown, library, system, driver };

[[nodiscard]] inline origin origin_of(const std::string& file) {
    const auto has = [&file](const char* part) { return file.find(part) != std::string::npos; };
    static const std::string ours = [] {
        std::string here = std::filesystem::path(__FILE__).lexically_normal().string();
        return here.substr(0, here.rfind("sim/instrumented.hpp"));
    }();
    if (!file.starts_with('/')) return origin::unknown;
    if (ours.starts_with('/') && file.starts_with(ours)) return origin::library;
    if (has("/include/bottomhalf/") || has("/linux-6/") || has("/linux-2.6/")) return origin::library;
    const bool system = file.starts_with("/usr/include/") || file.starts_with("/usr/lib/") ||
                        file.starts_with("/usr/local/include/") || has("/include/c++/");
    return system ? origin::system : origin::driver;
}

/// What is known already, by address: the line table is asked once for each place.
struct origin_cache {
    struct entry {
        const void* pc = nullptr;
        origin is = origin::unknown;
    };
    static constexpr std::size_t size = std::size_t{1} << 14;
    entry of[size];
    bool looking = false;   // what the look-up does is instrumented, too
    bool has_complained = false;
};
BOTTOMHALF_STATE inline constinit origin_cache origins{};

/// Where the call that returns to `pc` stands.
[[nodiscard]] inline const void* call_before(const void* pc) noexcept { return static_cast<const char*>(pc) - 1; }

BOTTOMHALF_COLD inline origin look_up_origin(const void* pc) {
    const line_table::place at = line_table::of_program().find(call_before(pc));
    const origin is = at ? origin_of(*at.file) : origin::unknown;
    if (is == origin::unknown && !std::exchange(origins.has_complained, true)) {
        constexpr char text[] =
            "bottomhalf: there is instrumented code of which no line is known (-g, whole paths): no step, no race\n";
        arch::write_stderr(text, sizeof text - 1);
    }
    return is;
}
BOTTOMHALF_UNSEEN inline origin origin_at(const void* pc) noexcept {
    origin_cache::entry& e =
        origins.of[(reinterpret_cast<std::uintptr_t>(pc) * 0x9e3779b97f4a7c15 >> 40) & (origin_cache::size - 1)];
    if (e.pc != pc) [[unlikely]] {
        if (origins.looking) return origin::library;
        origins.looking = true;
        const origin is = look_up_origin(pc);
        e.pc = pc;
        e.is = is;
        origins.looking = false;
    }
    return e.is;
}

/// A step, if the access is the driver's.  Return: whether.
BOTTOMHALF_UNSEEN inline bool step_before(const void* pc, bool is_atomic) noexcept {
    arch::detail::sim_state& s = arch::detail::simulation;
    if (s.world == nullptr || s.unseen != 0) return false;
    const origin is = origin_at(pc);
    if (is != origin::driver && !(is_atomic && is == origin::system)) return false;
    s.unseen = 1;   // until somebody else runs
    arch::sim::step();
    if (s.buffers_stores) s.world->land_stores();   // a plain access knows nothing of them, and must see the task's own
    s.unseen = 0;
    return true;
}
BOTTOMHALF_UNSEEN inline void before(const volatile void* at, std::size_t size, bool writes, bool marked,
                                     const void* pc) noexcept {
    if (!step_before(pc, false)) return;
    arch::detail::sim_state& s = arch::detail::simulation;
    if (s.watcher == nullptr) return;
    s.unseen = 1;
    s.watcher->plain(at, size, writes, marked, pc);
    s.unseen = 0;
}
BOTTOMHALF_UNSEEN inline void after_atomic(const volatile void* at, std::size_t size, arch::sim_access kind, int order,
                                           const void* pc) noexcept {
    arch::detail::sim_state& s = arch::detail::simulation;
    if (s.watcher == nullptr) return;
    s.unseen = 1;
    s.watcher->atomic(at, size, kind, static_cast<std::memory_order>(order & 0xffff), pc);
    s.unseen = 0;
}
BOTTOMHALF_UNSEEN inline void after_fence(int order) noexcept {
    arch::detail::sim_state& s = arch::detail::simulation;
    if (s.watcher == nullptr) return;
    s.unseen = 1;
    s.watcher->fence(static_cast<std::memory_order>(order & 0xffff));
    s.unseen = 0;
}
BOTTOMHALF_UNSEEN inline void before_free(void* p) noexcept {
    arch::detail::sim_state& s = arch::detail::simulation;
    if (p == nullptr || s.watcher == nullptr || s.unseen != 0) return;
    s.unseen = 1;
    s.watcher->forget(p, ::malloc_usable_size(p));
    s.unseen = 0;
}

// ---- races --------------------------------------------------------------------------------------------------------

/// "a write by events/0, in an interrupt, at driver.cpp:57"
[[nodiscard]] inline std::string describe(const race_detector& seen_by, const race_detector::access& a) {
    const auto is_driver = [](const std::string& file) { return origin_of(file) == origin::driver; };
    std::string text = a.marked ? (a.writes ? "a marked write" : "a marked read") : a.writes ? "a write" : "a read";
    text += " by ";
    text += seen_by.name(a.pid);
    if (a.in == race_detector::access::hardirq) text += ", in an interrupt";
    if (a.in == race_detector::access::softirq) text += ", in a softirq";
    line_table& lines = line_table::of_program();
    line_table::place at = lines.find(call_before(a.pc));
    const bool exact = at && at.line != 0 && is_driver(*at.file);
    if (const auto from = lines.find_before(call_before(a.pc), is_driver)) at = from;
    if (!at) return text + ", nobody knows where";
    text += exact ? ", at " : ", near ";
    text += at.file->substr(at.file->rfind('/') + 1);
    return text + ':' + std::to_string(at.line);
}
inline void race_is_found(const race_detector& by, const race_detector::access& before,
                          const race_detector::access& now) {
    explorer& e = *explorer::current();
    std::string text;
    if (e.wants_words()) text = "nothing orders " + describe(by, before) + "\n  and " + describe(by, now);
    arch::detail::simulation.unseen = 0;
    e.fail(verdict::race, std::move(text));
}
inline arch::sim_watcher* watch_for_races() {
    static race_detector detector(&race_is_found);
    detector.begin();
    return &detector;
}
inline const bool races_are_watched = (watches = &watch_for_races, true);

}   // namespace detail
}   // namespace bottomhalf::sim

#include <bottomhalf/sim/entry_points.hpp>
