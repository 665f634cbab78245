// SPDX-License-Identifier: MIT
// workqueue.hpp: what can be done with an item and a queue: queue, flush, cancel, drain.
//
// These are the kernel's calls over an engine, on plain items; the facades and the C++ interface are thin skins on them.
// Each function says in which state of an item it does what; the states are those of work.hpp.
#pragma once

#include <cstdint>
#include <utility>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/flush.hpp>
#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/trace.hpp>
#include <bottomhalf/work.hpp>
#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf {

template <class Arch>
struct workqueue_ops {
    using wq_t = basic_workqueue_struct<Arch>;
    using pwq_t = pool_workqueue<Arch>;
    using pool_t = worker_pool<Arch>;
    using running_t = running_item<Arch>;
    using whole = detail::queue_flush<Arch>;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    // ---- queue ----------------------------------------------------------------------------------------------------

    /// The emulated CPU on which the caller is.  A thread that is not one of ours is given one at first use and keeps it.
    /// Context: any.
    static unsigned this_cpu(unsigned nr_cpus) noexcept {
        arch::task& t = Arch::current();
        if (t.cpu < 0) [[unlikely]]
            t.cpu = static_cast<std::int32_t>(atomic<unsigned>(next_home_).fetch_add(1, relaxed) %
                                              nr_cpus);   // relaxed: to spread
        const auto cpu = static_cast<unsigned>(t.cpu);
        return cpu < nr_cpus ? cpu : cpu % nr_cpus;
    }
    /// The next thread that is given one is the first.  Context: between two worlds.
    static void forget_homes() noexcept requires(Arch::simulated) {
        next_home_ = 0;
        pool_t::forget_history();
    }

    static bool queue_work(wq_t* wq, work_item& w, location at) noexcept {
        if (!may_queue(wq, w, at)) [[unlikely]]
            return false;
        return claim_and_push(*wq, this_cpu(wq->nr_cpus), w, at);
    }
    static bool queue_work_on(unsigned cpu, wq_t* wq, work_item& w, location at) noexcept {
        if (!may_queue(wq, w, at)) [[unlikely]]
            return false;
        if (cpu >= wq->nr_cpus) [[unlikely]] {
            detail::say(channel::advice, severity::warn, "queue_work_on", at,
                        "there is no CPU %u, queue %s has %u; using this CPU", cpu, wq->name, wq->nr_cpus);
            cpu = this_cpu(wq->nr_cpus);
        }
        return claim_and_push(*wq, cpu, w, at);
    }

    /// Puts an item whose PENDING the caller owns into the inbox of a pool.  `old` is its word.  Context: any.
    static bool push_owned(wq_t& wq, unsigned cpu, work_item& w, unsigned long old, location at) noexcept {
        w.entry.prev = last_pool_of(old);
        detail::set_word<Arch>(w,
                               detail::word_of(wq.link_for(cpu)));   // whoever follows it to the link finds it set up
        trace_queueing(wq, cpu, w);
        if (wq.pool_for(cpu).enqueue(w)) [[likely]]
            return true;
        return refused(wq, w, old, at);
    }

    /// Everything that makes a call impossible, before anything is changed.  Return: false, and the report is made.
    static bool may_queue(wq_t* wq, work_item& w, location at) noexcept {
        if (wq != nullptr && w.func != nullptr && !wq->is(wq_flag::closed)) [[likely]]
            return true;   // relaxed: to queue while another thread destroys the queue is the user's race, see push_owned()
        return may_queue_slowly(wq, w, at);
    }

    // ---- flush ----------------------------------------------------------------------------------------------------

    /// Waits for the last queued instance of `w` at the time of the call; if none is queued, for the running one.
    /// Context: process.  Return: true if it waited.  A delayed item on its timer is not waited for.
    static bool flush_work(work_item& w, location at) noexcept {
        if (!context<Arch>::might_sleep("__flush_work", at) || forked("flush_work", at)) return false;
        if (w.func == nullptr) {
            detail::say(channel::kernel, severity::warn, "__flush_work", at,
                        "flush of a work item that was never initialised");
            return false;
        }
        return wait_for_end(w, true, "flush_work", at);
    }

