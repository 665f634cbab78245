// SPDX-License-Identifier: MIT
// explore.hpp: every interleaving of a piece of code, one after the other, until one of them goes wrong.
//
//   #include <bottomhalf/sim/explore.hpp>
//   namespace sim = bottomhalf::sim;
//
//   TEST_CASE("remove() is safe against the interrupt") {
//       REQUIRE(sim::explore([] {
//           probe(&dev);
//           sim::actor irq("irq", [] { top_half(&dev); });
//           remove(&dev);
//           sim::expect(dev.users == 0, "somebody still uses the device");
//       }));
//   }
//
// The body runs again and again, each time in a new world with a new machine, and each time in another order: every access
// to an atomic, lock, queue, timer or mask of interrupts is a place where somebody else may come first, an interrupt may
// strike, or time may pass.  What fails is made as short as it gets, shown, and can be run again in any process:
// BOTTOMHALF_REPLAY=<token>, in a debugger with a breakpoint at bottomhalf_schedule_has_failed.
//
// Fails: expect(), an exception, a report of the library (a warning or worse), a deadlock, a livelock, tasks or memory left
// behind, memory misused (see heap.hpp), a bad pointer.  The body must do the same whenever the same is chosen: no real
// clock, no thread, no address that decides anything.  That is checked now and then, by running a schedule twice.  And it must
// not block in the C library, where nobody else can run: who has done so, and went on, is named; who waits there for another
// task waits for ever, as gdb will show.
#pragma once

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/arch/sim_crash.hpp>
#include <bottomhalf/arch/stopwatch.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/sim/boot.hpp>
#include <bottomhalf/sim/distinct.hpp>
#include <bottomhalf/sim/frames.hpp>
#include <bottomhalf/sim/heap.hpp>
#include <bottomhalf/sim/result.hpp>
#include <bottomhalf/sim/schedule.hpp>
#include <bottomhalf/sim/sleep_finder.hpp>
#include <bottomhalf/sim/statics.hpp>
#include <bottomhalf/sim/strategy.hpp>
#include <bottomhalf/sim/symbols.hpp>
#include <bottomhalf/sim/timeline.hpp>

namespace bottomhalf::sim {

/// Where a debugger stops to see a schedule fail, on the stack that it fails on.
extern "C" __attribute__((__noinline__, __weak__)) void bottomhalf_schedule_has_failed() { asm volatile(""); }

namespace detail {

/// Who looks for races in a new schedule, if the program is made for it: see instrumented.hpp.
using watch_function = arch::sim_watcher*();
BOTTOMHALF_STATE inline constinit watch_function* watches = nullptr;

class explorer {
public:
    struct failure {
        verdict kind = verdict::fine;
        std::string what;
        const void* pc = nullptr;   // of a crash
    };

    template <class Body>
    explorer(const options& o, Body& body, const char* name)
        : o_(o),
          name_(name),
          body_([](void* p) { (*static_cast<Body*>(p))(); }),
          arg_(const_cast<std::remove_const_t<Body>*>(&body)),
          heap_(&misused, this, &arch::sim::current),
          catches_(&crashed, this, schedule_heap::freed, schedule_heap::fresh) {
        engine_.print = false;
        engine_.abandon = true;
        engine_.cpus = o.cpus;
        engine_.max_steps = o.max_steps;
        engine_.fairness = o.fairness;
        engine_.faults = o.faults;
        engine_.most_faults = o.most_faults;
        engine_.store_buffers = o.store_buffers;
        if (!o.time_passes) engine_.patience = -1;
        heap_.fails = [](std::size_t) { return arch::sim_world::current()->fails(arch::sim_fault::no_memory); };
        if (o.statics) statics_.emplace();
        arch::before_death(&last_words);
    }
    explorer(const explorer&) = delete;
    explorer& operator=(const explorer&) = delete;
    ~explorer() {
        if (statics_) statics_->put_back();
    }

    /// The explorer of the schedule that the caller is part of, or null.
    [[nodiscard]] static explorer* current() noexcept {
        return static_cast<explorer*>(arch::detail::simulation.explorer);
    }

