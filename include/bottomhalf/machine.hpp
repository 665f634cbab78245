// SPDX-License-Identifier: MIT
// machine.hpp: CPUs, clock, queues and interrupt lines as one object that boots and shuts down.
//
//   bottomhalf::machine m{{.cpus = 4}};      // boots here, drains and joins at the end of the scope
//   bottomhalf::default_machine()            // the one that the facades use
//
// Several may live in one process.  The default machine is constant-initialised and never destroyed; its threads start at
// the first use and stop at exit (on the simulator: at its world's end), when it says what it has dropped.  A use after
// that, in a static destructor, starts them again.  Starting threads is not async-signal-safe: a program whose very first call comes from a signal handler of
// its own calls boot() before.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include <bottomhalf/context.hpp>
#include <bottomhalf/irq.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/timekeeper.hpp>
#include <bottomhalf/worker_pool.hpp>
#include <bottomhalf/workqueue.hpp>

namespace bottomhalf {

inline constexpr unsigned max_cpus = 1024;

struct machine_options {
    unsigned cpus = 0;   // emulated CPUs; 0: BOTTOMHALF_CPUS from the environment, else what the process may run on
    std::optional<timer_precision> timers = {};   // none: BOTTOMHALF_TIMERS (exact, v2_6 or v6), else exact
};

enum class queue_kind : unsigned char {
    per_cpu,         // one thread per CPU, its own: the 2.6 work queue
    single_thread,   // one thread, its own
    bound,           // on the machine's per-CPU pools, concurrency managed
    unbound          // on the machine's unbound pool; with max_active 1, an ordered queue
};

template <class Arch>
class basic_machine {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    using wq_t = basic_workqueue_struct<Arch>;
    using pool_t = worker_pool<Arch>;
    using ops = workqueue_ops<Arch>;

    /// The default machine only: boots at first use.
    constexpr basic_machine() noexcept = default;
    constexpr ~basic_machine() = default;
    basic_machine(const basic_machine&) = delete;
    basic_machine& operator=(const basic_machine&) = delete;

    // ---- life -----------------------------------------------------------------------------------------------------

    /// Starts the clock.  Queues start their threads as they are created.
    /// Context: process.  Return: false if a thread or memory could not be had, or in the child of a fork().
    bool boot(location at, machine_options o = {}) noexcept {
        if (ops::forked("boot", at)) return false;
        if (!is_up() && is_ending()) {
            if (atomic<std::uint32_t>(told_of_end_).exchange(1, relaxed) == 0)   // relaxed: once
                detail::say(channel::advice, severity::warn, "boot", at,
                            "the program is ending: nothing starts again but in what exit() itself still runs");
            return false;
        }
        typename Arch::quiet
            no_signals;   // a handler that needs the machine must not find us half way, on its own thread
        atomic<std::uint32_t> state(state_);
        // First of all: a child that is forked while we boot must know that it is one.
        if (atomic<std::uint32_t>(fork_hooked_).exchange(1, acq_rel) == 0) Arch::on_fork(&ops::now_in_child);
        std::uint32_t s = state.load(acquire);   // [machine.state]
        while (true) {
            if (s == up) return true;
            if (s == down && state.compare_exchange_strong(s, booting, acq_rel, acquire)) break;
            if (s == booting) {
                Arch::park(state_, booting, arch::forever, "the machine to boot");
                s = state.load(acquire);
            }
        }
        const bool ok = start(o);
        if (ok) arrange_exit();
        state.store(ok ? up : down, release);   // [machine.state]
        Arch::unpark(state_, everybody);
        return ok;
    }
    [[nodiscard]] bool is_up() noexcept {
        return atomic<std::uint32_t>(state_).load(acquire) == up && !ops::in_child();   // [machine.state]
    }

