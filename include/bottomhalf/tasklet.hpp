// SPDX-License-Identifier: MIT
// tasklet.hpp: functions that run once, soon, as a softirq: on the CPU that scheduled them, in the order in which they
// were scheduled, and never beside themselves.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/trace.hpp>

namespace bottomhalf {

/// What the kernel calls struct tasklet_struct, of either era.  Valid when zeroed but for its function.
struct BOTTOMHALF_ALIASES tasklet_node {
    tasklet_node* next = nullptr;   // in its CPU's list
    unsigned long state = 0;        // A [tasklet.state]
    std::int32_t count = 0;         // A: tasklet_disable() calls outstanding
    union {
        void (*func)(unsigned long) = nullptr;
        void (*callback)(tasklet_node*);
    };
    unsigned long data = 0;
    bool use_callback = false;
};

template <class Arch>
struct tasklet_ops {
    using softirqs = softirq_controller<Arch>;
    using cpu = typename softirqs::cpu;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    static constexpr unsigned long scheduled = 1, running = 2;   // the kernel's TASKLET_STATE_SCHED and _RUN
    enum priority : unsigned { normal, high };

    /// Puts it at the end of that CPU's list, unless it is on one.  Context: any, async-signal-safe.
    static void schedule(cpu& c, tasklet_node& t, priority p) noexcept {
        // [tasklet.state] acq_rel: a schedule() that changes nothing publishes to the run to come, too
        if ((atomic<unsigned long>(t.state).fetch_or(scheduled, acq_rel) & scheduled) != 0) return;
        put(c, t, p);
    }

    /// What the softirqs HI and TASKLET do.
    static void open(softirqs& s) noexcept {
        s.open(softirq::hi, {&run<high>, nullptr});
        s.open(softirq::tasklet, {&run<normal>, nullptr});
    }
    template <priority P>
    static void run(cpu& c, void* /*cookie*/) {
        if (void* pool = atomic<void*>(c.pools[P]).load(acquire)) c.work(pool);   // [softirq.pools]
        tasklet_node* l = detail::reversed(atomic<tasklet_node*>(c.tasklets[P]).exchange(nullptr, acquire));
        while (l != nullptr) {
            tasklet_node& t = *l;
            l = t.next;
            atomic<unsigned long> state(t.state);
            if ((state.fetch_or(running, seq_cst) & running) == 0) {      // [tasklet.state] else it runs on another CPU
                if (atomic<std::int32_t>(t.count).load(seq_cst) == 0) {   // [tasklet.disable]
                    // From here on it may be scheduled again, by its own function, too.
                    if ((state.fetch_and(~scheduled, acq_rel) & scheduled) == 0)
                        detail::say(channel::kernel, severity::warn, "tasklet_action_common", location::current(),
                                    "tasklet SCHED state not set: %p", static_cast<void*>(&t));
                    call(t);
                    state.fetch_and(~running, release);
                    continue;
                }
                state.fetch_and(~running, release);
            }
            put(c, t, P);
        }
    }

    // ---- disable, kill --------------------------------------------------------------------------------------------

    static void disable_nosync(tasklet_node& t) noexcept {
        atomic<std::int32_t>(t.count).fetch_add(1, seq_cst);   // [tasklet.disable] before we look whether it runs
    }
    /// It does not run on return, until it is enabled as often.  Context: not its own function, nor anybody for whom that
    /// waits.
    static void disable(tasklet_node& t) noexcept {
        disable_nosync(t);
        wait_for_end(t);
    }
    static void enable(tasklet_node& t) noexcept { atomic<std::int32_t>(t.count).fetch_sub(1, release); }
    /// Spins.  Context: as disable().
    static void wait_for_end(tasklet_node& t) noexcept {
        for (unsigned round = 0; (atomic<unsigned long>(t.state).load(seq_cst) & running) != 0; ++round)
            Arch::relax(round);   // [tasklet.disable]
    }
    /// Waits until it has run, if it was scheduled; afterwards it is not scheduled, unless somebody does so again.
    /// Context: process; in interrupt that is said, and nothing is waited for that cannot come.
    static void kill_and_wait(tasklet_node& t, location at) noexcept {
        if (context<Arch>::in_interrupt()) {
            detail::say(channel::kernel, severity::note, "tasklet_kill", at, "Attempt to kill tasklet from interrupt");
            if (context<Arch>::in_serving_softirq() || context<Arch>::in_hardirq()) return;
        }
        atomic<unsigned long> state(t.state);
        for (unsigned round = 0; (state.fetch_or(scheduled, acq_rel) & scheduled) != 0; ++round) {
            if (round == told_after && atomic<std::int32_t>(t.count).load(relaxed) != 0)   // relaxed: for a report
                detail::say(channel::advice, severity::warn, "tasklet_kill", at,
                            "tasklet %p is disabled and scheduled: it cannot run, and this waits for it",
                            static_cast<void*>(&t));
            Arch::relax(round);
        }
        wait_for_end(t);
        state.fetch_and(~scheduled, release);   // [tasklet.state]
    }

    // ---- those that are left -------------------------------------------------------------------------------------

    static const void* function_of(const tasklet_node& t) noexcept {
        return t.use_callback ? reinterpret_cast<void*>(t.callback) : reinterpret_cast<void*>(t.func);
    }
    /// f(tasklet) for each that is scheduled there.  Context: no bottom halves of that CPU run, see hold().
    template <class F>
    static void for_each(cpu& c, F f) noexcept {
        for (tasklet_node*& first : c.tasklets)
            for (tasklet_node* t = atomic<tasklet_node*>(first).load(acquire); t != nullptr;
                 t = t->next)   // [tasklet.list]
                f(*t);
    }
    /// Takes them off, so that they may be scheduled again, elsewhere.  Context: as above, and none will run any more.
    template <class F>
    static void drop_all(cpu& c, F f) noexcept {
        for (tasklet_node*& first : c.tasklets) {
            tasklet_node* l =
                detail::reversed(atomic<tasklet_node*>(first).exchange(nullptr, acquire));   // [tasklet.list]
            while (l != nullptr) {
                tasklet_node& t = *l;
                l = t.next;
                t.next = nullptr;
                f(t);
                atomic<unsigned long>(t.state).fetch_and(~scheduled, release);   // [tasklet.state]
            }
        }
    }

private:
    static void call(tasklet_node& t) noexcept {
        const void* const function = function_of(t);
        detail::tracepoint<Arch>(trace::event::tasklet_entry, &t, function);
        detail::contain<Arch>("tasklet_action_common", "tasklet", function, [&t] {
            if (t.use_callback)
                detail::call(t.callback, &t);
            else if (t.func != nullptr)
                t.func(t.data);
            else
                detail::say(channel::advice, severity::bug, "tasklet_action_common", location::current(),
                            "tasklet %p has no function", static_cast<void*>(&t));
        });
        detail::tracepoint<Arch>(trace::event::tasklet_exit, &t, function);
    }
    static constexpr unsigned told_after = 2000;   // rounds, a tenth of a second

    static void put(cpu& c, tasklet_node& t, priority p) noexcept {
        atomic<tasklet_node*> head(c.tasklets[p]);
        tasklet_node* first = head.load(relaxed);   // relaxed: the exchange decides
        do t.next = first;
        while (!head.compare_exchange_weak(first, &t, release, relaxed));   // [tasklet.list] its link
        c.all->raise(c, p == high ? softirq::hi : softirq::tasklet);
    }
};

}   // namespace bottomhalf
