// SPDX-License-Identifier: MIT
// worker.hpp: one thread of a pool, one call of a handler, and those who wait for the end of one.  The pool decides what
// is called and when, see worker_pool.hpp; the rules of exclusion are written there.
#pragma once

#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/sync/rcu.hpp>
#include <bottomhalf/trace.hpp>
#include <bottomhalf/work.hpp>

namespace bottomhalf {

/// Somebody who waits for the end of an item's run.  Lives on his stack.
struct flush_waiter {
    work_item* item = nullptr;
    flush_waiter* next = nullptr;
    std::uint32_t done = waiting;   // A [flush.done]

    enum : std::uint32_t { waiting, ended, asleep };
};

/// One call of a handler, and then the next.  Lives on the worker's stack; a handler that flushes its own queue has others on
/// top of it.
template <class Arch>
struct running_item {
    running_item* outer;
    work_item* item = nullptr;
    detail::handler handler{};
    unsigned long word = 0;   // of the item, as it was on the worklist
    pool_workqueue<Arch>* pwq = nullptr;
    unsigned colour = 0;
    flush_waiter* waiters = nullptr;
    bool flushing = false;     // guarded by the pool's lock: it waits in a flush of its own queue
    std::uint32_t again = 0;   // A [work.again] 1: its handler has queued its own item, which is nowhere else meanwhile
};

template <class Arch>
struct worker {
    worker_pool<Arch>* pool = nullptr;       // I
    running_item<Arch>* current = nullptr;   // guarded by the pool's lock; its own thread reads it without
    arch::task* self = nullptr;              // S
    std::int32_t pid = 0;                    // guarded by the pool's lock; 0: it has not begun
    unsigned number = 0;                     // I: among the pool's
    detail::list scheduled;                  // guarded by the pool's lock: items that must run after `current`, here
    bool counted = false;                    // guarded by the pool's lock: in nr_running, if it is not
    bool blocked = false;                    // guarded by the pool's lock: asleep in a primitive of ours
    bool intensive = false;                  // guarded by the pool's lock: what it runs does not count (CPU_INTENSIVE)
    std::uint32_t runs = 0;                  // guarded by the pool's lock: that have begun
    std::uint32_t wakes = 0;                 // guarded by the pool's lock: how often one has gone on
    std::uint32_t seen = 0;                  // guarded by the pool's lock: the two together, at
    arch::ns_t seen_at = 0;                  // guarded by the pool's lock: this time
    arch::ns_t computed = 0;                 // guarded by the pool's lock: and had computed so long then
    bool is_rescuer = false;                 // I: not of any pool for good
    char desc[32] = {};                      // S: set_worker_desc(), of the current item
    int inline_depth = 0;                    // S: runs inside a flush of its own queue
    worker* next = nullptr;                  // guarded by the pool's lock
    typename Arch::thread thread;
};

/// Whether a pool comes on, as whoever looks once in a while has it: workqueue_watchdog.hpp.  The pool's lock guards it.
struct pool_progress {
    std::uint32_t gone = 0;                // what workers ran who have left
    std::uint32_t runs = 0;                // all that have begun, at the last look,
    const detail::link* first = nullptr;   // and what was to run next
    arch::ns_t moved_at = 0;               // the look at which either was new
    arch::ns_t told_until = 0;             // it has been said that this one is stuck
};

/// A list of them.  Its owner's lock guards it.
template <class Arch>
class flush_waiters {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    void add(flush_waiter& f) noexcept {
        f.next = first_;
        first_ = &f;
    }
    [[nodiscard]] bool none() const noexcept { return first_ == nullptr; }
    /// Return: those who wait for `w`, for release().
    flush_waiter* take(const work_item& w) noexcept {
        if (first_ == nullptr) [[likely]]
            return nullptr;
        return take_some(w);
    }