    /// One schedule.  Return: whether it went well; see what().
    bool run(strategy& s, arch::sim_observer* looks_on = nullptr) {
        engine_.chooser = &s;
        engine_.observer = looks_on;
        engine_.report = wants_words_;
        world_.begin_again(engine_);
        workqueue_ops<arch::sim>::forget_homes();
        if (statics_) statics_->put_back();
        found_ = {};
        arch::detail::sim_state& state = arch::detail::simulation;
        state.explorer = this;
        state.memory = &heap_;
        state.unseen = 0;
        state.watcher = o_.races && watches != nullptr ? watches() : nullptr;
        by_ = &s;
        report_listener* const before = set_report_listener(&heard);
        const auto e = world_.attempt([this] { whole(); });
        set_report_listener(before);
        state.watcher = nullptr;
        judge(e);
        by_ = nullptr;
        state.memory = nullptr;
        state.explorer = nullptr;
        heap_.begin();
        steps_ += world_.steps();
        return found_.kind == verdict::fine;
    }
    [[nodiscard]] const failure& found() const noexcept { return found_; }
    [[nodiscard]] schedule_heap& heap() noexcept { return heap_; }
    /// Whether anybody will read why this schedule fails.  Of a search that goes on: only of the first one.
    [[nodiscard]] bool wants_words() const noexcept { return wants_words_; }

    result explore();
    /// What BOTTOMHALF_REPLAY in the environment asks for, if it means us.
    std::optional<result> replay_if_asked();
    /// The schedule that `by` has just run has failed: what there is to say of it.
    result failed(const strategy& by, std::uint64_t number) {
        result r;
        r.schedules = number;
        r.failures = 1;
        keep(r, by, 0);
        const schedule s = by.taken();
        show(r, s);
        r.name = name_;
        r.token = name_ + ':' + to_string(s);
        r.seconds = since_.seconds();
        return r;
    }

    /// What is wrong, the first to be is what counts; and the end of it.
    [[noreturn]] void fail(verdict kind, std::string what) {
        blame(kind, std::move(what));
        what.clear(), what.shrink_to_fit();   // nobody will destroy it
        world_.failing(found_.what.c_str());
        if (replays_) bottomhalf_schedule_has_failed();
        arch::sim_world::current()->give_up("a schedule has failed");
    }
    void blame(verdict kind, std::string what) {
        if (found_.kind != verdict::fine) return;
        found_.kind = kind;
        found_.what = std::move(what);
    }
    [[nodiscard]] static std::string words_of(const std::exception_ptr& thrown) {
#if BOTTOMHALF_EXCEPTIONS
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& e) {
            return e.what();
        } catch (...) {
            return "not a std::exception";
        }
#else
        return static_cast<void>(thrown), "an exception";
#endif
    }

private:
    const options o_;
    const std::string name_;
    void (*const body_)(void*);
    void* const arg_;
    arch::sim_options engine_;
    arch::sim_world world_;
    schedule_heap heap_;
    const arch::crash_guard catches_;
    std::optional<statics_copy> statics_;
    const strategy* by_ = nullptr;   // of the schedule that runs
    failure found_;
    std::uint64_t steps_ = 0;
    bool replays_ = false;
    bool wants_words_ = true;
    arch::stopwatch since_;
    timeline* line_ = nullptr;   // looks on