    /// Ends everything.  `orderly`: queues are drained, as a machine that goes out of scope does; otherwise, at exit, what
    /// waits is dropped, and a handler that does not return within `patience` is left behind.  Both say what they found.
    void shut_down(bool orderly, location at) noexcept {
        if (!is_up()) return;   // nor has a forked child anything to end
        irqs_.shut_down(at);
        const arch::ns_t deadline = orderly ? arch::forever : Arch::now() + patience;
        if (orderly)
            for (wq_t* q = first_queue(); q != nullptr; q = q->next) ops::drain_workqueue(q, "destroy_workqueue", at);
        if (!time_->stop(deadline))
            detail::say(channel::advice, severity::warn, "machine", at,
                        "at exit: a timer's function was still running");
        while (wq_t* q = first_queue()) {
            if (orderly && (q->flags & wq_flag::system) == 0)
                detail::say(channel::advice, severity::warn, "machine", at,
                            "queue %s is still there at the machine's end", q->name);
            q->state().fetch_or(wq_flag::dead, acq_rel);
            unhook(*q);
            end_pools(*q, orderly, deadline, at);
            if (!orderly && !Arch::simulated) {   // other threads are at work still, and our clock stays
                detail::queue_memory<Arch>::keep(q);
                continue;
            }
            atomic<basic_machine*>(q->machine).store(nullptr, release);
            detail::queue_memory<Arch>::put(q);
        }
        time_->disarm_all([&](timer_node& t, std::uint32_t flags) {
            if ((flags & timer_of_work) != 0)
                t.function(&t);   // its queue is dead: it says so, and is idle
            else
                detail::say(channel::advice, severity::warn, "machine", at,
                            "timer %p is still armed at the machine's end", static_cast<void*>(&t));
        });
        for (unsigned i = 0; i <= nr_cpus_; ++i)
            if (pools_ != nullptr && pools_[i] != nullptr)
                end_pool(*pools_[i], orderly, deadline, "a shared pool", at), pools_[i] = nullptr;
        atomic<wq_t*>(events_).store(nullptr, release);
        atomic<std::uint32_t>(state_).store(down, release);
        if (orderly || Arch::simulated) {
            atomic<basic_machine*>(gone_->machine).store(nullptr, release);
            detail::queue_memory<Arch>::put(gone_);
            gone_ = nullptr;
            free_parts();
        }
    }

    // ---- virtual time ---------------------------------------------------------------------------------------------
    // Of a machine on the simulator.  In a world whose time is told (arch::sim_time::when_told) its jiffies move while the
    // body waits, here or elsewhere, and by what delays cost.  Context: a task of that world, not a handler of the machine.

    /// `n` whole ticks pass, and all that is due by then happens, each at its time, with all that follows from it.
    void advance(jiffies_t n) noexcept requires(Arch::simulated) {
        if (!boot(location::current())) return;   // the default machine's first use
        const tick_clock& clock = time().clock();
        Arch::pass(clock.when(clock.after(Arch::now(), n)));
        run_until_idle();
    }
    /// Everybody runs until nobody can.
    void run_until_idle() noexcept requires(Arch::simulated) { Arch::settle(); }
    /// Everybody runs, and time jumps from event to event, until `done()`; asked at each turn of the caller.
    /// Return: false if that was not so within `limit` ticks, or nothing will ever happen again.
    template <class Done>
    bool run_until(Done done, jiffies_t limit = max_jiffy_offset) requires(Arch::simulated) {
        if (!boot(location::current())) return false;
        const tick_clock& clock = time().clock();
        return Arch::run_until(done, clock.when(clock.after(Arch::now(), limit)));
    }

    // ---- parts ----------------------------------------------------------------------------------------------------

    [[nodiscard]] unsigned nr_cpus() const noexcept { return nr_cpus_; }
    [[nodiscard]] timekeeper<Arch>& time() noexcept { return *time_; }
    [[nodiscard]] irq_controller<Arch>& irqs() noexcept { return irqs_; }
    [[nodiscard]] arch::cpu_port& port(unsigned cpu) noexcept { return ports_[cpu < nr_cpus_ ? cpu : 0]; }

    /// keventd's queue, "events": one thread events/N per CPU, which is also the thread that takes the CPU's interrupts.
    /// Boots the machine.  Context: process the first time, any from then on.  Return: null if that failed.
    wq_t* events(location at) noexcept {
        if (wq_t* q = atomic<wq_t*>(events_).load(acquire)) [[likely]]   // [machine.events]
            return q;
        return start_events(at);
    }
    /// The same without booting: null before the first use.
    [[nodiscard]] wq_t* events_if_up() noexcept { return atomic<wq_t*>(events_).load(acquire); }