    /// Waits until everything that was queued on `wq` before the call has run.  What is queued later is not waited for,
    /// nor are delayed items on their timers.
    /// Context: process.  From a handler of the same queue: a dedicated queue (2.6) runs the rest of that CPU's items
    /// inline, as 2.6 did, and reports it from the third level on; others would wait for themselves: reported.
    static void flush_workqueue(wq_t* wq, location at) noexcept {
        if (wq == nullptr || !context<Arch>::might_sleep("flush_workqueue", at)) {
            if (wq == nullptr) complain_null("flush_workqueue", at);
            return;
        }
        if (forked("flush_workqueue", at)) return;
        if (wq->is(wq_flag::dead)) {
            detail::say(channel::advice, severity::warn, "flush_workqueue", at, "queue %s has been destroyed",
                        wq->name);
            return;
        }
        worker<Arch>* me = pool_t::current_worker();
        running_t* own = running_of(me, *wq);
        if (own != nullptr) {
            if (!wq->is(wq_flag::dedicated)) {
                detail::say(
                    channel::kernel, severity::warn, "flush_workqueue", at,
                    "possible recursive locking detected: a handler of (wq_completion)%s flushes its own queue and "
                    "would wait for itself; not waiting",
                    wq->name);
                return;
            }
        }
        if (me != nullptr && me->current != nullptr) check_dependency(*me->current, *wq, nullptr, at);
        whole::settle_all(*wq);
        bool shared = false;
        const std::uint32_t colour = whole::begin_flush(*wq, own != nullptr, shared);
        if (own != nullptr && me != nullptr) {
            whole::flush_own(*me, *wq, colour, shared, at);
            whole::mark_flushing(*me, *wq, true);
        }
        for (unsigned i = 0; i < wq->nr_links; ++i) {
            // Nobody but the caller would run what is left in his own pool, and that came after what he has just run.
            if (own != nullptr && wq->link(i).pool == me->pool) continue;
            whole::wait_for_colours(*wq, wq->link(i), colour, own != nullptr);
        }
        if (own != nullptr) whole::mark_flushing(*me, *wq, false);
        if (!shared) whole::end_flush(*wq, colour);
    }

    /// Waits until nothing is left; meanwhile only the queue's own handlers may queue.
    /// Context: process, not a handler of `wq`.  Return: false if it was one (reported; nothing was done).
    static bool drain_workqueue(wq_t* wq, const char* function, location at) noexcept {
        if (wq == nullptr) return complain_null(function, at), false;
        if (!context<Arch>::might_sleep(function, at) || forked(function, at)) return false;
        if (running_of(pool_t::current_worker(), *wq) != nullptr) {
            detail::say(channel::kernel, severity::warn, function, at,
                        "possible recursive locking detected: a handler of (wq_completion)%s would wait for itself",
                        wq->name);
            return false;
        }
        {
            detail::irq_lock<Arch> g(
                wq->colours);   // count and flag change as one: the last one out must not undo the next one in
            if (wq->nr_drainers++ == 0) wq->state().fetch_or(wq_flag::draining, acq_rel);
        }
        for (unsigned tries = 1;; ++tries) {
            flush_workqueue(wq, at);
            if (is_drained(*wq)) break;
            if (tries == 10 || (tries % 100 == 0 && tries <= 1000))
                detail::say(channel::kernel, severity::warn, function, at,
                            "workqueue %s: %s() isn't complete after %u tries", wq->name, function, tries);
        }
        detail::irq_lock<Arch> g(wq->colours);
        if (--wq->nr_drainers == 0) wq->state().fetch_and(~wq_flag::draining, acq_rel);
        return true;
    }

    // ---- cancel ---------------------------------------------------------------------------------------------------

    /// What to do about an item's timer, for those items that have one.  Return: true if it was armed and is not any more.
    using timer_stop = bool (*)(work_item&) noexcept;
    static bool no_timer(work_item&) noexcept { return false; }

