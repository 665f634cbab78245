// SPDX-License-Identifier: MIT
// flush.hpp: waiting for all that was queued on a queue so far.
//
// Each flush takes the current colour and moves the queue on to the next: items admitted from then on have another
// one.  It waits until no link has items of its own colour, or of an older one, in flight.  The queue moves on only to
// a colour that no flush has taken and of which nothing is in flight, so what is not newer than a flush is older.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>
#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/work.hpp>
#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf::detail {

/// The parts of flush_workqueue(), see workqueue.hpp.
template <class Arch>
struct queue_flush {
    using wq_t = basic_workqueue_struct<Arch>;
    using pwq_t = pool_workqueue<Arch>;
    using pool_t = worker_pool<Arch>;
    using running_t = running_item<Arch>;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    static constexpr std::uint32_t next_colour(std::uint32_t c) noexcept { return (c + 1) % word::nr_colours; }

    /// Everything queued so far gets the colour that is current now.
    static void settle_all(wq_t& wq) noexcept {
        for (unsigned i = 0; i < wq.nr_links; ++i) {
            pool_t& pool = *wq.link(i).pool;
            for (unsigned round = 0;; Arch::relax(round++)) {
                irq_lock<Arch> g(pool.lock);
                pool.settle();
                if (!pool.in_transit()) break;
            }
        }
    }
    /// `inside`: the caller is a handler of the queue.  If no colour is free, because of flushes that wait for this very
    /// handler perhaps, it cannot wait for one: it shares the current colour, and may wait for a little more than it must.
    static std::uint32_t begin_flush(wq_t& wq, bool inside, bool& shared) noexcept {
        while (true) {
            const std::uint32_t v = atomic<std::uint32_t>(wq.flush_word).load(acquire);
            atomic<std::uint32_t>(wq.flushers).fetch_add(1, relaxed);   // relaxed: before the pools' locks, as below
            bool begun = false;
            std::uint32_t mine;
            {
                irq_lock<Arch> g(wq.colours);
                mine = atomic<std::uint32_t>(wq.work_colour).load(relaxed);   // relaxed: changed under this lock
                const std::uint32_t next = next_colour(mine);
                if ((wq.busy_colours & (1U << next)) == 0 && !in_flight(wq, next)) {
                    wq.busy_colours |= 1U << mine;
                    atomic<std::uint32_t>(wq.work_colour).store(next, relaxed);   // relaxed: see admit()
                    begun = true;
                }
            }
            shared = !begun && inside;
            if (!begun && !inside) block<Arch>(wq.flush_word, v, arch::forever, "an earlier flush of the queue");
            atomic<std::uint32_t>(wq.flushers).fetch_sub(1, relaxed);
            if (begun || inside) return mine;
        }
    }
    static void end_flush(wq_t& wq, std::uint32_t mine) noexcept {
        {
            irq_lock<Arch> g(wq.colours);
            wq.busy_colours &= ~(1U << mine);
        }
        if (atomic<std::uint32_t>(wq.flushers).load(relaxed) != 0)
            pool_t::wake_flushers(wq);   // relaxed: see begin_flush()
    }
    static bool in_flight(wq_t& wq, std::uint32_t colour) noexcept {
        for (unsigned i = 0; i < wq.nr_links; ++i) {
            irq_lock<Arch> g(wq.link(i).pool->lock);
            if (wq.link(i).in_flight[colour] != 0) return true;
        }
        return false;
    }
    /// `inside`: the caller is a handler of this queue.  Handlers that are inside a flush of it themselves do not count
    /// then: two that waited for each other would wait for ever.
    static void wait_for_colours(wq_t& wq, pwq_t& link, std::uint32_t mine, bool inside) noexcept {
        pool_t& pool = *link.pool;
        while (true) {
            std::uint32_t v;
            {
                irq_lock<Arch> g(pool.lock);
                const std::uint32_t mask = not_newer(wq, mine);
                std::uint32_t n = 0;
                for (std::uint32_t c = 0; c < word::nr_colours; ++c)
                    if ((mask & (1U << c)) != 0) n += link.in_flight[c];
                if (inside)
                    pool.for_each_running([&](worker<Arch>&, running_t& r) {
                        if (r.flushing && r.pwq == &link && (mask & (1U << r.colour)) != 0) --n;
                    });
                if (n == 0) return;
                v = atomic<std::uint32_t>(wq.flush_word).load(relaxed);     // relaxed: both under the pool's lock,
                atomic<std::uint32_t>(wq.flushers).fetch_add(1, relaxed);   // which account_end() holds when it looks
            }
            block<Arch>(wq.flush_word, v, arch::forever, "flush_workqueue");   // [wq.flush]
            atomic<std::uint32_t>(wq.flushers).fetch_sub(1, relaxed);   // relaxed: one wake-up too many does no harm
        }
    }
    /// The colours of what was queued before the flush that has the colour `mine`.  To be asked under the lock of the pool
    /// whose items are looked at: a colour that is new to us is on none of them then.
    static std::uint32_t not_newer(wq_t& wq, std::uint32_t mine) noexcept {
        std::uint32_t mask = 0;
        for (std::uint32_t c = next_colour(atomic<std::uint32_t>(wq.work_colour).load(relaxed));; c = next_colour(c)) {
            mask |= 1U << c;
            if (c == mine) return mask;
        }
    }
    /// Only what the flush is for: an item that queues itself for ever would keep us here for ever.  Later items have
    /// another colour, unless ours is `shared`: then what counts is how many are there now.
    static void flush_own(worker<Arch>& me, wq_t& wq, std::uint32_t colour, bool shared, location at) noexcept {
        if (++me.inline_depth >= 3)   // the worker's own loop is the first level of the four that the kernel counts to
            say(channel::kernel, severity::warn, "run_workqueue", at, "recursion depth exceeded: %d",
                me.inline_depth + 1);
        const auto wanted = [&wq, colour](work_item& each) {
            const unsigned long d = data_of<Arch>(each).load(relaxed);   // relaxed: lock held
            return (not_newer(wq, colour) & (1U << word::colour(d))) != 0;
        };
        unsigned left = 0;
        if (shared) {
            irq_lock<Arch> g(me.pool->lock);
            me.pool->for_each_pending([&](work_item& each) { left += wanted(each) ? 1U : 0U; });
        }
        me.pool->run_inline(me, [&](work_item& each) {
            if (!wanted(each)) return false;
            if (!shared) return true;
            if (left == 0) return false;
            --left;
            return true;
        });
        --me.inline_depth;
    }
    static void mark_flushing(worker<Arch>& me, wq_t& wq, bool on) noexcept {
        {
            irq_lock<Arch> g(me.pool->lock);
            for (running_t* r = me.current; r != nullptr; r = r->outer)
                // Those further out, on whose stack this one ran, are inside a flush still; this one is not any more.
                if (r->pwq->wq == &wq) r->flushing = on || r != me.current;
            if (on)
                atomic<std::uint32_t>(wq.inside_flushers).fetch_add(1, relaxed);   // relaxed: as wq.flushers
            else
                atomic<std::uint32_t>(wq.inside_flushers).fetch_sub(1, relaxed);
        }
        if (on && atomic<std::uint32_t>(wq.flushers).load(relaxed) != 0)
            pool_t::wake_flushers(wq);   // two who would meet
    }
};

}   // namespace bottomhalf::detail
