// SPDX-License-Identifier: MIT
// sim.hpp: engine 2.  Fibers on one OS thread, virtual time, and an order of events that a seed decides and repeats.
//
//   using machine = bottomhalf::basic_machine<bottomhalf::arch::sim>;
//   bottomhalf::arch::sim::world world{{.seed = 7}};
//   world.run([] { machine m{{.cpus = 4}}; ... });
//
// The same interface as threads.hpp, member for member.  What a step is: each access through atomic_ref, each park(),
// unpark(), relax() and spawn(), each doorbell, both edges of the interrupt mask.  The step comes first and then the
// deed, so whatever is not a step belongs to the deed before it.  Everything is sequentially consistent, unless an exploration
// wants stores to be late, as on x86 (sim_store_buffer.hpp): then the orders count that keep them from it.  All orders are told
// to whoever looks for races (sim_watcher.hpp).
//
// An interrupt is taken by the task that stands for the CPU, at its next step, as a call from inside that step.  As
// with signals: a doorbell does not nest in its own handler, one that comes twice is heard once, sleepers wake for it.
//
// Without a world (static initialisation, destructors after it) every operation works on the plain thread: nothing is a
// step, nobody else is there, and no task can be started.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/arch/sim_memory.hpp>
#include <bottomhalf/arch/sim_world.hpp>

namespace bottomhalf::arch {

/// std::atomic_ref on the simulator: a step, then the plain access.  Nobody else runs in between.  Unseen: where the driver's
/// accesses are steps (sim/instrumented.hpp) this one must not become the driver's, merged with others by the compiler.
template <class T>
class sim_atomic_ref {
    static_assert(std::is_trivially_copyable_v<T>);
    using order = std::memory_order;
    static constexpr bool integral = std::is_integral_v<T> && !std::is_same_v<T, bool>;

public:
    using value_type = T;
    using difference_type = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;
    static constexpr bool is_always_lock_free = true;
    static constexpr std::size_t required_alignment = alignof(T);

    explicit sim_atomic_ref(T& object) noexcept : p_(&object) {}
    sim_atomic_ref(const sim_atomic_ref&) noexcept = default;
    sim_atomic_ref& operator=(const sim_atomic_ref&) = delete;

    [[nodiscard]] bool is_lock_free() const noexcept { return true; }
    BOTTOMHALF_UNSEEN T load(order o = seq_cst) const noexcept {
        T& now = at(sim_access::load, o);
        if (detail::simulation.buffers_stores) [[unlikely]]
            return as_seen_here(now);
        return now;
    }
    // NOLINTNEXTLINE(google-explicit-constructor): as std::atomic_ref has it
    BOTTOMHALF_UNSEEN operator T() const noexcept { return load(); }
    BOTTOMHALF_UNSEEN void store(T value, order o = seq_cst) const noexcept {
        T& now = at(sim_access::store, o);
        if (detail::simulation.buffers_stores && is_late(value, o)) [[unlikely]]
            return;
        now = value;
    }
    BOTTOMHALF_UNSEEN T operator=(T value) const noexcept {   // NOLINT(misc-unconventional-assign-operator): likewise
        return store(value), value;
    }
    BOTTOMHALF_UNSEEN T exchange(T value, order o = seq_cst) const noexcept {
        return std::exchange(at(sim_access::update, o), value);
    }

    BOTTOMHALF_UNSEEN bool compare_exchange_strong(T& expected, T desired, order o = seq_cst) const noexcept {
        return compare_exchange_strong(expected, desired, o, o == acq_rel ? acquire : o == release ? relaxed : o);
    }
    BOTTOMHALF_UNSEEN bool compare_exchange_strong(T& expected, T desired, order succeeds, order fails) const noexcept {
        T& now = at();
        land();
        // Bits, not values: as std's.  T may be a pointer.
        const void* const is = &reinterpret_cast<const char&>(now);
        const void* const was = &reinterpret_cast<const char&>(expected);
        constexpr std::size_t size = sizeof(T);   // NOLINT(bugprone-sizeof-expression)
        if (std::memcmp(is, was, size) == 0) return tell(sim_access::update, succeeds), now = desired, true;
        tell(sim_access::load, fails);
        expected = now;
        return false;
    }
    /// Never fails spuriously: a loop that could not bear that is not found here.
    bool compare_exchange_weak(T& expected, T desired, order o = seq_cst) const noexcept {
        return compare_exchange_strong(expected, desired, o);
    }
    bool compare_exchange_weak(T& expected, T desired, order succeeds, order fails) const noexcept {
        return compare_exchange_strong(expected, desired, succeeds, fails);
    }