    /// Takes `w` away from wherever it waits, and owns its PENDING then.  Spins while somebody else is about to queue it,
    /// which is finite.  Context: any that we manage.  Interrupts must be masked until PENDING is given up.
    /// Return: true if it was pending.
    static bool grab_pending(work_item& w, timer_stop stop) noexcept {
        for (unsigned round = 0;; ++round) {
            if (stop(w)) return true;
            if (detail::claim<Arch>(w)) return false;
            // On its way to a pool, or there; or its own handler has asked for it again, in the pool that runs it.
            if (pool_t* pool = pool_of(detail::data_of<Arch>(w).load(acquire))) {
                pool->lock.lock();
                pool->settle();
                const unsigned long now = detail::data_of<Arch>(w).load(acquire);
                const bool here = detail::word::on_worklist(now) && pool_of(now) == pool;
                if (here) pool->remove(w);
                pool->lock.unlock();
                if (here) return true;
            }
            Arch::relax(round);
        }
    }
    /// Gives PENDING up again.
    static void let_go(work_item& w) noexcept {
        detail::data_of<Arch>(w).fetch_and(~detail::word::PENDING, release);   // [work.pending]
    }

    /// Context: any that we manage.  Return: was it pending?  A running handler is not waited for.
    static bool cancel(work_item& w, timer_stop stop) noexcept {
        if (in_child()) return false;   // whoever has the item in his hands stayed with the parent
        detail::irq_guard<Arch> masked;
        const bool was = grab_pending(w, stop);
        let_go(w);
        return was;
    }
    /// Removes and forbids: while the depth is not 0, queueing returns false and leaves no trace.
    static bool disable(work_item& w, timer_stop stop) noexcept {
        if (in_child()) return false;   // as cancel()
        detail::irq_guard<Arch> masked;
        const bool was = grab_pending(w, stop);
        auto data = detail::data_of<Arch>(w);
        unsigned long d = data.load(relaxed);   // relaxed: PENDING is ours
        if ((d & detail::word::depth_mask) == detail::word::depth_mask)
            detail::say(channel::kernel, severity::warn, "work_offqd_disable", location::current(),
                        "workqueue: work disable count overflowed");
        else
            d += detail::word::depth_one;
        data.store(d & ~detail::word::PENDING, release);   // [work.pending]
        return was;
    }
    /// Return: true if it may be queued again.
    static bool enable(work_item& w, location at = location::current()) noexcept {
        if (in_child()) return true;   // as cancel()
        detail::irq_guard<Arch> masked;
        auto data = detail::data_of<Arch>(w);
        for (unsigned round = 0; !detail::claim<Arch>(w); ++round) {
            const unsigned long d = data.load(relaxed);   // relaxed: nothing but the bits is looked at
            if ((d & detail::word::PWQ) != 0 ||
                (d & detail::word::depth_mask) == 0) {   // somewhere, hence not disabled
                complain_underflow(at);
                return true;
            }
            Arch::relax(round);
        }
        unsigned long d = data.load(relaxed);   // relaxed: PENDING is ours
        if ((d & detail::word::depth_mask) == 0)
            complain_underflow(at);
        else
            d -= detail::word::depth_one;
        data.store(d & ~detail::word::PENDING, release);   // [work.pending]
        return (d & detail::word::depth_mask) == 0;
    }
    /// Context: process.  On return the item is neither pending nor running anywhere, and while this waits nobody can
    /// queue it, its own handler included.  Return: was it pending?
    /// The kernel asks only the pool of the last run, which misses a handler that has sent its item to another queue; here
    /// that is what two queues of threads of their own always are, so every pool is asked.
    static bool cancel_sync(work_item& w, timer_stop stop, const char* function, location at) noexcept {
        if (forked(function, at)) return false;
        const bool busily = context<Arch>::in_atomic() && was_in_softirq(w);   // that may be waited for without sleep
        if (busily && context<Arch>::in_hardirq())
            detail::say(channel::kernel, severity::warn, function, at, "WARN_ON_ONCE(in_hardirq())");
        else if (!busily && !context<Arch>::might_sleep(function, at))
            return cancel(w, stop);
        const bool was = disable(w, stop);
        for (unsigned round = 0; busily && !context<Arch>::in_hardirq() && is_running(w); ++round) Arch::relax(round);
        if (busily) return enable(w), was;
        wait_for_end(w, false, function, at);
        wait_elsewhere(w, function);
        enable(w);
        return was;
    }
    static bool disable_sync(work_item& w, timer_stop stop, const char* function, location at) noexcept {
        if (forked(function, at)) return false;
        const bool busily = context<Arch>::in_atomic() && was_in_softirq(w) && !context<Arch>::in_hardirq();
        const bool may = !busily && context<Arch>::might_sleep(function, at);
        const bool was = disable(w, stop);
        for (unsigned round = 0; busily && is_running(w); ++round) Arch::relax(round);
        if (may) wait_for_end(w, false, function, at), wait_elsewhere(w, function);
        return was;
    }

