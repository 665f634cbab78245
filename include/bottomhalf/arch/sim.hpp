// SPDX-License-Identifier: MIT
// sim.hpp: engine 2.  Fibers on one OS thread, virtual time, and an order of events that a seed decides and repeats.
//
//   using machine = bottomhalf::basic_machine<bottomhalf::arch::sim>;
//   bottomhalf::arch::sim::world world{{.seed = 7}};
//   world.run([] { machine m{{.cpus = 4}}; ... });
//
// The same interface as threads.hpp, member for member.  What a step is: each access through atomic_ref, each park(),
// unpark(), relax() and spawn(), each doorbell, both edges of the interrupt mask.  The step comes first and then the
// deed, so whatever is not a step belongs to the deed before it.  Memory orders are accepted and mean nothing: here
// everything is sequentially consistent.
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
#include <bottomhalf/arch/sim_world.hpp>

namespace bottomhalf::arch {

/// std::atomic_ref on the simulator: a step, then the plain access.  Nobody else runs in between.
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
    T load(order = seq_cst) const noexcept { return at(); }
    operator T() const noexcept { return at(); }   // NOLINT(google-explicit-constructor): as std::atomic_ref has it
    void store(T value, order = seq_cst) const noexcept { at() = value; }
    T operator=(T value) const noexcept {   // NOLINT(misc-unconventional-assign-operator): likewise
        return at() = value;
    }
    T exchange(T value, order = seq_cst) const noexcept { return std::exchange(at(), value); }

    bool compare_exchange_strong(T& expected, T desired, order = seq_cst) const noexcept {
        T& now = at();
        if (std::memcmp(&now, &expected, sizeof(T)) == 0) return now = desired, true;   // bits, not values: as std's
        expected = now;
        return false;
    }
    bool compare_exchange_strong(T& expected, T desired, order, order) const noexcept {
        return compare_exchange_strong(expected, desired);
    }
    /// Never fails spuriously: a loop that could not bear that is not found here.
    bool compare_exchange_weak(T& expected, T desired, order = seq_cst) const noexcept {
        return compare_exchange_strong(expected, desired);
    }
    bool compare_exchange_weak(T& expected, T desired, order, order) const noexcept {
        return compare_exchange_strong(expected, desired);
    }

    T fetch_add(difference_type n, order = seq_cst) const noexcept requires(integral || std::is_pointer_v<T>) {
        return update([n](T old) {
            if constexpr (std::is_pointer_v<T>)
                return old + n;
            else
                return static_cast<void>(__builtin_add_overflow(old, n, &old)), old;   // wraps, signed or not
        });
    }
    T fetch_sub(difference_type n, order = seq_cst) const noexcept requires(integral || std::is_pointer_v<T>) {
        return update([n](T old) {
            if constexpr (std::is_pointer_v<T>)
                return old - n;
            else
                return static_cast<void>(__builtin_sub_overflow(old, n, &old)), old;
        });
    }
    T fetch_or(T bits, order = seq_cst) const noexcept requires integral {
        return update([bits](T old) { return static_cast<T>(old | bits); });
    }
    T fetch_and(T bits, order = seq_cst) const noexcept requires integral {
        return update([bits](T old) { return static_cast<T>(old & bits); });
    }
    T fetch_xor(T bits, order = seq_cst) const noexcept requires integral {
        return update([bits](T old) { return static_cast<T>(old ^ bits); });
    }

private:
    T* p_;

    [[nodiscard]] T& at() const noexcept;
    template <class F>
    T update(F f) const noexcept {
        T& now = at();
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

    static void fence(std::memory_order order) noexcept {
        static_cast<void>(order);
        step();
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
    static void relax(unsigned round) noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->relax(round);
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
    /// Worlds begin at 2005-03-01T00:00:00Z.
    static constexpr ns_t epoch = 1'109'635'200LL * 1'000'000'000;
    static ns_t wall_clock() noexcept { return epoch + now(); }
    static void sleep_precisely() noexcept {}   // every sleep is

    /// Burns time: others go on meanwhile.
    static void delay(ns_t ns) noexcept {
        if (sim_world* const w = world::current(); w != nullptr) w->pass(w->now() + ns, "a delay");
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
        if (w == nullptr || !spend_spawn()) return false;
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

    /// Never asks the machine that we really run on: a seed means the same everywhere.
    static unsigned allowed_cpus() noexcept {
        const sim_world* const w = world::current();
        return w != nullptr ? w->options_.cpus : sim_options{}.cpus;
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

    /// Makes `line` pending at `port`.  Only the raiser that finds the word empty rings.
    static void raise(cpu_port& port, unsigned line) noexcept {
        if (atomic_ref<std::uint64_t>(port.pending).fetch_or(std::uint64_t{1} << line, acq_rel) == 0) kick(port);
    }
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

    /// File descriptors belong to the real world.
    static int watch_fd(int fd, cpu_port& port, unsigned line) noexcept {
        return static_cast<void>(fd), static_cast<void>(port), static_cast<void>(line), -EOPNOTSUPP;
    }
    static void unwatch_fd(int fd) noexcept { static_cast<void>(fd); }
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

template <class T>
T& sim_atomic_ref<T>::at() const noexcept {
    sim::step();
    return *p_;
}

}   // namespace bottomhalf::arch
