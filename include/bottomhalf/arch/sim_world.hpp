// SPDX-License-Identifier: MIT
// sim_world.hpp: the machine that engine 2 runs on.  Tasks are fibers of one OS thread, time is a number, and who runs
// next is decided here and nowhere else.
//
//   arch::sim::world world{{.seed = 7}};
//   world.run([] { ... });   // the body is the first task; in it basic_machine<arch::sim> and all of the engine work
//
// A task gives control away at steps only (an atomic access, a sleep, a mask of interrupts: see sim.hpp), so between
// two steps it is alone, and the order of the steps is all there is to know about a run.  With seed 0 the tasks take
// turns; with any other the next one is drawn from it, and the same seed draws the same order in every process.
//
// Time stands still while anybody can run.  When nobody can it jumps to the earliest deadline; and a spin loop moves it
// a little (relax()), so that a loop which polls for a time ends.  When there is no deadline either, nothing will ever
// happen again: run() then ends with a report of who waits for what, and likewise after too many steps.
//
// A test that wants to be the clock says so (sim_time::when_told): then time moves while its body waits, in pass(), in a
// sleep of its own, or for somebody else; and by what delays cost, and loops that poll the time.  It stands still while the
// body runs, and while it lets others run (settle()).
#pragma once

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/arch/fiber.hpp>
#include <bottomhalf/arch/sim_task.hpp>

namespace bottomhalf::arch {

enum class sim_time : std::uint8_t {
    when_idle,   // jumps to the next deadline when nobody can run, and spinning costs some
    when_told    // as above, but spinning costs none
};

struct sim_options {
    std::uint64_t seed = 0;                 // 0: round robin
    unsigned preempt_every = 1;             // steps until the next task gets a turn; 0: not before this one waits
    std::uint64_t max_steps = 50'000'000;   // of one run(), without those that pass() takes from one deadline to the
                                            // next: more are taken for a livelock.  A few seconds
    unsigned cpus = 2;                      // what allowed_cpus() says: the same on every machine
    sim_time time = sim_time::when_idle;
    bool print = true;   // a failure goes to stderr, too
};

#if BOTTOMHALF_EXCEPTIONS
/// Why a world ended.  what() is the report.
struct sim_failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct sim_deadlock final : sim_failure {   // nobody can run, and time brings nobody back
    using sim_failure::sim_failure;
};
struct sim_livelock final : sim_failure {   // max_steps
    using sim_failure::sim_failure;
};
struct sim_leftover final : sim_failure {   // the body has returned and left tasks behind
    using sim_failure::sim_failure;
};
#endif

class sim_world {
public:
    using options = sim_options;

    explicit sim_world(const options& o = {}) : options_(o), random_(o.seed) {}
    sim_world(const sim_world&) = delete;
    sim_world& operator=(const sim_world&) = delete;
    ~sim_world() = default;

    /// The world that this thread is in, or null.
    [[nodiscard]] static sim_world* current() noexcept { return detail::simulation.world; }

    /// Runs `body` as the first task, "main", until it returns.  Every task that it started must have ended by then.
    /// A second run() goes on where the first has stopped: time, steps and the draw of the seed continue.
    /// Context: a plain thread, outside of any world.
    /// Errors:  what `body` throws; sim_deadlock, sim_livelock or sim_leftover.  Tasks that have not ended are then
    ///          abandoned (see ~fiber()).  Without exceptions a failure aborts.
    template <class Body>
    void run(Body&& body) {
        struct call {
            Body& body;
            std::exception_ptr thrown = nullptr;
        } c{body};
        begin(
            [](void* p) {
                call& mine = *static_cast<call*>(p);
#if BOTTOMHALF_EXCEPTIONS
                try {
                    mine.body();
                } catch (...) {   // crosses to the caller's stack as a pointer: no unwinder finds the way
                    mine.thrown = std::current_exception();
                }
#else
                mine.body();
#endif
            },
            &c);
        end(c.thrown == nullptr);
        if (c.thrown != nullptr) std::rethrow_exception(c.thrown);
    }

    // ---- for the body: being the clock ----------------------------------------------------------------------------