    // ---- questions ------------------------------------------------------------------------------------------------

    /// Return: whether a handler of `w` is on some worker's stack.  Stale when read, unless the caller is that handler.
    static bool is_running(work_item& w) noexcept {
        bool runs = false;
        if (in_child()) return runs;   // whoever ran it stayed with the parent
        pool_t::for_each_pool([&](pool_t& pool) {
            if (runs || !pool.may_be_running(w)) return;
            detail::irq_lock<Arch> g(pool.lock);
            runs = pool.find_running(w) != nullptr;
        });
        return runs;
    }
    /// Was it last queued where softirqs run it?
    static bool was_in_softirq(work_item& w) noexcept {
        const pool_t* pool = pool_of(detail::data_of<Arch>(w).load(acquire));
        return pool != nullptr && pool->kind() == pool_kind::bh;
    }
    /// Whether the caller is a handler of `wq` (then it may queue on it while it is drained).
    static running_t* running_of(worker<Arch>* me, const wq_t& wq) noexcept {
        for (running_t* r = me != nullptr ? me->current : nullptr; r != nullptr; r = r->outer)
            if (r->pwq->wq == &wq) return r;
        return nullptr;
    }
    static work_item* current_work() noexcept {
        worker<Arch>* me = pool_t::current_worker();
        if (me == nullptr || me->current == nullptr) return nullptr;
        // In interrupt it is the one whom we interrupt, unless it is a softirq itself.
        const bool mine =
            me->pool->kind() == pool_kind::bh ? !context<Arch>::in_hardirq() : !context<Arch>::in_interrupt();
        return mine ? me->current->item : nullptr;
    }
    /// Links are looked at one after the other, and an item may hop to one that was idle a moment ago.  Whoever queued it
    /// was running then; so two looks in a row that find everything idle, with nothing admitted in between, find the truth.
    static bool is_drained(wq_t& wq) noexcept {
        const std::uint32_t before = admissions(wq);
        for (int look = 0; look < 2; ++look)
            if (!is_idle(wq)) return false;
        return admissions(wq) == before;
    }
    static std::uint32_t admissions(wq_t& wq) noexcept {
        return atomic<std::uint32_t>(wq.drain_admissions).load(relaxed);   // relaxed: the links' locks, see admit()
    }
    static bool is_idle(wq_t& wq) noexcept {
        for (unsigned i = 0; i < wq.nr_links; ++i) {
            pwq_t& link = wq.link(i);
            detail::irq_lock<Arch> g(link.pool->lock);
            link.pool->settle();
            if (link.nr_active != 0 || !link.inactive.empty() || link.pool->in_transit()) return false;
        }
        return true;
    }
    /// Raises or lowers the limit of items under way per link.
    static void set_max_active(wq_t& wq, int n) noexcept {
        if (in_child()) return;
        detail::irq_lock<Arch> g(wq.colours);
        wq.wanted_active = n;
        if (atomic<int>(wq.max_active).load(relaxed) != 0) put_limit(wq, n);   // relaxed: written under this lock
    }
    /// Whatever it was told, so that all that waits comes out.
    static void let_all_in(wq_t& wq) noexcept {
        detail::irq_lock<Arch> g(wq.colours);
        put_limit(wq, 0x7fffffff);
    }
    /// From now on nobody calls it.
    static rescuer<Arch>* part_with_rescuer(wq_t& wq) noexcept {
        rescuer<Arch>* r = nullptr;
        for (unsigned i = 0; i < wq.nr_links; ++i) {   // under each lock that a caller may hold
            detail::irq_lock<Arch> g(wq.link(i).pool->lock);
            if (i == 0) r = atomic<rescuer<Arch>*>(wq.saviour).exchange(nullptr, relaxed);   // relaxed: the locks
        }
        return r;
    }
    /// A freezable queue stops to start anything, or goes on.
    static void freeze(wq_t& wq, bool stop) noexcept {
        if (!wq.is(wq_flag::freezable) || in_child()) return;
        detail::irq_lock<Arch> g(wq.colours);
        put_limit(wq, stop ? 0 : wq.wanted_active);
    }
    /// Return: whether anything of it is on a worklist, or runs.
    static bool is_active(wq_t& wq) noexcept {
        for (unsigned i = 0; i < wq.nr_links; ++i) {
            detail::irq_lock<Arch> g(wq.link(i).pool->lock);
            wq.link(i).pool->settle();
            if (wq.link(i).nr_active != 0) return true;
        }
        return false;
    }
    /// Return: whether items wait on `cpu` because as many as may are under way.
    static bool is_congested(unsigned cpu, wq_t& wq) noexcept {
        pwq_t& link = wq.link_for(cpu);
        detail::irq_lock<Arch> g(link.pool->lock);
        link.pool->settle();
        return !link.inactive.empty();
    }
    static pool_t* pool_of(unsigned long d) noexcept {
        if ((d & detail::word::PWQ) == 0) return pool_t::by_number(detail::word::last_pool(d));
        auto* link = reinterpret_cast<pwq_t*>(d & ~(detail::word::pwq_align - 1));
        return atomic<pool_t*>(link->pool).load(acquire);   // a stale word leads to a pool that does not have the item
    }