    // ---- queues ---------------------------------------------------------------------------------------------------

    /// Context: process; allocates, starts threads.  Return: null if a thread or memory could not be had; nothing is left
    /// behind then.
    wq_t* create_queue(const char* name, queue_kind kind, int max_active, const void* tag, location at) noexcept {
        if (name == nullptr || *name == '\0') {
            detail::say(channel::kernel, severity::warn, "alloc_workqueue", at, "a work queue needs a name");
            return nullptr;
        }
        if (!context<Arch>::might_sleep("alloc_workqueue", at) || !boot(at)) return nullptr;
        return create(name, kind, max_active, tag, false);
    }
    /// Runs what is queued, then ends the queue.  Context: process, not one of its handlers (reported; it stays then).
    /// Return: false if nothing was done.
    bool destroy_queue(wq_t* q, location at) noexcept {
        if (ops::in_child()) return false;   // its threads are the parent's
        if (q == nullptr || (q->state().load(relaxed) & wq_flag::dead) != 0) {
            detail::say(channel::advice, severity::bug, "destroy_workqueue", at,
                        q == nullptr ? "no work queue" : "the queue has been destroyed already");
            return false;
        }
        if ((q->state().load(relaxed) & wq_flag::system) != 0) {
            detail::say(channel::advice, severity::bug, "destroy_workqueue", at, "%s belongs to the machine", q->name);
            return false;
        }
        if (!context<Arch>::might_sleep("destroy_workqueue", at)) return false;
        if (ops::running_of(pool_t::current_worker(), *q) != nullptr) {
            ops::drain_workqueue(q, "destroy_workqueue", at);   // says why not
            return false;
        }
        q->state().fetch_or(wq_flag::destroying, acq_rel);
        // A delayed item may be on its timer still; what becomes of it is not to depend on who has this header next.
        unsigned armed = 0;
        std::uint32_t before;
        do {
            if (!ops::drain_workqueue(q, "destroy_workqueue", at)) return false;
            before = ops::admissions(*q);
            armed += forsake_armed(*q);
            time_->let_function_end();   // which may be about to queue one
        } while (!ops::is_drained(*q) || ops::admissions(*q) != before);
        if (armed != 0)
            detail::say(channel::advice, severity::warn, "destroy_workqueue", at,
                        "%u delayed work item(s) of %s are still armed; they will not be queued", armed, q->name);
        q->state().fetch_or(wq_flag::dead, acq_rel);
        unhook(*q);
        end_pools(*q, true, arch::forever, at);
        detail::queue_memory<Arch>::put(q);
        return true;
    }
    /// f(const char* queue, work_item&, const char* where) for each item that is "pending" or "running".  Context: process.
    /// Of a running item only the address is known: its handler may have freed it.
    template <class F>
    void for_each_work(F f) noexcept {
        detail::irq_lock<Arch> g(lock_);
        for (wq_t* q = queues_; q != nullptr; q = q->next)
            for (unsigned i = 0; i < q->nr_links; ++i) {
                pool_t& p = *q->link(i).pool;
                detail::irq_lock<Arch> h(p.lock);
                p.settle();
                p.for_each_pending([&](work_item& each) {
                    if (pool_t::link_of(each)->wq == q) f(q->name, each, "pending");
                });
                detail::list& waiting = q->link(i).inactive;
                for (detail::link* l = waiting.front(); l != waiting.end(); l = l->next)
                    f(q->name, *detail::item_of(l), "pending");
                p.for_each_running([&](worker<Arch>&, running_item<Arch>& r) {
                    if (r.pwq->wq == q) f(q->name, *r.item, "running");
                });
            }
    }

    /// How many CPUs a machine has that is not told: the environment's BOTTOMHALF_CPUS, else what the process may run on.
    static unsigned default_cpus() noexcept {
        const char* env = std::getenv("BOTTOMHALF_CPUS");
        const unsigned long n = env != nullptr ? std::strtoul(env, nullptr, 10) : 0;
        return n > max_cpus ? max_cpus : n > 0 ? static_cast<unsigned>(n) : Arch::allowed_cpus();
    }

