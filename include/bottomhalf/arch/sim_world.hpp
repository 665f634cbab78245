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
// Time stands still while anybody can run, unless that goes on and on (half a million steps).  When nobody can it jumps to
// the earliest deadline; and a spin loop moves it a little (relax()), so that a loop which polls for a time ends.  When there is no deadline either, nothing will ever
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
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/arch/fiber.hpp>
#include <bottomhalf/arch/sim_choice.hpp>
#include <bottomhalf/arch/sim_memory.hpp>
#include <bottomhalf/arch/sim_options.hpp>
#include <bottomhalf/arch/sim_task.hpp>
#include <bottomhalf/arch/stack_guard.hpp>

namespace bottomhalf::arch {

class sim_world {
public:
    using options = sim_options;

    explicit sim_world(const options& o = {}) : options_(o), random_(o.seed), numbers_(~o.seed), burnt_until_(o.cpus) {}
    sim_world(const sim_world&) = delete;
    sim_world& operator=(const sim_world&) = delete;
    ~sim_world() = default;

    /// As if it had just been made, with what it has learnt to keep: memory, and the stacks of its tasks.
    /// Context: outside of run().
    void begin_again(const options& o) {
        options_ = o;
        random_ = o.seed;
        numbers_ = ~o.seed;
        burnt_until_.assign(o.cpus, 0);
        now_ = told_ = idle_at_ = 0;
        grace_ = 0;
        polls_ = 0;
        steps_ = limit_ = moved_at_ = 0;
        trace_ = trace_seed;
        // The n-th task of a run has the stack of the n-th task of each other: what lies there has the same address.
        const auto later = [](const auto& a, const auto& b) { return a->serial > b->serial; };
        if (!std::is_sorted(spare_.begin(), spare_.end(), later)) std::sort(spare_.begin(), spare_.end(), later);
    }

    /// The world that this thread is in, or null.
    [[nodiscard]] static sim_world* current() noexcept { return detail::simulation.world; }

    /// Runs `body` as the first task, "main", until it returns.  Every task that it started must have ended by then.
    /// A second run() goes on where the first has stopped: time, steps and the draw of the seed continue.
    /// Context: a plain thread, outside of any world.
    /// Errors:  what `body` throws; sim_deadlock, sim_livelock or sim_leftover.  Tasks that have not ended are then
    ///          abandoned (see ~fiber()).  Without exceptions a failure aborts.
    template <class Body>
    void run(Body&& body) {
        const ending e = attempt(body);
        if (e.thrown != nullptr) std::rethrow_exception(e.thrown);
#if BOTTOMHALF_EXCEPTIONS
        if (e.how == failure::deadlock) throw sim_deadlock(report_);
        if (e.how == failure::livelock) throw sim_livelock(report_);
        if (e.how == failure::leftover) throw sim_leftover(report_);
        if (e.how == failure::wrong) throw sim_wrong(report_);
#else
        if (e.how != failure::none) std::abort();
#endif
    }
    enum class failure : std::uint8_t { none, deadlock, livelock, leftover, wrong };
    struct ending {
        failure how = failure::none;           // report() says more
        std::exception_ptr thrown = nullptr;   // by the body
    };
    /// As run(), which throws none of it.
    template <class Body>
    ending attempt(Body&& body) {
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
        return {failed_, std::move(c.thrown)};
    }
    /// Of the last run, if it has failed.
    [[nodiscard]] const std::string& report() const noexcept { return report_; }

    // ---- for the body: being the clock ----------------------------------------------------------------------------

