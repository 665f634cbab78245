// SPDX-License-Identifier: MIT
// workqueue_watchdog.hpp: a pool that does not come on is named, with who is stuck where, as the kernel's watchdog does.
//
//   BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 30s!
//   Showing busy workqueues and worker pools: ...
//
// A pool is stuck in which something waits to be run, and nothing has begun for watchdog_thresh: a dedicated queue's thread that
// waits for what will never come, a shared pool that can have no more threads.  Looked at by the timekeeper: once a second while
// its ticks go on, and before they rest, since then nobody else would.  So it is for machines that keep `jiffies`, as the
// facades' do.  On the simulator it is not needed: where nothing can happen any more a deadlock is reported.
//
// A process that was stopped (a debugger, SIGSTOP) is not stuck: a look that comes late begins anew.
#pragma once

#include <algorithm>
#include <cstdint>

#include <bottomhalf/report.hpp>
#include <bottomhalf/show_workqueues.hpp>
#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf {

template <class Arch>
class workqueue_watchdog {
    using pool_t = worker_pool<Arch>;

public:
    static constexpr arch::ns_t period = 1'000'000'000;   // at most between two looks

    /// 0: none.  Before anybody looks.
    void set(arch::ns_t thresh) noexcept {
        // relaxed: a number; a timekeeper that was left behind may be looking
        typename Arch::template atomic_ref<arch::ns_t>(thresh_).store(thresh, relaxed);
    }
    /// Context: the timekeeper's thread.
    template <class Machine>
    void look_if_due(Machine& m) noexcept {
        if (Arch::simulated || thresh() == 0) return;
        if (const arch::ns_t now = Arch::now(); now >= next_) look(m, now);
    }
    /// Context: the same, about to rest.  Return: when to look again: forever, if nothing waits.
    template <class Machine>
    arch::ns_t look_before_rest(Machine& m) noexcept {
        if (Arch::simulated || thresh() == 0) return arch::forever;
        return look(m, Arch::now()) ? next_ : arch::forever;
    }

private:
    using attributes = typename detail::workqueue_dump<Arch>::attributes;
    /// What is said of a pool, which may be gone by then.
    struct stuck_pool {
        attributes is;
        arch::ns_t since = 0;
    };
    static constexpr unsigned most = 8;   // of one look

    /// Return: whether something waits.
    template <class Machine>
    bool look(Machine& m, arch::ns_t now) noexcept {
        const arch::ns_t limit = thresh(), every = std::min(limit / 4 + 1, period);
        const bool late = now - next_ > 2 * every;   // nobody has looked meanwhile
        next_ = now + every;
        stuck_pool stuck[most];
        unsigned n = 0;
        bool waits = false;
        m.for_each_pool([&](pool_t& p) {
            detail::irq_lock<Arch> g(p.lock);
            const arch::ns_t since = p.stuck_for(now, late);
            waits = waits || p.has_pending();
            if (since < limit || now < p.watched.told_until || n == most) return;
            p.watched.told_until = now + limit;
            stuck[n++] = {attributes(p, m.nr_cpus()), since};
        });
        if (n == 0) return waits;
        const bool heard = detail::listener.get() != nullptr;
        const auto dump = [&] {
            detail::workqueue_dump<Arch>::all(m, [&](const char* line) {
                m.time().catch_up();   // it is us who move `jiffies`, and a line may take its time
                if (heard)
                    detail::say(channel::kernel, severity::note, "show_all_workqueues", location::current(), "%s",
                                line);
                else
                    detail::print_line(line);
            });
        };
        const bool ends = detail::fatal_wanted();   // the report does, perhaps
        if (ends) dump();
        for (unsigned i = 0; i < n; ++i) {
            detail::long_line text;
            stuck[i].is.write(text);
            // A queue of 2.6 has no watchdog, and handlers that may take their time.
            const bool own_thread = stuck[i].is.kind == pool_kind::dedicated;
            detail::say(own_thread ? channel::advice : channel::kernel, own_thread ? severity::note : severity::bug,
                        "wq_watchdog_timer_fn", location::current(), "workqueue lockup - pool %s stuck for %llds!",
                        text.take(), static_cast<long long>(stuck[i].since / 1'000'000'000));
        }
        if (!ends) dump();
        return waits;
    }

    [[nodiscard]] arch::ns_t thresh() noexcept {
        return typename Arch::template atomic_ref<arch::ns_t>(thresh_).load(relaxed);   // relaxed: see set()
    }

    arch::ns_t thresh_ = 0;   // A
    arch::ns_t next_ = 0;     // the timekeeper's
};

}   // namespace bottomhalf