    static timer_precision default_timers() noexcept {
        const char* env = std::getenv("BOTTOMHALF_TIMERS");
        if (env == nullptr || std::strcmp(env, "exact") == 0 || *env == '\0') return timer_precision::exact;
        if (std::strcmp(env, "v6") == 0) return timer_precision::v6;
        if (std::strcmp(env, "v2_6") == 0) return timer_precision::v2_6;
        detail::say(channel::advice, severity::warn, "boot", location::current(),
                    "BOTTOMHALF_TIMERS=%s is none of exact, v2_6 and v6; timers are exact", env);
        return timer_precision::exact;
    }

    static constexpr arch::ns_t patience = 1'000'000'000;   // for handlers at exit

private:
    enum : std::uint32_t { down, booting, up };

    bool start(const machine_options& o) noexcept {
        unsigned n = o.cpus != 0 ? o.cpus : default_cpus();
        if (n > max_cpus) n = max_cpus;
        const bool first =
            ports_ == nullptr;   // after a stop at exit they are still there, and somebody may hold on to them
        if (first) {
            ports_ = new (std::nothrow) arch::cpu_port[n];
            pools_ = new (std::nothrow) pool_t* [n + 1] {};
            time_ = new (std::nothrow) timekeeper<Arch>(o.timers.value_or(default_timers()));
            gone_ = detail::queue_memory<Arch>::get(1);
            nr_cpus_ = n;
        }
        if (ports_ == nullptr || pools_ == nullptr || time_ == nullptr || gone_ == nullptr ||
            !time_->start("timekeeper")) {
            if (!first) return false;
            if (gone_ != nullptr) detail::queue_memory<Arch>::put(gone_), gone_ = nullptr;
            free_parts();
            return false;
        }
        std::snprintf(gone_->name, sizeof gone_->name, "%s", "(gone)");
        atomic<basic_machine*>(gone_->machine).store(this, release);
        for (unsigned i = 0; i < nr_cpus_; ++i) {
            ports_[i].cpu = i;
            ports_[i].owner = &irqs_;
            ports_[i].enter = &irq_controller<Arch>::enter;
        }
        irqs_.start(ports_, nr_cpus_);
        return true;
    }

    /// Nobody is left who could use them, or let go of a lock.  relaxed, throughout: alone.
    void lose_parts() noexcept BOTTOMHALF_NO_TSA {
        if (time_ != nullptr)
            time_->lose([](timer_node& t, std::uint32_t flags) {
                if ((flags & timer_of_work) != 0) detail::data_of<Arch>(detail::delayed_of(t).work).store(0, relaxed);
            });
        while (wq_t* q = queues_) {
            queues_ = q->next;
            const bool own_pools = (q->flags & wq_flag::dedicated) != 0;
            q->state().store(wq_flag::dead, relaxed);
            for (unsigned i = 0; i < q->nr_links; ++i) {
                pool_workqueue<Arch>& link = q->link(i);
                while (!link.inactive.empty())
                    detail::data_of<Arch>(*detail::item_of(link.inactive.pop_front())).store(0, relaxed);
            }
            if (own_pools)
                for (unsigned i = 0; i < q->nr_links; ++i) q->link(i).pool->lose();
            detail::queue_memory<Arch>::lose(q);
        }
        for (unsigned i = 0; i <= nr_cpus_; ++i)
            if (pools_ != nullptr && pools_[i] != nullptr) pools_[i]->lose();
        if (gone_ != nullptr) detail::queue_memory<Arch>::lose(gone_);
        free_parts();
    }
    void free_parts() noexcept {
        delete time_;
        delete[] ports_;
        delete[] pools_;
        time_ = nullptr, ports_ = nullptr, pools_ = nullptr;
    }

    wq_t* start_events(location at) noexcept {
        if (!boot(at)) return nullptr;
        typename Arch::quiet no_signals;
        atomic<std::uint32_t> busy(events_busy_);
        for (unsigned round = 0; busy.exchange(1, acquire) != 0; ++round) Arch::relax(round);
        wq_t* q = atomic<wq_t*>(events_).load(acquire);
        if (q == nullptr) {
            q = create("events", queue_kind::per_cpu, max_items, nullptr, true);
            if (q == nullptr)
                detail::say(channel::advice, severity::bug, "init_workqueues", at, "no threads for the default queue");
            atomic<wq_t*>(events_).store(q, release);   // [machine.events]
        }
        busy.store(0, release);
        return q;
    }