    /// After fork() the child has our memory and none of our threads; everything says so and does nothing.
    static bool forked(const char* function, location at) noexcept {
        if (atomic<std::uint32_t>(in_child_).load(relaxed) == 0)
            [[likely]]   // relaxed: set before the child runs any code
            return false;
        if (atomic<std::uint32_t>(told_of_fork_).exchange(1, relaxed) == 0)   // relaxed: once
            detail::say(channel::advice, severity::bug, function, at,
                        "this process was forked from one with a live machine: its workers stayed with the parent");
        return true;
    }
    [[nodiscard]] static bool in_child() noexcept {
        return atomic<std::uint32_t>(in_child_).load(relaxed) != 0;
    }   // as above
    static void now_in_child() noexcept {
        atomic<std::uint32_t>(in_child_).store(1, relaxed);
        Arch::current().port = nullptr;   // of a CPU whose interrupts this thread took: that is the parent's
        pool_t::for_each_pool([](pool_t& p) { p.close_after_fork(); });
    }

private:
    BOTTOMHALF_INLINE static bool claim_and_push(wq_t& wq, unsigned cpu, work_item& w, location at) noexcept {
        // Masked from claim to push: a top half in between could wait for us, its victim, to queue what it wants to cancel.
        detail::irq_guard<Arch> masked;
        // Two locked instructions, the claim and the push, are what this costs.  So an item that is idle, and not the
        // caller's own, is claimed by the very word that it has in the inbox.
        unsigned long d = detail::data_of<Arch>(w).load(relaxed);   // relaxed: a look, the exchange decides
        if ((d & (detail::word::PENDING | detail::word::depth_mask)) != 0) [[unlikely]]
            return claim_and_push_slowly(wq, cpu, w, at);
        if (pool_t::is_own(w)) [[unlikely]]
            // [work.pending] both exchanges as in claim(); the second one's release also as set_word()'s in push_owned()
            if (running_t* again = pool_t::own_run(wq, detail::word::last_pool(d))) {
                if (!detail::data_of<Arch>(w).compare_exchange_strong(d, d | detail::word::PENDING, acq_rel, relaxed))
                    [[unlikely]]
                    return claim_and_push_slowly(wq, cpu, w, at);
                trace_queueing(wq, cpu, w);
                return pool_t::run_again(*again), true;
            }
        if (!detail::data_of<Arch>(w).compare_exchange_strong(d, detail::word_of(wq.link_for(cpu)), acq_rel, relaxed))
            [[unlikely]]
            return claim_and_push_slowly(wq, cpu, w, at);
        w.entry.prev = last_pool_of(d);
        trace_queueing(wq, cpu, w);
        if (wq.pool_for(cpu).enqueue(w)) [[likely]]
            return true;
        return refused(wq, w, d, at);
    }
    /// Of an item whose PENDING is the caller's, before anybody can run it.
    static void trace_queueing(wq_t& wq, unsigned cpu, work_item& w) noexcept {
        if constexpr (trace::compiled_in)
            detail::tracepoint<Arch>(trace::event::workqueue_queue_work, &w, detail::handler::of<Arch>(w).address(),
                                     wq.name, cpu, static_cast<std::uint64_t>(wq.pool_for(cpu).cpu()));
    }
    __attribute__((noinline)) static bool claim_and_push_slowly(wq_t& wq, unsigned cpu, work_item& w,
                                                                location at) noexcept {
        if (!detail::claim<Arch>(w)) return false;
        const unsigned long d = detail::data_of<Arch>(w).load(relaxed);   // relaxed: it is ours
        if ((d & detail::word::depth_mask) != 0) [[unlikely]]
            return let_go(w), false;   // disabled: no trace
        return push_owned(wq, cpu, w, d, at);
    }
    /// The inbox has no use for the back link: it carries the pool of the last run, for settle().
    static detail::link* last_pool_of(unsigned long d) noexcept {
        return reinterpret_cast<detail::link*>(static_cast<std::uintptr_t>(detail::word::last_pool(d)));
    }
    /// The pool is closed: idle again, as before the call.
    __attribute__((noinline, cold)) static bool refused(wq_t& wq, work_item& w, unsigned long old,
                                                        location at) noexcept {
        w.entry = {};
        detail::data_of<Arch>(w).store(
            detail::word::off_queue(detail::word::last_pool(old), old & detail::word::depth_mask),
            release);   // [work.pending]
        complain_closed(wq, w, at);
        return false;
    }
    __attribute__((noinline, cold)) static bool may_queue_slowly(wq_t* wq, work_item& w, location at) noexcept {
        if (wq == nullptr) return complain_null("__queue_work", at), false;
        if (w.func == nullptr) {
            detail::say(channel::kernel, severity::warn, "__queue_work", at,
                        "work item %p has no function; not queued on %s", static_cast<void*>(&w), wq->name);
            return false;
        }
        const std::uint32_t state = wq->state().load(relaxed);
        if ((state & wq_flag::dead) == 0 && running_of(pool_t::current_worker(), *wq) != nullptr) return true;
        if ((detail::data_of<Arch>(w).load(relaxed) & detail::word::PENDING) != 0)
            return false;   // relaxed: as queue_work()
        if ((state & wq_flag::dead) != 0)
            detail::say(channel::advice, severity::bug, "__queue_work", at, "queue %s has been destroyed; not queued",
                        wq->name);
        else
            detail::say(channel::kernel, severity::warn, "__queue_work", at,
                        "WARN_ON_ONCE(!is_chained_work(wq)): queue %s is being %s; not queued", wq->name,
                        (state & wq_flag::destroying) != 0 ? "destroyed" : "drained");
        return false;
    }
    __attribute__((noinline, cold)) static void complain_null(const char* function, location at) noexcept {
        detail::say(channel::kernel, severity::warn, function, at, "WARN_ON_ONCE(!wq): no work queue");
    }
    __attribute__((noinline, cold)) static void complain_closed(wq_t& wq, work_item&, location at) noexcept {
        if (forked("__queue_work", at)) return;
        detail::say(channel::advice, severity::bug, "__queue_work", at, "queue %s has been destroyed; not queued",
                    wq.name);
    }
    __attribute__((noinline, cold)) static void complain_underflow(location at) noexcept {
        detail::say(channel::kernel, severity::warn, "enable_work", at, "workqueue: work disable count underflowed");
    }