    /// Time passes until `until`, and everything happens that is to happen until then, at its time.
    void pass(ns_t until, const char* why = "time to pass") noexcept {
        count_step();
        told_ = std::max(told_, until);
        while (now_ < until) sleep(nullptr, until, why);
        answer();
    }
    /// Everybody else runs until nobody can.  No time passes (but by what delays cost).
    void settle() noexcept {
        while (give_way() || (first_deadline() <= told_ && pass_time())) {}   // the latter: in a delay
    }
    /// Everybody else runs, and time passes as it must, until `done()`, which is asked whenever it is our turn.
    /// Return: false if `limit` came first, or nothing will ever happen again.
    template <class Done>
    bool run_until(Done done, ns_t limit) {
        while (!done()) {
            if (give_way()) continue;
            const ns_t next = first_deadline();
            if (next > limit || next == forever) return false;
            pass(next);
        }
        return true;
    }

    /// `f` is called whenever time has moved, which it does between two steps: it must not take one.  Null: nobody is.
    void on_time(void (*f)(void*, bool), void* arg) noexcept {
        time_hook_ = f;
        time_hook_arg_ = arg;
    }
    /// `f` is called at the end of the run, `failed` or not: as the last part of the body, or, if that is abandoned, outside.
    void on_end(void (*f)(bool failed)) noexcept { end_hook_ = f; }

    [[nodiscard]] ns_t now() const noexcept { return now_; }
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
    /// A hash of who ran when: two runs with the same value have taken the same way.
    [[nodiscard]] std::uint64_t trace() const noexcept { return trace_; }

private:
    friend struct sim;
    using sim_task = detail::sim_task;
    using state = sim_task::state;
    enum class failure : std::uint8_t { none, deadlock, livelock, leftover };

    const options options_;
    std::uint64_t random_;
    ns_t now_ = 0;
    unsigned polls_ = 0;   // since somebody has slept
    ns_t told_ = 0;        // somebody is on his way until then, in pass()
    void (*time_hook_)(void*, bool) = nullptr;
    void* time_hook_arg_ = nullptr;
    void (*end_hook_)(bool) = nullptr;
    std::uint64_t steps_ = 0, limit_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325;
    unsigned slice_ = 0;   // steps until the running task is preempted
    std::int32_t next_pid_ = 1;
    failure failed_ = failure::none;
    std::string report_;

    // Both lists hold every task at most once and have room for all: nothing allocates on a step.
    std::vector<std::unique_ptr<sim_task>> tasks_;
    std::vector<sim_task*> runnable_;   // without the running one; longest wait first
    std::vector<sim_task*> parked_;     // longest sleep first: unpark() is fair, as a futex is
    sim_task* running_ = nullptr;
    sim_task* dead_ = nullptr;   // has ended, unjoined; somebody on another stack must take its own away
    fiber outside_;              // run()'s caller

    // ---- the order of things --------------------------------------------------------------------------------------

    /// The one place where chance, or an explorer of interleavings, has a say: which of `n` alternatives is taken.
    std::size_t choose(std::size_t n) noexcept {
        if (options_.seed == 0 || n < 2) return 0;
        std::uint64_t z = random_ += 0x9e3779b97f4a7c15;   // splitmix64: seeds that differ in one bit share nothing
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return static_cast<std::size_t>((z ^ (z >> 31)) % n);
    }

    /// Takes the next task out of the first `n` that can run.
    sim_task& pick(std::size_t n) noexcept {
        const auto it = runnable_.begin() + static_cast<std::ptrdiff_t>(choose(n));
        sim_task& t = **it;
        runnable_.erase(it);
        trace_ = (trace_ ^ static_cast<std::uint64_t>(t.self.pid)) * 0x100000001b3;
        return t;
    }
    /// Somebody who can run, after as much time as that takes.
    sim_task& pick_or_wait() noexcept {
        while (runnable_.empty())
            if (!pass_time()) fail(failure::deadlock);
        return pick(runnable_.size());
    }

    void switch_to(sim_task& next) noexcept {
        sim_task& me = *running_;
        slice_ = options_.preempt_every;
        if (&next == &me) return;
        running_ = &next;
        fiber::switch_to(me.context, next.context);
        bury();
    }
    /// First thing on every stack that is switched to.
    void bury() noexcept {
        if (dead_ != nullptr) discard(*std::exchange(dead_, nullptr));
    }
    void discard(sim_task& t) noexcept {
        std::erase_if(tasks_, [&t](const auto& each) { return each.get() == &t; });
    }

    void count_step() noexcept {
        if (++steps_ > limit_) fail(failure::livelock);
    }

    void step() noexcept {
        count_step();
        if (--slice_ == 0) {
            if (runnable_.empty()) {
                slice_ = options_.preempt_every;
            } else {
                runnable_.push_back(running_);
                switch_to(pick(runnable_.size()));
            }
        }
        if (running_->doorbell) [[unlikely]]
            answer();
    }