    BOTTOMHALF_UNSEEN T fetch_add(difference_type n, order o = seq_cst) const noexcept
        requires(integral || std::is_pointer_v<T>) {
        return update(o, [n](T old) {
            if constexpr (std::is_pointer_v<T>)
                return old + n;
            else
                return static_cast<void>(__builtin_add_overflow(old, n, &old)), old;   // wraps, signed or not
        });
    }
    BOTTOMHALF_UNSEEN T fetch_sub(difference_type n, order o = seq_cst) const noexcept
        requires(integral || std::is_pointer_v<T>) {
        return update(o, [n](T old) {
            if constexpr (std::is_pointer_v<T>)
                return old - n;
            else
                return static_cast<void>(__builtin_sub_overflow(old, n, &old)), old;
        });
    }
    BOTTOMHALF_UNSEEN T fetch_or(T bits, order o = seq_cst) const noexcept requires integral {
        return update(o, [bits](T old) { return static_cast<T>(old | bits); });
    }
    BOTTOMHALF_UNSEEN T fetch_and(T bits, order o = seq_cst) const noexcept requires integral {
        return update(o, [bits](T old) { return static_cast<T>(old & bits); });
    }
    BOTTOMHALF_UNSEEN T fetch_xor(T bits, order o = seq_cst) const noexcept requires integral {
        return update(o, [bits](T old) { return static_cast<T>(old ^ bits); });
    }

private:
    T* p_;

    [[nodiscard]] BOTTOMHALF_UNSEEN T& at() const noexcept;
    [[nodiscard]] BOTTOMHALF_UNSEEN T& at(sim_access kind, order o) const noexcept {
        T& now = at();
        if (kind == sim_access::update) land();
        tell(kind, o);
        return now;
    }
    BOTTOMHALF_UNSEEN static void land() noexcept;
    [[nodiscard]] BOTTOMHALF_UNSEEN T as_seen_here(T& now) const noexcept;
    [[nodiscard]] BOTTOMHALF_UNSEEN bool is_late(T& value, order o) const noexcept;
    [[nodiscard]] void* address() const noexcept { return const_cast<void*>(static_cast<const volatile void*>(p_)); }
    void tell(sim_access kind, order o) const noexcept {
        if (sim_watcher* const w = detail::simulation.watcher; w != nullptr) [[unlikely]]
            hear(*w, kind, o);
    }
    BOTTOMHALF_COLD void hear(sim_watcher& w, sim_access kind, order o) const noexcept {
        constexpr std::size_t size = sizeof(T);   // NOLINT(bugprone-sizeof-expression)
        w.atomic(address(), size, kind, o, __builtin_return_address(0));
    }
    template <class F>
    BOTTOMHALF_UNSEEN T update(order o, F f) const noexcept {
        T& now = at(sim_access::update, o);
        return std::exchange(now, f(now));
    }
};
template <class T>
sim_atomic_ref(T&) -> sim_atomic_ref<T>;

struct sim {
    static constexpr bool simulated = true;
    static constexpr const char* name = "sim";

    using world = sim_world;
#if BOTTOMHALF_EXCEPTIONS
    using failure = sim_failure;
    using deadlock = sim_deadlock;
    using livelock = sim_livelock;
    using leftover = sim_leftover;
#endif

    template <class T>
    using atomic_ref = sim_atomic_ref<T>;

    /// The task of the running fiber.  A variable of the machine: all fibers share the thread-locals of their thread.
    static task& current() noexcept {
        sim_world* const w = world::current();
        return w != nullptr ? w->running_->self : detail::simulation.outside;
    }

    /// Who gives memory instead of malloc(), or null.
    static sim_memory* memory() noexcept { return detail::simulation.memory; }

    static void fence(std::memory_order order) noexcept {
        step();
        if (sim_world* const w = world::current(); w != nullptr && order == seq_cst) w->land_stores();
        if (sim_watcher* const w = detail::simulation.watcher; w != nullptr) [[unlikely]]
            w->fence(order);
    }

    /// This memory is given back.  What the caller has stored there arrives before: whoever writes to it next comes later.
    static void forget(const void* p, std::size_t size) noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->land_stores();
        if (sim_watcher* const w = detail::simulation.watcher; w != nullptr) [[unlikely]]
            w->forget(p, size);
    }

    // ---- sleeping -------------------------------------------------------------------------------------------------