    /// Returns when `f` is released.  Context: process; no lock held.
    static void sleep(flush_waiter& f, const char* why) noexcept {
        std::uint32_t s = flush_waiter::waiting;
        // [flush.done] acquire: all that the handler did
        if (atomic<std::uint32_t>(f.done).compare_exchange_strong(s, flush_waiter::asleep, acquire, acquire))
            detail::block<Arch>(f.done, flush_waiter::asleep, arch::forever, why);
    }
    static void release(flush_waiter* f) noexcept {
        while (f != nullptr) {
            flush_waiter* next = f->next;   // read first: `f` is on the stack of one who may be gone in a moment
            std::uint32_t& done = f->done;
            // [flush.done] release: all that the handler did is visible to him.  What follows uses the address only; to wake
            // nobody there, or somebody else, does no harm.
            if (atomic<std::uint32_t>(done).exchange(flush_waiter::ended, acq_rel) == flush_waiter::asleep)
                Arch::unpark(done, 1);
            f = next;
        }
    }

private:
    BOTTOMHALF_COLD flush_waiter* take_some(const work_item& w) noexcept {
        flush_waiter* mine = nullptr;
        for (flush_waiter** at = &first_; *at != nullptr;) {
            flush_waiter* f = *at;
            if (f->item != &w) {
                at = &f->next;
                continue;
            }
            *at = f->next;
            f->next = mine;
            mine = f;
        }
        return mine;
    }

    flush_waiter* first_ = nullptr;
};

namespace detail {
/// Of an item that is let in, under its pool's lock.
template <class Arch>
void trace_activation([[maybe_unused]] work_item& w) noexcept {
    if constexpr (trace::compiled_in)
        tracepoint<Arch>(trace::event::workqueue_activate_work, &w, handler::of<Arch>(w).address());
}
}   // namespace detail

/// Calls a handler in process context.  Nothing that it does wrong ends the worker: what it leaves behind is reported, and
/// put right.
template <class Arch>
BOTTOMHALF_INLINE void run_handler(const detail::handler& h, work_item* w) noexcept {
    arch::task& t = Arch::current();
    const std::uint32_t count = t.preempt_count, locks = t.locks, rcu = t.rcu;
    const auto call = [&] {
        if (!h.has_data()) return detail::call(h.func, w);
        if (h.with_data != nullptr) [[likely]]
            return h.with_data(h.data);
        detail::say(channel::advice, severity::bug, "run_workqueue", location::current(), "work item %p has no handler",
                    static_cast<void*>(w));
    };
    detail::tracepoint<Arch>(trace::event::workqueue_execute_start, w, h.address());
    detail::contain<Arch>("process_one_work", "work queue handler", h.address(), call);
    detail::tracepoint<Arch>(trace::event::workqueue_execute_end, w, h.address());   // its address: it may be gone
    if (t.preempt_count != count || Arch::irqs_masked() || t.locks != locks || t.rcu != rcu) [[unlikely]] {
        using reader = rcu_domain<Arch>;
        detail::say(channel::kernel, severity::bug, "process_one_work", location::current(),
                    "workqueue leaked atomic, lock or RCU: %s[%d]\n"
                    "     preempt=0x%08x lock=%u->%u RCU=%u->%u workfn=%p%s",
                    t.comm, static_cast<int>(t.pid), static_cast<unsigned>(t.preempt_count),
                    static_cast<unsigned>(locks), static_cast<unsigned>(t.locks), reader::depth(rcu),
                    reader::depth(t.rcu), h.address(), Arch::irqs_masked() ? ", interrupts left disabled" : "");
        t.preempt_count = count;
        irq_section<Arch>::leave();
        if ((count & softirq_mask) == 0) softirq_controller<Arch>::let_go_of_section(true);
        while (reader::depth(t.rcu) > reader::depth(rcu)) reader::end_read(location::current());
        // Locks stay as they are: the next item may let go of them.
    }
}

}   // namespace bottomhalf