    /// Waits for the queued instance (if `queued`), else for the running one.  Return: whether there was one.
    static bool wait_for_end(work_item& w, bool queued, const char* function, location at) noexcept {
        flush_waiter f{&w};
        worker<Arch>* me = pool_t::current_worker();
        const running_t* mine = me != nullptr ? me->current : nullptr;
        pool_t* pool = nullptr;
        wq_t* theirs = nullptr;
        for (unsigned round = 0;; Arch::relax(round++)) {
            pool = pool_of(detail::data_of<Arch>(w).load(acquire));
            if (pool == nullptr) return false;
            detail::irq_lock<Arch> g(pool->lock);
            pool->settle();
            const unsigned long d = detail::data_of<Arch>(w).load(acquire);
            if (pool_of(d) != pool || detail::word::in_inbox(d)) continue;   // it moved meanwhile
            if (queued && detail::word::on_worklist(d)) {
                const pwq_t* link = pool_t::link_of(w);
                // The only thread, or the only item that may be under way: ours.
                if (mine != nullptr && ((me->pool == pool && pool->kind() == pool_kind::dedicated) ||
                                        (mine->pwq == link && atomic<int>(link->wq->max_active).load(relaxed) == 1))) {
                    complain_self(function, at);   // relaxed: above, a hint in a report
                    return false;
                }
                theirs = link->wq;
                pool->wait_for(f);
                break;
            }
            running_t* r = pool->find_running(w);
            if (r == nullptr) return false;
            if (is_mine(me, r)) {
                complain_self(function, at);
                return false;
            }
            f.next = r->waiters;
            r->waiters = &f;
            theirs = r->pwq->wq;
            break;
        }
        if (queued && mine != nullptr) check_dependency(*mine, *theirs, w.func, at);
        pool->sleep_until_end(f, function);
        return true;
    }
    /// Waits for runs in pools that the item's word does not name any more.
    static void wait_elsewhere(work_item& w, const char* function) noexcept {
        worker<Arch>* me = pool_t::current_worker();
        pool_t::for_each_pool([&](pool_t& pool) {
            while (pool.may_be_running(w)) {
                flush_waiter f{&w};
                {
                    detail::irq_lock<Arch> g(pool.lock);
                    running_t* r = pool.find_running(w);
                    if (r == nullptr || is_mine(me, r)) return;
                    f.next = r->waiters;
                    r->waiters = &f;
                }
                pool.sleep_until_end(f, function);
            }
        });
    }
    /// Work that frees memory must not wait for work that may need some.
    static void check_dependency(const running_t& mine, wq_t& theirs, work_func func, location at) noexcept {
        wq_t& wq = *mine.pwq->wq;
        if (!wq.is(wq_flag::mem_reclaim) || wq.is(wq_flag::legacy) || theirs.is(wq_flag::mem_reclaim)) [[likely]]
            return;
        detail::say(channel::kernel, severity::warn, "check_flush_dependency", at,
                    "workqueue: WQ_MEM_RECLAIM %s:%p is flushing !WQ_MEM_RECLAIM %s:%p", wq.name,
                    mine.handler.address(), theirs.name, reinterpret_cast<void*>(func));
    }
    static bool is_mine(worker<Arch>* me, running_t* r) noexcept {
        for (running_t* m = me != nullptr ? me->current : nullptr; m != nullptr; m = m->outer)
            if (m == r) return true;
        return false;
    }
    __attribute__((noinline, cold)) static void complain_self(const char* function, location at) noexcept {
        detail::say(channel::kernel, severity::warn, function, at,
                    "possible recursive locking detected: a handler would wait for itself; not waiting");
    }

    static void put_limit(wq_t& wq, int n) noexcept BOTTOMHALF_REQUIRES(wq.colours) {
        atomic<int>(wq.max_active).store(n, relaxed);   // relaxed: each link's lock follows
        for (unsigned i = 0; i < wq.nr_links; ++i) {
            pwq_t& link = wq.link(i);
            detail::irq_lock<Arch> g(link.pool->lock);
            link.pool->activate(link);
        }
    }

    BOTTOMHALF_STATE static inline constinit unsigned next_home_ = 0;           // A
    BOTTOMHALF_STATE static inline constinit std::uint32_t in_child_ = 0;       // A
    BOTTOMHALF_STATE static inline constinit std::uint32_t told_of_fork_ = 0;   // A
};

}   // namespace bottomhalf