    result replay_token(std::string_view text);
    /// The machine comes and goes by the dull schedule: it is not what is explored.
    void whole() {
        arch::sim_world& w = world_;
        w.choosing(false);
        if (o_.boots) boot();
        w.choosing(true);
        if (line_ != nullptr) line_->begin();
        struct leave {
            explorer& self;
            ~leave() {
                self.world_.choosing(false);
                if (self.line_ != nullptr) self.line_->end();
            }
        } at_the_end{*this};
        body_(arg_);
    }
    /// A machine that comes and goes, before the first that counts: what it keeps for the next one (memory, the numbers of its
    /// pools) is had then, and no schedule differs from the others by having to get it.
    void warm_up() {
        if (!o_.boots) return;
        replay dull({});
        dull.begin();
        engine_.chooser = &dull;
        engine_.observer = nullptr;
        world_.begin_again(engine_);
        static_cast<void>(world_.attempt([] { boot(); }));
    }
    /// The dull schedule, for the same reason: what the library and the body get at their first use they have then.  It counts
    /// only if it fails.
    bool go_first(strategy& dull) {
        dull.begin();
        return run(dull);
    }
    static void boot() {
        arch::sim_world::current()->choosing(false);
        if (!boot_part::boot_all()) default_machine_of<arch::sim>().boot(location::current());
        arch::sim::settle();   // its threads have come to where they wait
    }
    void judge(const arch::sim_world::ending& e) {
        using how = arch::sim_world::failure;
        if (e.thrown != nullptr) blame(verdict::thrown, wants_words_ ? words_of(e.thrown) : std::string());
        if (e.how == how::none) return look_at_heap();
        const std::string& text = world_.report();
        if (found_.kind != verdict::fine) {
            if (!wants_words_) return;
            found_.what += '\n' + after_first_line(text);   // who stands where
            return;
        }
        blame(e.how == how::deadlock   ? verdict::deadlock
              : e.how == how::livelock ? verdict::livelock
              : e.how == how::leftover ? verdict::leftover
                                       : verdict::wrong,
              text);
    }
    /// What only the end of a schedule shows, if it has ended well.
    void look_at_heap() {
        if (found_.kind == verdict::fine) {
            if (std::string text = heap_.damage(); !text.empty()) blame(verdict::memory, std::move(text));
        }
        if (found_.kind == verdict::fine && o_.leaks) {
            if (std::string text = heap_.leaks(); !text.empty()) blame(verdict::leaked, std::move(text));
        }
    }
    static void misused(void* self, std::string&& what) {
        if (arch::sim_world::current() == nullptr) return;   // the end of one that has failed already
        static_cast<explorer*>(self)->fail(verdict::memory, std::move(what));
    }
    static void crashed(void* self, const arch::crash& f) {
        explorer& e = *static_cast<explorer*>(self);
        char text[160];
        int n = std::snprintf(text, sizeof text, "%s at %p", f.name, f.address);
        const auto add = [&](const char* words) {
            n += std::snprintf(text + n, sizeof text - static_cast<std::size_t>(n), ": %s", words);
        };
        if (arch::looks_like(f.suspect, schedule_heap::freed))
            add("a pointer out of memory that was freed (0x6b6b...)");
        else if (arch::looks_like(f.suspect, schedule_heap::fresh))
            add("a pointer out of memory that was never written to (0x5a5a...)");
        else if (reinterpret_cast<std::uintptr_t>(f.address) < 4096)
            add("a null pointer");
        e.found_.pc = f.pc;
        e.fail(verdict::crashed, text);
    }
    /// Before a sanitizer ends the program.
    static void last_words() {
        const explorer* const e = current();
        if (e == nullptr || e->by_ == nullptr) return;
        const std::string text =
            "replay: BOTTOMHALF_REPLAY='" + e->name_ + ':' + to_string(e->by_->taken()) + "' (as far as it has come)\n";
        arch::write_stderr(text.data(), text.size());
    }
    static std::string after_first_line(const std::string& text) {
        const std::size_t end = text.find('\n');
        return end == std::string::npos ? "" : text.substr(end + 1);
    }
    static void heard(const report& r) {
        explorer* const e = current();
        if (e == nullptr) return bottomhalf::detail::print_report(r);
        if (e->o_.hears != nullptr) return e->o_.hears(r);
        if (r.level < e->o_.fails_on) {   // not once in every schedule
            if (e->replays_) bottomhalf::detail::print_report(r);
            return;
        }
        char text[768] = "";
        if (e->wants_words_)
            std::snprintf(text, sizeof text, "%s%s: %s (%s:%u)", r.where == channel::advice ? "advice: " : "",
                          r.function, r.text, r.at.file_name(), static_cast<unsigned>(r.at.line()));
        if (arch::sim_world::current() != nullptr) e->fail(verdict::reported, text);
        e->blame(verdict::reported, text);   // at the end of the world
    }