    /// Whether exit() is past our end of the default machine, and the caller is another thread than the one in exit(): one
    /// that goes on queueing would start everything again, as often as it is ended.
    [[nodiscard]] bool is_ending() noexcept;
    /// The default machine only; works also while exit() is under way, for a use in a static destructor.
    void arrange_exit() noexcept;
    static void end_default(bool lost) noexcept;

    static constexpr int max_items = 0x7fffffff;

    wq_t* create(const char* name, queue_kind kind, int max_active, const void* tag, bool system) noexcept {
        const bool one = kind == queue_kind::single_thread || kind == queue_kind::unbound || nr_cpus_ == 1;
        const bool own = kind == queue_kind::per_cpu || kind == queue_kind::single_thread;
        const unsigned n = one ? 1 : nr_cpus_;
        wq_t* q = detail::queue_memory<Arch>::get(n);
        if (q == nullptr) return nullptr;
        q->nr_links = n;
        q->nr_cpus = nr_cpus_;
        atomic<basic_machine*>(q->machine).store(this, release);   // [delayed.wq]
        q->tag = tag;
        q->max_active = own ? max_items : max_active;
        std::snprintf(q->name, sizeof q->name, "%s", name);
        unsigned done = 0;
        for (; done < n; ++done) {
            pool_t* p = own ? own_pool(name, kind == queue_kind::single_thread ? -1 : static_cast<int>(done), system)
                            : shared_pool(kind == queue_kind::unbound ? nr_cpus_ : done);
            if (p == nullptr) break;
            pool_workqueue<Arch>& link = q->link(done);
            atomic<pool_t*>(link.pool).store(p, release);
            link.wq = q;
            q->pools[done] = p;
        }
        if (done < n) {
            while (own && done-- > 0) q->link(done).pool->retire();
            detail::queue_memory<Arch>::put(q);
            return nullptr;
        }
        q->state().store((own ? wq_flag::dedicated : 0) | (one ? wq_flag::single : 0) | (system ? wq_flag::system : 0),
                         release);
        detail::irq_lock<Arch> g(lock_);
        q->next = queues_;
        queues_ = q;
        return q;
    }
    pool_t* own_pool(const char* name, int cpu, bool takes_irqs) noexcept {
        pool_t* p = pool_t::create(pool_kind::dedicated, cpu, name, takes_irqs ? &ports_[cpu] : nullptr);
        if (p == nullptr) return nullptr;
        if (p->add_worker()) return p;
        p->retire();
        return nullptr;
    }
    /// The machine's own pools, started when the first queue needs them: one per CPU, and the unbound one behind them.
    pool_t* shared_pool(unsigned i) noexcept {
        atomic<std::uint32_t> busy(pools_busy_);
        for (unsigned round = 0; busy.exchange(1, acquire) != 0; ++round) Arch::relax(round);
        if (pools_[i] == nullptr) {
            const bool unbound = i == nr_cpus_;
            pool_t* p = pool_t::create(unbound ? pool_kind::unbound : pool_kind::bound,
                                       unbound ? -1 : static_cast<int>(i), unbound ? "unbound" : "events");
            if (p != nullptr && !p->add_worker()) p->retire(), p = nullptr;
            pools_[i] = p;
        }
        pool_t* p = pools_[i];
        busy.store(0, release);
        return p;
    }
    wq_t* first_queue() noexcept {
        detail::irq_lock<Arch> g(lock_);
        return queues_;
    }
    void unhook(wq_t& q) noexcept {
        detail::irq_lock<Arch> g(lock_);
        for (wq_t** at = &queues_; *at != nullptr; at = &(*at)->next)
            if (*at == &q) {
                *at = q.next;
                break;
            }
        q.next = nullptr;
    }
    void end_pools(wq_t& q, bool orderly, arch::ns_t deadline, location at) noexcept {
        if (!orderly) ops::set_max_active(q, max_items);   // so that all that waits comes out
        if ((q.flags & wq_flag::dedicated) == 0) return;
        for (unsigned i = 0; i < q.nr_links; ++i) end_pool(*q.link(i).pool, orderly, deadline, q.name, at);
    }
    static void end_pool(pool_t& p, bool orderly, arch::ns_t deadline, const char* name, location at) noexcept {
        if (orderly) return p.retire();
        p.abandon(deadline, [&](void* func, const char* what) {
            detail::say(channel::advice, severity::warn, "machine", at, "at exit: work of %s was %s: handler %p", name,
                        what, func);
        });
    }
    /// From now on the delayed items of `q` that are on their timers belong to a queue that is gone for good.
    /// Return: how many there were.
    unsigned forsake_armed(wq_t& q) noexcept {
        unsigned n = 0;
        time_->for_each([&](timer_node& t) {
            if ((atomic<std::uint32_t>(t.flags).load(relaxed) & timer_of_work) == 0) return;   // relaxed: never changes
            atomic<void*> wq(detail::delayed_of(t).wq);
            if (wq.load(relaxed) != &q) return;   // relaxed: written before it was armed
            wq.store(gone_, release);             // [delayed.wq]
            ++n;
        });
        return n;
    }