    /// Time passes until `until`, and everything happens that is to happen until then, at its time.
    void pass(ns_t until, const char* why = "time to pass") noexcept {
        count_step();
        told_ = std::max(told_, until);
        while (now_ < until) sleep(nullptr, until, why);
        answer();
    }
    /// Time that the running task's CPU spends on it.
    void burn(ns_t ns) noexcept {
        const auto cpu = static_cast<std::size_t>(running_->self.cpu);
        if (!options_.one_burns || cpu >= burnt_until_.size() || running_->self.preempt_count != 0)
            return pass(now_ + ns, "a delay");   // interrupts and the like take it from whoever has it
        ns_t& until = burnt_until_[cpu];
        until = std::max(until, now_) + ns;
        pass(until, "a delay");
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
    /// Of several the last comes first, as with atexit().
    void on_end(void (*f)(bool failed)) { end_hooks_.push_back(f); }

    /// Ends the run, from inside it, as one that has failed.  Context: any of its tasks, interrupts included.
    [[noreturn]] void give_up(const char* why) noexcept {
        why_ = why;
        fail(failure::wrong);
    }
    /// Whether the chooser is asked.  If not the dull thing happens: whoever runs goes on, and then who has waited longest.
    bool choosing(bool on) noexcept { return std::exchange(choosing_, on && options_.chooser != nullptr); }
    /// Whether it goes wrong this time.  Context: a task.
    bool fails(sim_fault f) noexcept;
    /// The running task's store: whether it is seen by others later.  If it is, or one before it is, it has been taken over.
    bool holds_back(void* p, const void* value, std::size_t size) noexcept;
    /// What the running task has stored to just this, and nobody else has seen; null: nothing.
    [[nodiscard]] const void* held_back(const void* p, std::size_t size) noexcept {
        return running_->stores.find(p, size);
    }
    /// Everybody has seen it.
    void land_stores() noexcept {
        if (!running_->stores.is_empty()) [[unlikely]]
            running_->stores.land_all();
    }
    /// Nobody who stands on `cpu` runs for `ns`; its interrupts wait.  One CPU at a time.  Context: a task of no CPU, or
    /// another.
    void stop_cpu(int cpu, ns_t ns) noexcept;
    /// For who looks on.
    void note(const char* what) noexcept { tell(sim_event::note, running_->self, what); }
    void failing(const char* what) noexcept { tell(sim_event::fails, running_->self, what); }
    void call(bool begins, const char* what, const void* function) noexcept {
        tell(begins ? sim_event::calls : sim_event::called, running_->self, what, function);
    }

    [[nodiscard]] ns_t now() const noexcept { return now_; }
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
    /// A hash of who ran when: two runs with the same value have taken the same way.
    [[nodiscard]] std::uint64_t trace() const noexcept { return trace_; }

private:
    friend struct sim;
    using sim_task = detail::sim_task;
    using state = sim_task::state;

    options options_;
    std::uint64_t random_;
    std::uint64_t numbers_;           // what random() draws from
    std::vector<ns_t> burnt_until_;   // by CPU
    ns_t now_ = 0;
    unsigned polls_ = 0;   // since somebody has slept
    unsigned made_ = 0;    // tasks, with stacks of their own
    ns_t told_ = 0;        // somebody is on his way until then, in pass()
    ns_t idle_at_ = 0;     // when nobody could run last
    const char* why_ = nullptr;
    bool choosing_ = false;
    unsigned faults_ = 0;   // that have happened
    int stopped_ = -2;      // a CPU that stands still: -2: none
    ns_t stopped_until_ = forever;
    void (*time_hook_)(void*, bool) = nullptr;
    void* time_hook_arg_ = nullptr;
    std::vector<void (*)(bool)> end_hooks_;
    static constexpr std::uint64_t standstill = 500'000;   // steps
    static constexpr std::uint64_t unmoved = 50'000;       // likewise, with a chooser
    std::uint64_t steps_ = 0, limit_ = 0;
    std::uint64_t moved_at_ = 0;   // the step at which time has moved last
    static constexpr std::uint64_t trace_seed = 0xcbf29ce484222325;
    std::uint64_t trace_ = trace_seed;
    unsigned slice_ = 0;                     // steps until the running task is preempted
    std::uint64_t alone_ = 0;                // steps since another has run
    ns_t first_ = forever;                   // the earliest deadline of those parked
    static constexpr unsigned grace = 100;   // steps that who was passed over too often has to himself: one would not
                                             // bring him far, if those who wait for him are always preferred
    unsigned grace_ = 0;
    std::int32_t next_pid_ = 1;
    failure failed_ = failure::none;
    std::string report_;

    // The lists hold every task at most once and have room for all: nothing allocates on a step.
    std::vector<std::unique_ptr<sim_task>> tasks_;
    std::vector<std::unique_ptr<sim_task>> spare_;   // with their stacks
    std::vector<sim_task*> runnable_;                // without the running one; longest wait first
    std::vector<sim_task*> held_;                    // could run, but their CPU stands still
    std::vector<sim_task*> parked_;                  // longest sleep first: unpark() is fair, as a futex is
    sim_task* running_ = nullptr;
    sim_task* dead_ = nullptr;   // has ended, unjoined; somebody on another stack must take its own away
    fiber outside_;              // run()'s caller

    // ---- the order of things --------------------------------------------------------------------------------------

    /// The one place where chance, or an explorer of interleavings, has a say: which of `n` alternatives is taken.
    std::size_t choose(std::size_t n) noexcept {
        if (options_.seed == 0 || n < 2) return 0;
        return static_cast<std::size_t>(draw(random_) % n);
    }
    /// splitmix64: seeds that differ in one bit share nothing.
    static std::uint64_t draw(std::uint64_t& from) noexcept {
        std::uint64_t z = from += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// Takes the next task out of the first `n` that can run.
    sim_task& pick(std::size_t n) noexcept { return take(choose(n)); }
    sim_task& take(std::size_t i) noexcept {
        sim_task& t = *runnable_[i];
        for (std::size_t last = runnable_.size() - 1; i < last; ++i)   // there are few: no call
            runnable_[i] = runnable_[i + 1];
        runnable_.pop_back();
        remember(t.self.pid);
        t.passed_over = 0;
        return t;
    }
    void remember(std::int32_t what) noexcept { trace_ = (trace_ ^ static_cast<std::uint64_t>(what)) * 0x100000001b3; }
    /// Somebody who can run, after as much time as that takes.
    sim_task& pick_or_wait() noexcept {
        if (options_.chooser != nullptr) return choose_or_wait();
        while (runnable_.empty())
            if (!pass_time()) fail(failure::deadlock);
        return pick(runnable_.size());
    }
    /// What the chooser does is no step, though it may have been compiled to be.
    std::size_t ask(const sim_choice& among) noexcept;
    sim_task& choose_or_wait() noexcept;
    /// Which of those that can run comes next, after as much time as is let pass before.  There is one.
    std::size_t choose_one() noexcept;
    /// A step of a task that could go on: whether it does.
    void consider() noexcept;
    /// One of its stores has arrived, or not yet.  Asked as it takes a step, whoever else has taken some meanwhile.
    void maybe_land() noexcept;
    /// The turn of somebody else, if anybody can run: of who has been passed over too often, or else of the chooser's choice.
    void wait_in_line() noexcept;
    void change_places(std::size_t i) noexcept;
    [[nodiscard]] bool is_clear(std::size_t n, bool time) const noexcept { return !choosing_ || (n == 1 && !time); }
    [[nodiscard]] bool is_stopped(const sim_task& t) const noexcept { return t.self.cpu == stopped_; }
    /// Whether it may though somebody could run.
    [[nodiscard]] bool time_may_pass() const noexcept {
        return first_ != forever && (first_ <= now_ || first_ - idle_at_ <= options_.patience);
    }
    void tell(sim_event kind, const task& who, const char* what = nullptr, const void* where = nullptr) noexcept {
        if (options_.observer == nullptr) [[likely]]
            return;
        const unsigned was = std::exchange(detail::simulation.unseen, 1U);
        options_.observer->event(kind, who, what, where, now_);
        detail::simulation.unseen = was;
    }
    void orders(const task& before, const task& after) noexcept {
        if (sim_watcher* const w = detail::simulation.watcher; w != nullptr) [[unlikely]]
            w->orders(before, after);
    }

    void switch_to(sim_task& next) noexcept {
        sim_task& me = *running_;
        slice_ = options_.preempt_every;
        if (&next == &me) return;
        alone_ = 0;
        running_ = &next;
        tell(sim_event::runs, next.self);
        fiber::switch_to(me.context, next.context);
        bury();
    }
    /// First thing on every stack that is switched to.
    void bury() noexcept {
        detail::simulation.unseen = 0;   // the world's part of a step is over
        if (dead_ != nullptr) discard(*std::exchange(dead_, nullptr));
    }
    void discard(sim_task& t) noexcept {
        const auto it = std::find_if(tasks_.begin(), tasks_.end(), [&t](const auto& each) { return each.get() == &t; });
        spare_.push_back(std::move(*it));
        tasks_.erase(it);
    }

    void count_step() noexcept {
        if (++steps_ > limit_) fail(failure::livelock);
    }

    void step() noexcept {
        count_step();
        if (options_.chooser == nullptr) return step_by_seed();
        if (steps_ - moved_at_ > unmoved) [[unlikely]]
            hurry();
        if (!running_->stores.is_empty()) [[unlikely]]
            maybe_land();
        if (choosing_) consider();
        if (running_->doorbell) [[unlikely]]
            answer();
    }
    void step_by_seed() noexcept {
        if (steps_ - moved_at_ > standstill && options_.time == sim_time::when_idle) [[unlikely]]
            hurry();
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
        if (options_.chooser != nullptr) {
            // No sleep: that its time comes, again and again, could be chosen for ever in the place of who holds the lock.
            if (options_.time == sim_time::when_idle)
                move_time(now_ + (round < 64 ? 100 : round < 256 ? 1'000 : 50'000));
            return wait_in_line(), answer();
        }
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
        if (options_.chooser != nullptr) return wait_in_line(), true;
        runnable_.push_back(running_);
        switch_to(pick(runnable_.size() - 1));
        return true;
    }

    // ---- sleep and time -------------------------------------------------------------------------------------------

    /// Return: false if the deadline has passed, else true.
    bool park(const std::uint32_t& word, std::uint32_t expected, ns_t deadline, const char* why) noexcept {
        step();
        land_stores();
        if (detail::simulation.memory != nullptr) detail::simulation.memory->touch(&word);
        if (word != expected) return true;   // from here to sleep() nobody else runs
        if (deadline <= now_) return false;
        sleep(&word, deadline, why);
        const bool in_time = !running_->timed_out;
        answer();
        return in_time;
    }
    void sleep(const std::uint32_t* word, ns_t deadline, const char* why) noexcept {
        land_stores();
        sim_task& me = *running_;
        me.is = state::parked;
        me.word = word;
        me.deadline = deadline;
        me.timed_out = false;
        me.self.waits_for = why;
        polls_ = grace_ = 0;
        parked_.push_back(&me);
        first_ = std::min(first_, deadline);
        tell(sim_event::sleeps, me.self, why);
        switch_to(pick_or_wait());
        me.self.waits_for = nullptr;
    }
    void unpark(const std::uint32_t& word, int n) noexcept {
        step();
        land_stores();
        wake_if([&](const sim_task& t) {
            if (t.word != &word || n-- <= 0) return false;
            return orders(running_->self, t.self), true;
        });
    }

    template <class Predicate>
    void wake_if(Predicate wakes) noexcept {
        std::erase_if(parked_, [&](sim_task* t) {
            if (!wakes(*t)) return false;
            t->is = state::runnable;
            (is_stopped(*t) ? held_ : runnable_).push_back(t);
            tell(sim_event::wakes, t->self, t->timed_out ? nullptr : t->self.waits_for);
            return true;
        });
        find_first();
    }
    void find_first() noexcept {
        first_ = stopped_until_;
        for (const sim_task* t : parked_) first_ = std::min(first_, t->deadline);
    }
    void wake_expired() noexcept {
        if (stopped_until_ <= now_) {
            stopped_ = -2;
            stopped_until_ = forever;
            for (sim_task* t : held_) runnable_.push_back(t);
            held_.clear();
        }
        wake_if([this](sim_task& t) { return t.timed_out = t.deadline <= now_; });
    }
    [[nodiscard]] ns_t first_deadline() const noexcept { return first_; }
    bool pass_time() noexcept {
        const ns_t first = first_deadline();
        if (first == forever) return false;
        if (first <= told_) limit_ = steps_ + options_.max_steps;   // not stuck: on the way to where it was sent
        move_time(std::max(now_, first));
        return true;
    }
    /// Somebody is busy without an end, and others wait for their time: on a real machine it would come.
    void hurry() noexcept {
        moved_at_ = steps_;
        if (const ns_t first = first_deadline(); first != forever) move_time(std::max(now_, first));
    }
    void move_time(ns_t to) noexcept {
        if (options_.store_buffers)   // it takes them less long
            for (const auto& t : tasks_) t->stores.land_all();
        now_ = to;
        moved_at_ = steps_;
        tell(sim_event::time, running_->self);
        if (time_hook_ != nullptr) time_hook_(time_hook_arg_, true);
        wake_expired();
    }

    // ---- tasks ----------------------------------------------------------------------------------------------------

    /// Return: the task, or null if there was no memory for its stack.
    sim_task* create(int cpu, const char* comm, void (*fn)(void*), void* arg, void (*entry)(void*)) {
        std::unique_ptr<sim_task> t;
        if (spare_.empty()) {
            t = std::make_unique<sim_task>();
            t->serial = ++made_;
        } else {
            t = std::move(spare_.back());
            spare_.pop_back();
        }
        if (!t->context.create(entry, t.get())) return nullptr;
        t->begin(*this, next_pid_++, cpu, comm, fn, arg);
        tasks_.push_back(std::move(t));
        spare_.reserve(tasks_.size() + spare_.size() + 1);   // discard() is noexcept
        runnable_.reserve(tasks_.size());
        parked_.reserve(tasks_.size());
        held_.reserve(tasks_.size());
        return tasks_.back().get();
    }
    sim_task* spawn(int cpu, const char* comm, void (*fn)(void*), void* arg) {
        step();
        land_stores();
        sim_task* const t = create(cpu, comm, fn, arg, [](void* p) {
            auto& me = *static_cast<sim_task*>(p);
            me.world->bury();
            me.fn(me.arg);
            me.world->finish(me);
        });
        if (t == nullptr) return t;
        (is_stopped(*t) ? held_ : runnable_).push_back(t);
        if (sim_watcher* const w = detail::simulation.watcher; w != nullptr) [[unlikely]]
            w->begins(t->self, t->context.stack(), fiber::stack_size), w->orders(running_->self, t->self);
        return t;
    }
    [[noreturn]] void finish(sim_task& me) noexcept {
        step();
        land_stores();
        me.is = state::ended;
        me.ended = 1;
        tell(sim_event::ends, me.self);
        wake_if([&me](const sim_task& t) { return t.word == &me.ended; });
        sim_task& next = pick_or_wait();
        if (me.let_go) dead_ = &me;
        running_ = &next;
        alone_ = 0;
        tell(sim_event::runs, next.self);
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
        orders(t.self, running_->self);
        discard(t);
        return true;
    }

    // ---- interrupts -----------------------------------------------------------------------------------------------

    /// Rings at `pid`.  It hears at its next step; if it sleeps it wakes; if it is the caller it hears at once.
    void ring(std::int32_t pid) noexcept {
        step();
        land_stores();
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
            tell(sim_event::interrupt, me.self);
            const unsigned was = std::exchange(detail::simulation.unseen, 0U);   // a call from inside a step
            detail::answer(me.self);
            detail::simulation.unseen = was;
            tell(sim_event::returns, me.self);
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
        alone_ = 0;
        first_ = stopped_until_ = forever;
        stopped_ = -2;
        faults_ = 0;
        choosing_ = options_.chooser != nullptr;
        // Whoever explores begins a world every microsecond, and guards himself.
        std::optional<overflow_watch> watch;
        if (!choosing_) watch.emplace(&explain_fault);
        outside_.adopt();
        running_ = create(-1, "main", body, arg, [](void* p) {
            auto& me = *static_cast<sim_task*>(p);
            me.fn(me.arg);
            me.world->call_end_hooks(false);
            me.is = state::ended;
            fiber::leave(me.context, me.world->outside_);
        });
        if (running_ == nullptr) std::abort();   // no memory for one stack
        ++detail::simulation.runs;
        detail::simulation.buffers_stores = options_.store_buffers;
        detail::simulation.world = this;
        fiber::switch_to(outside_, running_->context);
        detail::simulation.world = nullptr;
        detail::simulation.buffers_stores = false;
    }
    /// Of the task that runs; its stack is full, and it will not go on.
    static void explain_fault(const void* address) noexcept {
        const sim_world* const w = current();
        if (w == nullptr || w->running_ == nullptr || !w->running_->context.guards(address)) return;
        const sim_task& t = *w->running_;
        const char* const stack = static_cast<const char*>(t.context.stack());
        char text[256];
        const int n =
            std::snprintf(text, sizeof text,
                          "bottomhalf: BUG: TASK stack guard page was hit at %p (stack is %p..%p)\n"
                          "kernel stack overflow: %s/%d: the stack of a simulated task has %zu bytes\n",
                          address, static_cast<const void*>(stack), static_cast<const void*>(stack + fiber::stack_size),
                          t.self.comm, static_cast<int>(t.self.pid), fiber::stack_size);
        write_stderr(text, static_cast<std::size_t>(n));
    }
    void call_end_hooks(bool failed) noexcept {
        while (!end_hooks_.empty()) {
            const auto last = static_cast<std::ptrdiff_t>(end_hooks_.size()) - 1;
            end_hooks_.back()(failed);                     // which may bring another
            end_hooks_.erase(end_hooks_.begin() + last);   // not before: it may fail, too, and is called for that then
        }
    }
    void end(bool body_returned) {
        time_hook_ = nullptr;
        call_end_hooks(true);   // not if the body has
        const auto is_left = [](const auto& t) { return t->is != state::ended; };
        if (body_returned && failed_ == failure::none && std::any_of(tasks_.begin(), tasks_.end(), is_left))
            diagnose(failure::leftover);
        running_ = nullptr;
        runnable_.clear();
        parked_.clear();
        held_.clear();
        for (auto& t : tasks_) {
            if (t->is != state::ended && !options_.abandon) continue;
            t->context.abandon();
            spare_.push_back(std::move(t));
        }
        tasks_.clear();
    }

    /// Ends the run from inside it.  The tasks stay where they are.
    [[noreturn]] void fail(failure f) noexcept {
        diagnose(f);
        fiber::switch_to(running_->context, outside_);
        std::abort();
    }
    void diagnose(failure f) {
        failed_ = f;
        report_.clear();
        if (!options_.report) return;
        char line[160];
        const char* const what = f == failure::deadlock   ? "deadlock: nobody can run, and no deadline will come"
                                 : f == failure::livelock ? "livelock: too many steps"
                                 : f == failure::wrong    ? why_
                                                          : "leftover: the body has returned, others have not ended";
        std::snprintf(line, sizeof line, "bottomhalf: %s\n  seed %" PRIu64 ", step %" PRIu64 ", %" PRId64 " ns\n", what,
                      options_.seed, steps_, now_);
        report_ = line;
        for (const auto& t : tasks_) report_ += t->describe(t.get() == running_);
        if (options_.print) write_stderr(report_.data(), report_.size());
    }
};

}   // namespace bottomhalf::arch

#include <bottomhalf/arch/sim_explored.hpp>