    /// Sleeps while `word == expected`, until an unpark() of it or `deadline`.  May return early: callers look again.
    /// Return: false if the deadline has passed, else true.
    /// Errors: without a world a deadline passes at once, and a sleep without one, which nobody could end, aborts.
    static bool park(std::uint32_t& word, std::uint32_t expected, ns_t deadline, const char* why) noexcept {
        if (sim_world* const w = world::current(); w != nullptr) return w->park(word, expected, deadline, why);
        if (word != expected) return true;
        if (deadline != forever) return false;
        constexpr char text[] = "bottomhalf: a sleep outside of the simulated world, on: ";
        write_stderr(text, sizeof text - 1);
        write_stderr(why, std::strlen(why));
        write_stderr("\n", 1);
        std::abort();
    }

    static void unpark(std::uint32_t& word, int n) noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->unpark(word, n);
    }

    /// A round of a spin loop.  Costs virtual time (100 ns, later 1 us) and lets the others run first; long spinners
    /// sleep 50 us, as on threads.
    static constexpr bool overslept() noexcept { return false; }
    static void count_unannounced() noexcept {}

    static void relax(unsigned round) noexcept {
        sim_world* const w = world::current();
        if (w == nullptr) return;
        w->relax(round);
        if (task& t = current(); t.burns != nullptr) [[unlikely]]
            t.burns(t);
    }

    static int this_cpu() noexcept { return 0; }
    static void make_way() noexcept { relax(0); }
    static void step() noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->step();
    }

    // ---- time -----------------------------------------------------------------------------------------------------

    /// Virtual ns.  Not a step: while the caller runs, the clock does not.
    static ns_t now() noexcept {
        const sim_world* const w = world::current();
        return w != nullptr ? w->now() : 0;
    }
    static ns_t computed(const task&) noexcept { return now(); }
    static bool is_asleep(const task&) noexcept { return false; }
    /// Worlds begin at 2005-03-01T00:00:00Z.
    static constexpr ns_t epoch = 1'109'635'200LL * 1'000'000'000;
    static ns_t wall_clock() noexcept { return epoch + now(); }
    static void sleep_precisely() noexcept {}   // every sleep is

    /// Burns time: others go on meanwhile.
    static void delay(ns_t ns) noexcept {
        sim_world* const w = world::current();
        if (w == nullptr) return;
        task& t = current();
        if (t.burns == nullptr) return w->burn(ns);
        // In pieces, so that it is seen what becomes of a long one.
        constexpr ns_t piece = 10'000'000;
        t.burns(t);
        for (; ns > 0; ns -= piece) w->burn(ns < piece ? ns : piece), t.burns(t);
    }

    /// See sim_world.  Context: a task.
    static void pass(ns_t until) noexcept { world::current()->pass(until); }
    static void settle() noexcept { world::current()->settle(); }
    template <class Done>
    static bool run_until(Done done, ns_t limit) {
        return world::current()->run_until(done, limit);
    }

    /// `f` hears of it whenever time has moved, until told otherwise (null), or the end of the world.  It is called between
    /// steps, and must not take one.
    static void follow_time(void (*f)(void*, bool), void* arg) noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->on_time(f, arg);
    }
    /// For whoever polls the time: others run, and it passes.
    static void poll_time() noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->poll_time();
    }
    /// Time moves without anybody's help.
    struct busy_tick {
        void start(ns_t period) noexcept { static_cast<void>(period); }
    };
    /// Whether the tick may rest: always, as nobody misses a tick who hears of every move.
    static bool begin_rest() noexcept { return true; }
    static void end_rest() noexcept {}

    // ---- threads --------------------------------------------------------------------------------------------------

    class thread {
    public:
        thread() = default;
        [[nodiscard]] bool joinable() const noexcept { return joinable_; }
        [[nodiscard]] std::int32_t pid() const noexcept { return pid_; }   // 0: none

    private:
        friend struct sim;
        std::int32_t pid_ = 0;    // 0: none.  A name: a task that was let go takes its memory with it
        std::uint64_t run_ = 0;   // a handle outlives its world; what it names does not
        bool joinable_ = false;   // false with a pid: let go
    };

    /// Return: false if there is no world, no memory for a stack, or no budget.
    static bool spawn(thread& t, int cpu, const char* comm, bool pinned, void (*fn)(void*), void* arg) noexcept {
        static_cast<void>(pinned);   // there is nothing to be pinned to
        sim_world* const w = world::current();
        if (w == nullptr || !spend_spawn() || w->fails(sim_fault::no_thread)) return false;
        const detail::sim_task* const task = w->spawn(cpu, comm, fn, arg);
        t.joinable_ = task != nullptr;
        if (!t.joinable_) return false;
        t.pid_ = task->self.pid;
        t.run_ = detail::simulation.runs;
        return true;
    }

    static void join(thread& t) noexcept { join_until(t, forever); }

    /// Joins unless `deadline` comes first; then the task is let go: it runs on, and must end before its world does.  It
    /// may be joined later all the same.
    static bool join_until(thread& t, ns_t deadline) noexcept {
        detail::sim_task* const task = task_of(t);
        const bool joined = task == nullptr || world::current()->join_until(*task, deadline);
        t.joinable_ = false;
        if (joined) t.pid_ = 0;
        return joined;
    }

    /// For tests: how many more spawns succeed; negative: all.
    static void spawn_budget(int n) noexcept { detail::simulation.spawns_left = n; }

    static void set_nice(int nice) noexcept { static_cast<void>(nice); }   // chance has no favourites

    /// Never asks the machine that we really run on: a seed means the same everywhere.
    static unsigned allowed_cpus() noexcept {
        const sim_world* const w = world::current();
        return w != nullptr ? w->options_.cpus : sim_options{}.cpus;
    }

    /// A stream of its own: who asks for a number does not change who comes next.  Without a world: always the same.
    static std::uint64_t random() noexcept {
        sim_world* const w = world::current();
        return w != nullptr ? sim_world::draw(w->numbers_) : 0x9e3779b97f4a7c15;
    }

    static std::int32_t pid() noexcept { return 1; }
    static std::int32_t thread_id() noexcept { return current().pid; }   // 1: "main", the test's own task
    static void thread_name(char (&to)[comm_len]) noexcept { std::memcpy(to, current().comm, comm_len); }

    /// Calls F(lost) at the end of the world: as its last task's last deed, or, if it was abandoned (lost), after it.
    template <void (*F)(bool)>
    static void at_exit() noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->on_end(F);
    }
    /// Nothing to do: the child of a fork() has the fibers, too.
    static void on_fork(void (*hook)()) noexcept { static_cast<void>(hook); }

    /// Real signals have no part in this engine.
    class quiet {
    public:
        quiet() noexcept {
        }   // NOLINT(modernize-use-equals-default): not trivial, so that a scope's object counts as used
        ~quiet() {}
        quiet(const quiet&) = delete;
        quiet& operator=(const quiet&) = delete;
    };

    /// A function of the user's is about to be called, or has returned.
    static void tell_of_call(bool begins, const char* what, const void* function) noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->call(begins, what, function);
    }

    // ---- interrupts -----------------------------------------------------------------------------------------------

    /// Masks the interrupts of this task.  Return: whether they were masked already, for irq_restore().
    static bool irq_save() noexcept {
        step();
        return std::exchange(current().irqs_off, 1U) != 0;
    }
    static void irq_restore(bool was) noexcept {
        if (was) return;
        step();
        task& t = current();
        t.irqs_off = 0;
        // A doorbell that came while masked has left its line pending; nobody else will look.
        if (t.port != nullptr) detail::take_pending(t, *t.port);
    }
    static bool irqs_masked() noexcept { return current().irqs_off != 0; }

    /// The end of an interrupt: f(arg) runs as if it had ended, and may be interrupted.  Context: the interrupt's entry.
    static void let_interrupts_in(void (*f)(void*), void* arg) noexcept {
        sim_world* const w = world::current();
        const bool answering = w != nullptr && std::exchange(w->running_->answering, false);
        irq_restore(false);
        f(arg);
        irq_save();
        if (w != nullptr) w->running_->answering = answering;
    }
    /// Makes `line` pending at `port`.  Only the raiser that finds the word empty rings.
    static void raise(cpu_port& port, unsigned line) noexcept {
        if (atomic_ref<std::uint64_t>(port.pending).fetch_or(std::uint64_t{1} << line, acq_rel) == 0) kick(port);
    }
    /// Whether an edge is lost on its way, where such faults are explored.
    static bool loses_edge() noexcept {
        sim_world* const w = world::current();
        return w != nullptr && w->fails(sim_fault::lost_edge);
    }
    static void let_pending_go_first(cpu_port&) noexcept {}   // who goes first is the seed's to say
    static void kick(cpu_port& port) noexcept {
        const std::int32_t tid = atomic_ref<std::int32_t>(port.thread).load(acquire);
        if (sim_world* const w = world::current(); w != nullptr && tid != 0) w->ring(tid);
    }

    /// From now on this task takes the doorbells of `port`.  Context: process, on the task itself.
    static void attach(cpu_port& port) noexcept {
        current().port = &port;
        atomic_ref<std::int32_t>(port.thread).store(thread_id(), release);
        // A line raised before there was anybody to ring at is pending still.
        if (atomic_ref<std::uint64_t>(port.pending).fetch_or(0, acq_rel) != 0) detail::answer(current());
    }
    static void detach(cpu_port& port) noexcept {
        atomic_ref<std::int32_t>(port.thread).store(0, release);
        current().port = nullptr;
    }

    static bool install_doorbell() noexcept { return true; }
    static std::uint64_t spurious_doorbells() noexcept { return detail::simulation.spurious; }

    /// File descriptors, timers of the system and signals belong to the real world.
    static int watch_fd(int fd, cpu_port& port, unsigned line) noexcept {
        return static_cast<void>(fd), static_cast<void>(port), static_cast<void>(line), -EOPNOTSUPP;
    }
    static void unwatch_fd(int fd) noexcept { static_cast<void>(fd); }
    static int watch_timer(cpu_port& port, unsigned line, ns_t first, ns_t period) noexcept {
        static_cast<void>(port), static_cast<void>(line), static_cast<void>(first), static_cast<void>(period);
        return -EOPNOTSUPP;
    }
    static void unwatch_timer(const cpu_port* ports, unsigned n, unsigned line) noexcept {
        static_cast<void>(ports), static_cast<void>(n), static_cast<void>(line);
    }
    static irq_timer_counts timer_counts(const cpu_port* ports, unsigned n, unsigned line) noexcept {
        return static_cast<void>(ports), static_cast<void>(n), static_cast<void>(line), irq_timer_counts{};
    }
    static int watch_signal(int signo, cpu_port& port, unsigned line, irq_sender from) noexcept {
        static_cast<void>(signo), static_cast<void>(port), static_cast<void>(line), static_cast<void>(from);
        return -EOPNOTSUPP;
    }
    static void unwatch_signal(int signo) noexcept { static_cast<void>(signo); }
    static std::uint64_t refused_signals() noexcept { return 0; }
    static void move_sources(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept {
        static_cast<void>(ports), static_cast<void>(n), static_cast<void>(line), static_cast<void>(to);
    }
    static void unwatch_ports(const cpu_port* ports, unsigned n) noexcept {
        static_cast<void>(ports), static_cast<void>(n);
    }
    static std::uint64_t signal_overflows() noexcept { return 0; }

    static int doorbell_signal() noexcept { return 0; }   // none
    static int fd_signal() noexcept { return 0; }

private:
    static bool spend_spawn() noexcept {
        int& left = detail::simulation.spawns_left;
        if (left == 0) return false;
        if (left > 0) --left;
        return true;
    }
    /// What `t` names; null if it is not there any more: handles may outlive their run.
    static detail::sim_task* task_of(const thread& t) noexcept {
        if (t.pid_ == 0 || world::current() == nullptr || t.run_ != detail::simulation.runs) return nullptr;
        return world::current()->find(t.pid_);
    }
};

/// A locked instruction, or a fence.
template <class T>
void sim_atomic_ref<T>::land() noexcept {
    if (detail::simulation.buffers_stores) [[unlikely]]
        sim_world::current()->land_stores();
}
template <class T>
T sim_atomic_ref<T>::as_seen_here(T& now) const noexcept {
    const void* const late =
        sim_world::current()->held_back(address(), sizeof(T));   // NOLINT(bugprone-sizeof-expression)
    if (late == nullptr) return now;
    T value;
    std::memcpy(static_cast<void*>(&value), late, sizeof(T));   // NOLINT(bugprone-sizeof-expression)
    return value;
}
/// A sequentially consistent one is a locked instruction.
template <class T>
bool sim_atomic_ref<T>::is_late(T& value, order o) const noexcept {
    sim_world& w = *sim_world::current();
    if (o == seq_cst) return w.land_stores(), false;
    return w.holds_back(address(), static_cast<void*>(&value), sizeof(T));   // NOLINT(bugprone-sizeof-expression)
}
template <class T>
T& sim_atomic_ref<T>::at() const noexcept {
    sim::step();
    if (sim_memory* const m = detail::simulation.memory; m != nullptr) m->touch(address());
    return *p_;
}

}   // namespace bottomhalf::arch