    std::uint32_t state_ = down;         // A [machine.state]
    std::uint32_t events_busy_ = 0;      // A: one thread creates the default queue
    std::uint32_t pools_busy_ = 0;       // A: one thread creates a shared pool
    unsigned nr_cpus_ = 0;               // I
    wq_t* events_ = nullptr;             // A [machine.events]
    arch::cpu_port* ports_ = nullptr;    // I
    pool_t** pools_ = nullptr;           // I: bound pools by CPU, then the unbound one
    timekeeper<Arch>* time_ = nullptr;   // I
    wq_t* gone_ = nullptr;               // I: a dead queue, that of delayed items whose own has ended before their time
    detail::spinlock<Arch> lock_;
    wq_t* queues_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    irq_controller<Arch> irqs_;

    BOTTOMHALF_STATE static inline constinit std::uint32_t fork_hooked_ = 0;   // A
    BOTTOMHALF_STATE static inline constinit std::uint32_t told_of_end_ = 0;   // A
};

namespace detail {
template <class Arch>
struct default_machine_of {
    BOTTOMHALF_STATE static inline constinit basic_machine<Arch> machine{};
    BOTTOMHALF_STATE static inline constinit std::uint32_t at_exit = 0;   // A: whether the stop at exit is arranged
    BOTTOMHALF_STATE static inline constinit std::int32_t in_exit = 0;    // A: the thread in exit(), 0: nobody yet
};
}   // namespace detail

/// The machine of those who do not make one.  Constant-initialised, never destroyed; boots at the first use.
template <class Arch>
[[nodiscard]] basic_machine<Arch>& default_machine_of() noexcept {
    return detail::default_machine_of<Arch>::machine;
}

// Implementation

template <class Arch>
void basic_machine<Arch>::arrange_exit() noexcept {
    using the = detail::default_machine_of<Arch>;
    if (this != &the::machine || atomic<std::uint32_t>(the::at_exit).exchange(1, acq_rel) != 0) return;
    Arch::template at_exit<&end_default>();
}
/// `lost`: the world that it was part of was abandoned, with all its tasks.  The next one begins with a machine that has
/// not booted yet.
template <class Arch>
void basic_machine<Arch>::end_default(bool lost) noexcept {
    using the = detail::default_machine_of<Arch>;
    atomic<std::uint32_t>(the::at_exit).store(0, release);
    if constexpr (!Arch::simulated) atomic<std::int32_t>(the::in_exit).store(Arch::thread_id(), release);
    if (!lost) the::machine.shut_down(false, location::current());
    if constexpr (Arch::simulated) {
        if (lost) the::machine.lose_parts();
        std::construct_at(&the::machine);   // its destructor does nothing
    }
}

template <class Arch>
bool basic_machine<Arch>::is_ending() noexcept {
    using the = detail::default_machine_of<Arch>;
    const std::int32_t who = atomic<std::int32_t>(the::in_exit).load(acquire);
    return who != 0 && who != Arch::thread_id() && this == &the::machine;
}

}   // namespace bottomhalf