    /// The others first.  Long spinners sleep, as they do on threads: somebody needs the time to get the work done.
    void relax(unsigned round) noexcept {
        count_step();
        if (round < 256) {
            if (options_.time == sim_time::when_idle) move_time(now_ + (round < 64 ? 100 : 1'000));
            runnable_.push_back(running_);
            switch_to(pick(std::max<std::size_t>(runnable_.size() - 1, 1)));
        } else {
            sleep(nullptr, now_ + 50'000, "a spin loop");
        }
        answer();
    }

    /// A look at the time, perhaps one of many.  The first ones cost none, so that whoever looks once finds himself where he was.
    void poll_time() noexcept {
        count_step();
        if (options_.time == sim_time::when_idle || ++polls_ > 100) move_time(now_ + 100);
        give_way();
    }
    /// The others' turn, if any of them can run.  Return: whether one could.
    bool give_way() noexcept {
        count_step();
        answer();
        if (runnable_.empty()) return false;
        runnable_.push_back(running_);
        switch_to(pick(runnable_.size() - 1));
        return true;
    }

    // ---- sleep and time -------------------------------------------------------------------------------------------

    /// Return: false if the deadline has passed, else true.
    bool park(const std::uint32_t& word, std::uint32_t expected, ns_t deadline, const char* why) noexcept {
        step();
        if (word != expected) return true;   // from here to sleep() nobody else runs
        if (deadline <= now_) return false;
        sleep(&word, deadline, why);
        const bool in_time = !running_->timed_out;
        answer();
        return in_time;
    }
    void sleep(const std::uint32_t* word, ns_t deadline, const char* why) noexcept {
        sim_task& me = *running_;
        me.is = state::parked;
        me.word = word;
        me.deadline = deadline;
        me.timed_out = false;
        me.self.waits_for = why;
        polls_ = 0;
        parked_.push_back(&me);
        switch_to(pick_or_wait());
        me.self.waits_for = nullptr;
    }
    void unpark(const std::uint32_t& word, int n) noexcept {
        step();
        wake_if([&](const sim_task& t) { return t.word == &word && n-- > 0; });
    }

    template <class Predicate>
    void wake_if(Predicate wakes) noexcept {
        std::erase_if(parked_, [&](sim_task* t) {
            if (!wakes(*t)) return false;
            t->is = state::runnable;
            runnable_.push_back(t);
            return true;
        });
    }
    void wake_expired() noexcept {
        wake_if([this](sim_task& t) { return t.timed_out = t.deadline <= now_; });
    }
    [[nodiscard]] ns_t first_deadline() const noexcept {
        ns_t first = forever;
        for (const sim_task* t : parked_) first = std::min(first, t->deadline);
        return first;
    }
    bool pass_time() noexcept {
        const ns_t first = first_deadline();
        if (first == forever) return false;
        if (first <= told_) limit_ = steps_ + options_.max_steps;   // not stuck: on the way to where it was sent
        move_time(std::max(now_, first));
        return true;
    }
    void move_time(ns_t to) noexcept {
        now_ = to;
        if (time_hook_ != nullptr) time_hook_(time_hook_arg_, true);
        wake_expired();
    }

    // ---- tasks ----------------------------------------------------------------------------------------------------

    /// Return: the task, or null if there was no memory for its stack.
    sim_task* create(int cpu, const char* comm, void (*fn)(void*), void* arg, void (*entry)(void*)) {
        auto t = std::make_unique<sim_task>();
        if (!t->context.create(entry, t.get())) return nullptr;
        t->world = this;
        t->fn = fn;
        t->arg = arg;
        t->self.cpu = cpu;
        t->self.pid = next_pid_++;
        set_comm(t->self.comm, comm);
        std::snprintf(t->end_of, sizeof t->end_of, "the end of %s", t->self.comm);
        tasks_.push_back(std::move(t));
        runnable_.reserve(tasks_.size());
        parked_.reserve(tasks_.size());
        return tasks_.back().get();
    }
    sim_task* spawn(int cpu, const char* comm, void (*fn)(void*), void* arg) {
        step();
        sim_task* const t = create(cpu, comm, fn, arg, [](void* p) {
            auto& me = *static_cast<sim_task*>(p);
            me.world->bury();
            me.fn(me.arg);
            me.world->finish(me);
        });
        if (t != nullptr) runnable_.push_back(t);
        return t;
    }
    [[noreturn]] void finish(sim_task& me) noexcept {
        step();
        me.is = state::ended;
        me.ended = 1;
        wake_if([&me](const sim_task& t) { return t.word == &me.ended; });
        sim_task& next = pick_or_wait();
        if (me.let_go) dead_ = &me;
        running_ = &next;
        slice_ = options_.preempt_every;
        fiber::leave(me.context, next.context);
    }
    [[nodiscard]] sim_task* find(std::int32_t pid) noexcept {
        const auto it = std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& t) { return t->self.pid == pid; });
        return it != tasks_.end() ? it->get() : nullptr;
    }
    bool join_until(sim_task& t, ns_t deadline) noexcept {
        t.let_go = false;
        while (t.ended == 0) {
            if (park(t.ended, 0, deadline, t.end_of) || t.ended != 0) continue;
            t.let_go = true;
            return false;
        }
        discard(t);
        return true;
    }

    // ---- interrupts -----------------------------------------------------------------------------------------------

    /// Rings at `pid`.  It hears at its next step; if it sleeps it wakes; if it is the caller it hears at once.
    void ring(std::int32_t pid) noexcept {
        step();
        sim_task* const found = find(pid);
        if (found == nullptr || found->is == state::ended) return;   // as a signal to a thread that is no more
        sim_task& t = *found;
        t.doorbell = true;
        if (&t == running_)
            answer();
        else if (!t.answering)
            wake_if([&t](const sim_task& each) { return &each == &t; });
    }

    /// Takes the doorbells that this task has heard, one after the other.
    void answer() noexcept {
        sim_task& me = *running_;
        while (me.doorbell && !me.answering) {
            me.doorbell = false;
            me.answering = true;
            detail::answer(me.self);
            me.answering = false;
        }
    }

    // ---- the beginning and the end --------------------------------------------------------------------------------

    void begin(void (*body)(void*), void* arg) {
        if (current() != nullptr) {
            constexpr char text[] = "bottomhalf: a simulated world was started inside another\n";
            write_stderr(text, sizeof text - 1);
            std::abort();
        }
        next_pid_ = 1;
        failed_ = failure::none;
        limit_ = steps_ + options_.max_steps;
        slice_ = options_.preempt_every;
        outside_.adopt();
        running_ = create(-1, "main", body, arg, [](void* p) {
            auto& me = *static_cast<sim_task*>(p);
            me.fn(me.arg);
            me.world->call_end_hook(false);
            me.is = state::ended;
            fiber::leave(me.context, me.world->outside_);
        });
        if (running_ == nullptr) std::abort();   // no memory for one stack
        ++detail::simulation.runs;
        detail::simulation.world = this;
        fiber::switch_to(outside_, running_->context);
        detail::simulation.world = nullptr;
    }
    void call_end_hook(bool failed) noexcept {
        if (end_hook_ == nullptr) return;
        end_hook_(failed);
        end_hook_ = nullptr;   // not before: it may fail, too, and is called for that then
    }
    void end(bool body_returned) {
        time_hook_ = nullptr;
        call_end_hook(true);   // not if the body has
        const auto is_left = [](const auto& t) { return t->is != state::ended; };
        if (body_returned && failed_ == failure::none && std::any_of(tasks_.begin(), tasks_.end(), is_left))
            diagnose(failure::leftover);
        running_ = nullptr;
        runnable_.clear();
        parked_.clear();
        tasks_.clear();
#if BOTTOMHALF_EXCEPTIONS
        if (failed_ == failure::deadlock) throw sim_deadlock(report_);
        if (failed_ == failure::livelock) throw sim_livelock(report_);
        if (failed_ == failure::leftover) throw sim_leftover(report_);
#else
        if (failed_ != failure::none) std::abort();
#endif
    }

    /// Ends the run from inside it.  The tasks stay where they are.
    [[noreturn]] void fail(failure f) noexcept {
        diagnose(f);
        fiber::switch_to(running_->context, outside_);
        std::abort();
    }
    void diagnose(failure f) {
        failed_ = f;
        char line[160];
        const char* const what = f == failure::deadlock   ? "deadlock: nobody can run, and no deadline will come"
                                 : f == failure::livelock ? "livelock: too many steps"
                                                          : "leftover: the body has returned, others have not ended";
        std::snprintf(line, sizeof line, "bottomhalf: %s\n  seed %" PRIu64 ", step %" PRIu64 ", %" PRId64 " ns\n", what,
                      options_.seed, steps_, now_);
        report_ = line;
        for (const auto& t : tasks_) report_ += t->describe(t.get() == running_);
        if (options_.print) write_stderr(report_.data(), report_.size());
    }
};

}   // namespace bottomhalf::arch
