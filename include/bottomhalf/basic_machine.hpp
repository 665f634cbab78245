// SPDX-License-Identifier: MIT
// basic_machine.hpp: a machine's CPUs, clock, queues and interrupt lines, their begin and their end.  See machine.hpp, which
// has the default one, and is what one includes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <new>

#include <bottomhalf/context.hpp>
#include <bottomhalf/irq.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/machine_companion.hpp>
#include <bottomhalf/machine_options.hpp>
#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/rescuer.hpp>
#include <bottomhalf/shared_pools.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/tasklet.hpp>
#include <bottomhalf/timekeeper.hpp>
#include <bottomhalf/workqueue.hpp>
#include <bottomhalf/workqueue_watchdog.hpp>

namespace bottomhalf {

inline constexpr unsigned max_cpus = max_timer_bases;

enum class queue_kind : unsigned char {
    per_cpu,         // one thread per CPU, its own: the 2.6 work queue
    single_thread,   // one thread, its own
    bound,           // on the machine's per-CPU pools, concurrency managed
    unbound,         // on the machine's unbound pool; with max_active 1, an ordered queue
    bh               // on the machine's per-CPU softirqs: what tasklets are for, with the interface of work
};
inline constexpr int default_active = 256;   // the kernel's WQ_DFL_ACTIVE

template <class Arch>
class basic_machine {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    using arch_type = Arch;
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
        irqs_.shut_down(at, orderly ? arch::forever : Arch::now() + patience);
        do_what_is_called_for();   // nobody calls any more; and whoever does it just now is done
        const arch::ns_t deadline = orderly ? arch::forever : Arch::now() + patience;
        companions_.stop(deadline, at);
        if (orderly)
            for (wq_t* q = first_queue(); q != nullptr; q = q->next) ops::drain_workqueue(q, "destroy_workqueue", at);
        if (!time_->stop(deadline))
            detail::say(channel::advice, severity::warn, "machine", at,
                        "at exit: a timer's function was still running");
        if (softirqs_.stop(deadline))
            drop_tasklets([&](const tasklet_node& t) {
                detail::say(channel::advice, severity::warn, "machine", at,
                            "tasklet %p is still scheduled at the machine's end: function %p",
                            static_cast<const void*>(&t), tasklet_ops<Arch>::function_of(t));
            });
        else
            detail::say(channel::advice, severity::warn, "machine", at, "at exit: a softirq was still running");
        while (wq_t* q = first_queue()) {
            if (orderly && !q->is(wq_flag::system))
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
        pools_.end([&](pool_t& p) { end_pool(p, orderly, deadline, "a shared pool", at); });
        companions_.stop(deadline, at);   // a handler may have started one again meanwhile
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
    /// max_jiffy_offset is for ever: until nothing will happen any more, which is when jiffies stay.  So does more than the
    /// clock can tell, which is reported.
    void advance(jiffies_t n, location at = location::current()) noexcept requires(Arch::simulated) {
        if (!boot(at)) return;   // the default machine's first use
        const tick_clock& clock = time().clock();
        const arch::ns_t until = clock.when(clock.after(Arch::now(), n));
        constexpr arch::ns_t end = arch::forever / 2;   // what is armed until then may reach beyond
        if (until <= end) {
            Arch::pass(until);
            return run_until_idle();
        }
        if (n < max_jiffy_offset)
            detail::say(
                channel::advice, severity::warn, "advance", at,
                "the simulated clock ends %lld days after its beginning: not %lu ticks pass, but all that is needed",
                static_cast<long long>(end / 86'400'000'000'000), n);
        Arch::run_until([] { return false; }, end);
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
    [[nodiscard]] softirq_controller<Arch>& softirqs() noexcept { return softirqs_; }
    [[nodiscard]] arch::cpu_port& port(unsigned cpu) noexcept { return ports_[cpu < nr_cpus_ ? cpu : 0]; }

    /// keventd's queue, "events": one thread events/N per CPU, which is also the thread that takes the CPU's interrupts.
    /// Boots the machine.  Context: process the first time, any from then on.  Return: null if that failed.
    wq_t* events(location at) noexcept {
        if (wq_t* q = atomic<wq_t*>(events_).load(acquire)) [[likely]]   // [machine.events]
            return q;
        return start_events(at);
    }
    /// The same where one may not sleep: if it is not there, it will be soon.  Of a machine that is up.
    /// Context: any, async-signal-safe.
    void ask_for_events() noexcept {
        if (events_if_up() != nullptr) return;
        atomic<std::uint32_t>(events_wanted_).store(1, release);   // [machine.events]
        time_->ask();
    }
    /// The same without booting: null before the first use.
    [[nodiscard]] wq_t* events_if_up() noexcept { return atomic<wq_t*>(events_).load(acquire); }

    /// From now on it ends with this machine, once.
    void accompany(machine_companion& c) noexcept { companions_.add(c); }
    /// Has each of them say what is left.  They live as long as the program, so nobody minds that the lock is free again.
    void report_companions(location at) noexcept { companions_.report_leftovers(at); }

    /// f(*this) on a thread of ours, soon, for what cannot be done here.  There is one such `f`.
    /// Context: any, async-signal-safe.
    void call_for(void (*f)(basic_machine&) noexcept) noexcept {
        if (!is_up()) return;
        atomic<void (*)(basic_machine&) noexcept>(called_for_).store(f, release);   // [machine.call]
        time_->ask();
    }

    // ---- queues ---------------------------------------------------------------------------------------------------

    /// Context: process; allocates, starts threads.  Return: null if a thread or memory could not be had; nothing is left
    /// behind then.
    /// `max_active`: of bound and unbound ones, 0 being the default; the others have no limit.  `wanted`: of wq_flag.
    wq_t* create_queue(const char* name, queue_kind kind, int max_active, const void* tag, location at,
                       std::uint32_t wanted = 0) noexcept {
        if (name == nullptr || *name == '\0') {
            detail::say(channel::kernel, severity::warn, "alloc_workqueue", at, "a work queue needs a name");
            return nullptr;
        }
        if (!context<Arch>::might_sleep("alloc_workqueue", at) || !boot(at)) return nullptr;
        return create(name, kind, max_active, tag, wanted & wq_flag::wanted);
    }
    /// Runs what is queued, then ends the queue.  Context: process, not one of its handlers (reported; it stays then).
    /// Return: false if nothing was done.
    bool destroy_queue(wq_t* q, location at) noexcept {
        if (ops::in_child()) return false;   // its threads are the parent's
        if (q == nullptr || q->is(wq_flag::dead)) {
            detail::say(channel::advice, severity::bug, "destroy_workqueue", at,
                        q == nullptr ? "no work queue" : "the queue has been destroyed already");
            return false;
        }
        if (q->is(wq_flag::system)) {
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
    // ---- suspend --------------------------------------------------------------------------------------------------

    /// Freezable queues start nothing any more until thaw(); what runs ends.  Context: process.
    void freeze(location at) noexcept {
        bool again;
        {
            detail::irq_lock<Arch> g(lock_);
            again = frozen_;
            frozen_ = true;
            for (wq_t* q = queues_; q != nullptr; q = q->next) ops::freeze(*q, true);
        }
        if (again)
            detail::say(channel::kernel, severity::warn, "freeze_workqueues_begin", at,
                        "WARN_ON_ONCE(workqueue_freezing): they are frozen already");
    }
    /// Return: whether something of a frozen queue still runs.
    [[nodiscard]] bool is_freezing(location at) noexcept {
        bool frozen, busy = false;
        {
            detail::irq_lock<Arch> g(lock_);
            frozen = frozen_;
            for (wq_t* q = queues_; q != nullptr; q = q->next)
                busy = busy || (q->is(wq_flag::freezable) && ops::is_active(*q));
        }
        if (!frozen)
            detail::say(channel::kernel, severity::warn, "freeze_workqueues_busy", at,
                        "WARN_ON_ONCE(!workqueue_freezing): nothing is being frozen");
        return busy;
    }
    void thaw() noexcept {
        detail::irq_lock<Arch> g(lock_);
        if (!frozen_) return;
        frozen_ = false;
        for (wq_t* q = queues_; q != nullptr; q = q->next) ops::freeze(*q, false);
    }

    /// f(wq_t&) for each queue.  Context: process; `f` must not create or destroy one.
    template <class F>
    void for_each_queue(F f) noexcept {
        detail::irq_lock<Arch> g(lock_);
        for (wq_t* q = queues_; q != nullptr; q = q->next) f(*q);
    }
    /// f(pool_t&) for each pool of this machine, once.  Context: as above.
    template <class F>
    void for_each_pool(F f) noexcept {
        pools_.for_each(f);
        for_each_queue([&](wq_t& q) {
            for (unsigned i = 0; i < q.nr_links && q.is(wq_flag::dedicated); ++i) f(*q.link(i).pool);
        });
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

    static constexpr arch::ns_t patience = 1'000'000'000;   // for handlers at exit

private:
    enum : std::uint32_t { down, booting, up };

    bool start(const machine_options& o) noexcept {
        unsigned n = o.cpus != 0 ? o.cpus : machine_options::default_cpus<Arch>(max_cpus);
        if (n > max_cpus) n = max_cpus;
        watchdog_.set(o.watchdog_thresh ? *o.watchdog_thresh : machine_options::default_watchdog());
        const bool first =
            ports_ == nullptr;   // after a stop at exit they are still there, and somebody may hold on to them
        if (first) {
            ports_ = new (std::nothrow) arch::cpu_port[n];
            time_ = new (std::nothrow) timekeeper<Arch>(o.timers.value_or(machine_options::default_timers()), n);
            gone_ = detail::queue_memory<Arch>::get(1);
            nr_cpus_ = n;
            if (time_ != nullptr)
                time_->follow_ticks({[](void* m) { static_cast<basic_machine*>(m)->tick(); },
                                     [](void* m) { static_cast<basic_machine*>(m)->help(); },
                                     [](void* m) {
                                         auto& me = *static_cast<basic_machine*>(m);
                                         return me.watchdog_.look_before_rest(me);
                                     },
                                     this});
        }
        if (ports_ == nullptr || time_ == nullptr || gone_ == nullptr ||
            (first && !(pools_.start(n) && start_softirqs())) || !time_->start("timekeeper")) {
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
        tasklet_ops<Arch>::open(softirqs_);
        irqs_.start(ports_, nr_cpus_, &softirqs_, time_);
        return true;
    }

    bool start_softirqs() noexcept {
        if (!softirqs_.start(nr_cpus_, ports_, &ask_for_help, this)) return false;
        time_->belong_to(softirqs_);
        return true;
    }

    /// Nobody is left who could use them, or let go of a lock.  relaxed, throughout: alone.
    void lose_parts() noexcept BOTTOMHALF_NO_TSA {
        companions_.lose();
        if (time_ != nullptr)
            time_->lose([](timer_node& t, std::uint32_t flags) {
                if ((flags & timer_of_work) != 0) detail::data_of<Arch>(detail::delayed_of(t).work).store(0, relaxed);
            });
        while (wq_t* q = queues_) {
            queues_ = q->next;
            const bool own_pools = q->is(wq_flag::dedicated);
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
        pools_.for_each([](pool_t& p) { p.lose(); });
        if (gone_ != nullptr) detail::queue_memory<Arch>::lose(gone_);
        drop_tasklets([](const tasklet_node&) {});
        softirqs_.lose();
        irqs_.lose();
        free_parts();
    }
    /// f(tasklet) for each that is still scheduled, and not ours; it is not any more.  Context: no softirq runs any more.
    template <class F>
    void drop_tasklets(F f) noexcept {
        if (softirqs_.of_cpu(0) == nullptr) return;
        for (unsigned i = 0; i < nr_cpus_; ++i)
            tasklet_ops<Arch>::drop_all(*softirqs_.of_cpu(i), [&](const tasklet_node& t) {
                if (!irqs_.is_own(t)) f(t);
            });
    }
    void free_parts() noexcept {
        softirqs_.shut_down();
        irqs_.free_lines();
        delete time_;
        delete[] ports_;
        pools_.free();
        time_ = nullptr, ports_ = nullptr;
    }

    wq_t* start_events(location at) noexcept {
        if (!boot(at)) return nullptr;
        typename Arch::quiet no_signals;
        atomic<std::uint32_t> busy(events_busy_);
        for (unsigned round = 0; busy.exchange(1, acquire) != 0; ++round) Arch::relax(round);
        wq_t* q = atomic<wq_t*>(events_).load(acquire);
        if (q == nullptr) {
            q = create("events", queue_kind::per_cpu, max_items, nullptr, wq_flag::system);
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

    wq_t* create(const char* name, queue_kind kind, int max_active, const void* tag, std::uint32_t flags) noexcept {
        const bool one = kind == queue_kind::single_thread || kind == queue_kind::unbound || nr_cpus_ == 1;
        const bool own = kind == queue_kind::per_cpu || kind == queue_kind::single_thread;
        const unsigned n = one ? 1 : nr_cpus_;
        wq_t* q = detail::queue_memory<Arch>::get(n);
        if (q == nullptr) return nullptr;
        q->nr_links = n;
        q->nr_cpus = nr_cpus_;
        atomic<basic_machine*>(q->machine).store(this, release);   // [delayed.wq]
        q->tag = tag;
        const bool unlimited = own || kind == queue_kind::bh;
        q->max_active = q->wanted_active = unlimited ? max_items : max_active > 0 ? max_active : default_active;
        q->saviour = nullptr;
        std::snprintf(q->name, sizeof q->name, "%s", name);
        unsigned done = 0;
        for (; done < n; ++done) {
            const bool highpri = (flags & wq_flag::highpri) != 0;
            pool_t* p = own ? own_pool(name, kind == queue_kind::single_thread ? -1 : static_cast<int>(done),
                                       (flags & wq_flag::system) != 0)
                        : kind == queue_kind::bh      ? bh_pool(done, highpri)
                        : kind == queue_kind::unbound ? pools_.unbound(highpri, &ask_for_help, this)
                                                      : pools_.bound(done, highpri, &ask_for_help, this);
            if (p == nullptr) break;
            pool_workqueue<Arch>& link = q->link(done);
            atomic<pool_t*>(link.pool).store(p, release);
            link.wq = q;
            q->pools[done] = p;
        }
        const bool threads =
            done == n && ((flags & wq_flag::mem_reclaim) == 0 || (q->saviour = rescuer<Arch>::create(*q)) != nullptr);
        if (!threads) {
            while (own && done-- > 0) q->link(done).pool->retire();
            detail::queue_memory<Arch>::put(q);
            return nullptr;
        }
        q->state().store(flags | (own ? wq_flag::dedicated : 0) | (one ? wq_flag::single : 0), release);
        detail::irq_lock<Arch> g(lock_);
        q->next = queues_;
        queues_ = q;
        if (frozen_ && (flags & wq_flag::freezable) != 0) q->max_active = 0;   // nobody knows it yet
        return q;
    }
    pool_t* own_pool(const char* name, int cpu, bool takes_irqs) noexcept {
        pool_t* p = pool_t::create(pool_kind::dedicated, cpu, name, takes_irqs ? &ports_[cpu] : nullptr);
        if (p == nullptr) return nullptr;
        if (p->add_worker()) return p;
        p->retire();
        return nullptr;
    }
    pool_t* bh_pool(unsigned cpu, bool highpri) noexcept {
        // A tasklet needs no thread: its CPU's interrupts run it.  But who is sure that there will be one?
        return softirqs_.start_threads() ? pools_.bh(*softirqs_.of_cpu(cpu), highpri) : nullptr;
    }
    /// One at a time, also as the machine ends: what is called starts threads.
    void do_what_is_called_for() noexcept {
        atomic<std::uint32_t> busy(calling_);
        for (unsigned round = 0; busy.exchange(1, acquire) != 0; ++round) Arch::relax(round);   // [machine.calling]
        if (auto* call = atomic<void (*)(basic_machine&) noexcept>(called_for_).exchange(nullptr, acquire))
            call(*this);   // [machine.call]
        busy.store(0, release);
    }
    [[nodiscard]] bool is_called_for() noexcept {   // relaxed: whoever stores it asks afterwards
        return atomic<void (*)(basic_machine&) noexcept>(called_for_).load(relaxed) != nullptr;
    }
    /// Somebody in any context misses threads.
    static void ask_for_help(void* m) noexcept { static_cast<basic_machine*>(m)->time_->ask(); }
    /// Context: the timekeeper's thread.
    void help() noexcept {
        if (is_called_for()) do_what_is_called_for();
        if (atomic<std::uint32_t>(events_wanted_).exchange(0, acquire) != 0)   // [machine.events]
            events(location::current());
        softirqs_.start_threads();
        pools_.for_each_with_threads([](pool_t& p) { p.help(); });
    }
    /// Looks for handlers that keep a CPU for too long.  Context: the timekeeper's thread.
    void tick() noexcept {
        pools_.for_each_with_threads([](pool_t& p) { p.tick(); });
        watchdog_.look_if_due(*this);
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
        if (!orderly) ops::let_all_in(q);
        if (rescuer<Arch>* r = ops::part_with_rescuer(q); r != nullptr && !rescuer<Arch>::end(r, deadline))
            detail::say(channel::advice, severity::warn, "machine", at,
                        "at exit: the rescuer of %s was still running a handler", q.name);
        if (!q.is(wq_flag::dedicated)) return;
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

    std::uint32_t state_ = down;        // A [machine.state]
    std::uint32_t events_busy_ = 0;     // A: one thread creates the default queue
    unsigned nr_cpus_ = 0;              // I
    wq_t* events_ = nullptr;            // A [machine.events]
    arch::cpu_port* ports_ = nullptr;   // I
    shared_pools<Arch> pools_;
    timekeeper<Arch>* time_ = nullptr;   // I
    workqueue_watchdog<Arch> watchdog_;
    wq_t* gone_ = nullptr;   // I: a dead queue, that of delayed items whose own has ended before their time
    detail::spinlock<Arch> lock_;
    wq_t* queues_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    machine_companions<Arch> companions_;
    std::uint32_t events_wanted_ = 0;                         // A [machine.events]
    void (*called_for_)(basic_machine&) noexcept = nullptr;   // A [machine.call]
    std::uint32_t calling_ = 0;                               // A [machine.calling]: somebody does that
    bool frozen_ BOTTOMHALF_GUARDED_BY(lock_) = false;
    irq_controller<Arch> irqs_;
    softirq_controller<Arch> softirqs_;

    BOTTOMHALF_STATE static inline constinit std::uint32_t fork_hooked_ = 0;   // A
    BOTTOMHALF_STATE static inline constinit std::uint32_t told_of_end_ = 0;   // A
};

}   // namespace bottomhalf