    // ---- the search -----------------------------------------------------------------------------------------------

    struct search {
        result r;
        distinct_counter ways;
        double said = 0;
    };
    bool is_over(search& s) {
        if (o_.seconds > 0 && (s.r.schedules & 15) == 0 && since_.seconds() >= o_.seconds) s.r.out_of_time = true;
        if (o_.prints && (s.r.schedules & 1023) == 0) say_how_far(s);
        return s.r.out_of_time || s.r.exhausted || s.r.schedules >= o_.schedules || (s.r.failed && o_.stops);
    }
    void say_how_far(search& s) {
        const double now = since_.seconds();
        if (now < s.said + 1) return;
        s.said = now;
        char line[160];
        const int n = std::snprintf(line, sizeof line,
                                    "%s: %" PRIu64 " schedules, %" PRIu64 " distinct, %" PRIu64 " failed, %.0f s\n",
                                    name_.c_str(), s.r.schedules, s.ways.count(), s.r.failures, now);
        if (n > 0) arch::write_stderr(line, std::min(static_cast<std::size_t>(n), sizeof line - 1));
    }
    /// At most `n` schedules by one strategy.  Return: false if it has none left.
    bool pursue(search& s, strategy& by, std::uint64_t n, std::optional<std::uint64_t> seed = {}) {
        for (std::uint64_t i = 0; i < n && !is_over(s); ++i) {
            if (!by.begin()) return false;
            wants_words_ = !s.r.failed;
            const bool fine = run(by);
            wants_words_ = true;
            ++s.r.schedules;
            s.ways.add(by.trace());
            if (!fine) {
                ++s.r.failures;
                if (!s.r.failed) keep(s.r, by, seed ? *seed + i : 0);
            } else if ((s.r.schedules & (s.r.schedules - 1)) == 0) {
                check_again(s.r, by);
            }
        }
        return true;
    }
    /// Bounds from 0 on, until nothing is cut off any more, or `depth`.
    void search_by_bounds(search& s, unsigned from, unsigned to, std::uint64_t n) {
        const std::uint64_t until = s.r.schedules + std::min(n, o_.schedules - std::min(o_.schedules, s.r.schedules));
        for (unsigned bound = from; bound <= to && !is_over(s) && !s.r.exhausted; ++bound) {
            if (s.r.schedules >= until) return;
            bounded_search by(bound);
            const bool more = pursue(s, by, until - s.r.schedules);
            if (by.has_strayed()) return blame_body(s.r, "the same choices have led to different ones", by);
            if (more) return;   // not to its end
            s.r.exhausted_to = static_cast<int>(bound);
            s.r.exhausted = !by.was_cut();
        }
    }
    void keep(result& r, const strategy& by, std::uint64_t seed) {
        r.failed = true;
        r.kind = found_.kind;
        r.what = found_.what;
        r.at = r.schedules;
        r.seed = seed;
        r.preemptions = by.preemptions();
        r.token = to_string(by.taken());
    }
    /// Whether the same choices do the same once more.
    void check_again(result& r, const strategy& first) {
        const std::uint64_t trace = first.trace(), steps = world_.steps();
        const arch::ns_t ended = world_.now();
        replay again(first.taken());
        again.begin();
        sleep_finder sleeps;
        run(again, &sleeps);
        if (sleeps.who() != nullptr && r.sleeps.empty()) {
            r.sleeps = sleeps.who();
            const std::string text = name_ + ": " + r.words_of_sleep();
            arch::write_stderr(text.data(), text.size());
        }
        if (again.trace() == trace && world_.steps() == steps && world_.now() == ended) return;
        char text[200];
        std::snprintf(text, sizeof text,
                      "the same choices have not led to the same: %" PRIu64 " steps and %" PRId64 " ns, then %" PRIu64
                      " and %" PRId64,
                      steps, ended, world_.steps(), world_.now());
        blame_body(r, text, first);
    }
    void blame_body(result& r, const char* what, const strategy& by) {
        if (r.failed) return;
        r.failed = true;
        r.kind = verdict::not_deterministic;
        r.what =
            std::string(what) + "; the body must not depend on clocks, threads, addresses, or what is left from before";
        r.at = r.schedules;
        r.token = to_string(by.taken());
        ++r.failures;
    }

    // ---- what has failed ------------------------------------------------------------------------------------------

    /// Leaves out of `s` what the failure does not need.  A failure of another kind is another failure.
    schedule shorten(schedule s, verdict kind) {
        const auto fails = [&](const schedule& candidate) {
            replay by(candidate);
            by.begin();
            if (run(by) || found_.kind != kind) return false;
            s = by.taken();   // it may have gone less far than it was told
            return true;
        };
        if (fails({})) return s;
        // Halves first, then quarters, ..., then one by one until none can go.
        for (std::size_t piece = std::max<std::size_t>(s.size() / 2, 1);;) {
            bool less = false;
            for (std::size_t i = 0; i < s.size() && since_.seconds() < give_up_after_;) {
                schedule without = s;
                const auto first = without.begin() + static_cast<std::ptrdiff_t>(i);
                without.erase(first, first + static_cast<std::ptrdiff_t>(std::min(piece, s.size() - i)));
                const std::size_t before = s.size();
                if (fails(without) && s.size() < before)
                    less = true;
                else
                    i += piece;
            }
            if (since_.seconds() >= give_up_after_ || (piece == 1 && !less)) break;
            if (piece > 1) piece /= 2;
        }
        return s;
    }
    /// Looks for one of the same kind, in the order of their preemptions; as long as that is cheap.
    schedule with_fewer_preemptions(schedule s, verdict kind) {
        replay is(s);
        is.begin();
        run(is);
        for (unsigned bound = 0; bound < is.preemptions(); ++bound) {
            bounded_search by(bound);
            for (int i = 0; i < 5'000 && since_.seconds() < give_up_after_ && by.begin(); ++i)
                if (!run(by) && found_.kind == kind) return shorten(by.taken(), kind);
        }
        return s;
    }
    double give_up_after_ = 1e9;   // in seconds since_
    void finish(result& r) {
        r.name = name_;
        if (r.failed && r.kind != verdict::not_deterministic) {
            const double before = since_.seconds();
            give_up_after_ = before + 10;   // a shorter schedule is worth that, and not more
            schedule s = *schedule_from(r.token);
            wants_words_ = false;
            if (o_.shrinks) s = with_fewer_preemptions(shorten(std::move(s), r.kind), r.kind);
            wants_words_ = true;
            r.token = to_string(s);
            show(r, s);
        }
        r.token = name_ + ':' + r.token;
        r.seconds = since_.seconds();
        r.steps = steps_;
    }
    /// "my_remove() driver.c:57"
    static std::string place_of(const void* pc) {
        const std::vector<std::string> calls = frames({pc})({pc});
        return calls.empty() ? describe(pc) : calls.front();
    }
    /// Runs it once more, for who wants to see.
    void show(result& r, const schedule& s) {
        replay by(s);
        by.begin();
        timeline line;
        line_ = &line;
        const bool fine = run(by, &line);
        line_ = nullptr;
        if (fine) return;
        r.timeline = line.print(frames(line.addresses()));
        r.what = found_.what;
        if (found_.pc != nullptr)
            r.what.insert(std::min(r.what.find('\n'), r.what.size()), " in " + place_of(found_.pc));
        r.preemptions = by.preemptions();
    }
};

inline result explorer::explore() {
    search s;
    warm_up();
    if (replay dull({}); !go_first(dull)) {
        ++s.r.schedules;
        ++s.r.failures;
        s.ways.add(dull.trace());
        keep(s.r, dull, 0);
    }
    const unsigned depth = o_.depth;
    switch (o_.how) {
        case plan::random: {
            random_walk by(o_.seed);
            pursue(s, by, o_.schedules, o_.seed);
            break;
        }
        case plan::pct: {
            priorities by(o_.seed, depth);
            pursue(s, by, o_.schedules, o_.seed);
            break;
        }
        case plan::bounded: search_by_bounds(s, 0, depth, o_.schedules); break;
        case plan::automatic: {
            random_walk walk(o_.seed);
            priorities by(o_.seed, depth);
            search_by_bounds(s, 0, 1, std::min<std::uint64_t>(o_.schedules / 10, 1'000));
            // Two draws by turns, each longer than the one before: what one does not find, the other often does.
            std::uint64_t walked = 0, ranked = 0;
            for (std::uint64_t n = 500; walked + ranked < o_.schedules * 6 / 10 && !is_over(s); n *= 2) {
                pursue(s, walk, 2 * n, o_.seed + walked);
                pursue(s, by, n, o_.seed + ranked);
                walked += 2 * n, ranked += n;
            }
            search_by_bounds(s, static_cast<unsigned>(s.r.exhausted_to + 1), depth, o_.schedules);
            // The search is over, up to its depth, or too large: what is left is drawn.
            pursue(s, walk, o_.schedules, o_.seed + walked);
            break;
        }
    }
    s.r.distinct = s.ways.count();
    finish(s.r);
    return std::move(s.r);
}
inline std::optional<result> explorer::replay_if_asked() {
    const char* const token = std::getenv("BOTTOMHALF_REPLAY");
    if (token == nullptr) return std::nullopt;
    const std::string_view text = token;
    const std::size_t n = name_.size();
    if (text.size() <= n || !text.starts_with(name_) || text[n] != ':') return std::nullopt;
    return replay_token(text.substr(n + 1));
}
inline result explorer::replay_token(std::string_view text) {
    result r;
    warm_up();
    r.name = name_;
    const auto s = schedule_from(text);
    if (!s) {
        r.failed = true;
        r.kind = verdict::wrong;
        r.what = "BOTTOMHALF_REPLAY is no schedule: " + std::string(text);
        return r;
    }
    replay dull({});
    go_first(dull);
    replays_ = true;
    replay by(*s);
    by.begin();
    run(by);
    r.schedules = r.distinct = 1;
    if (found_.kind != verdict::fine) {
        r.at = 1;
        ++r.failures;
        keep(r, by, 0);
        show(r, *s);
    }
    r.token = name_ + ':' + to_string(*s);
    r.seconds = since_.seconds();
    arch::write_stderr(r.report().data(), r.report().size());
    return r;
}

/// "driver_test.cpp:57"
[[nodiscard]] inline std::string name_of(const options& o, location at) {
    if (o.name != nullptr) return o.name;
    const std::string_view file = at.file_name();
    return std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(at.line());
}

}   // namespace detail

/// Runs `body` by one schedule after another.
/// Context: a plain thread, outside of any world.
/// Return:  what was found; it converts to whether nothing was.  With BOTTOMHALF_REPLAY=<token> in the environment, and this
///          exploration meant, only that schedule is run.
template <class Body>
[[nodiscard]] result explore(const options& o, Body&& body, location at = location::current()) {
    const std::string name = detail::name_of(o, at);
    detail::explorer e(o, body, name.c_str());
    if (auto replayed = e.replay_if_asked()) return std::move(*replayed);
    return e.explore();
}
template <class Body>
[[nodiscard]] result explore(Body&& body, location at = location::current()) {
    return explore(options{}, body, at);
}

namespace detail {
/// "what (driver.cpp:57)"
[[nodiscard]] inline std::string words_at(const char* what, location at) {
    return std::string(what) + " (" + at.file_name() + ':' + std::to_string(at.line()) + ')';
}
}   // namespace detail

/// In an exploration: fails the schedule if not `condition`.  Outside: reports it.
/// Context: any, interrupts included.
inline void expect(bool condition, const char* what, location at = location::current()) noexcept {
    if (condition) [[likely]]
        return;
    if (detail::explorer* const e = detail::explorer::current(); e != nullptr)
        e->fail(verdict::wrong, e->wants_words() ? detail::words_at(what, at) : std::string());
    bottomhalf::detail::say(channel::advice, severity::bug, "expect", at, "%s", what);
}

}   // namespace bottomhalf::sim
