// SPDX-License-Identifier: MIT
// <linux/workqueue.h> of 2.6: defer work to a thread that may sleep.
//
//   static void my_handler(void *data) { ... }                 // process context
//   static DECLARE_WORK(my_work, my_handler, &my_device);      // or INIT_WORK(&dev->work, my_handler, dev)
//   schedule_work(&my_work);                                   // from a top half: run it soon, on events/N
//   schedule_delayed_work(&my_work, 5 * HZ);                   // not before five seconds have passed
//   flush_scheduled_work();                                    // all that was queued before has run
//
// What each call returns in each state of an item, and what becomes of it:
//
//                         idle       on its timer   queued   running    running, and queued or on its timer again
//   queue_work            1          0              0        1          0
//   queue_delayed_work    1, armed   0              0        1, armed   0
//   cancel_delayed_work   0          1, idle        0        0          0, or 1 if it was the timer
//
// A pending item keeps its time; a queued item cannot be taken back.
//
// 2.6 could run an item on two CPUs at once, and lost what was queued while its queue was destroyed.  Here an item
// never runs beside itself, and nothing queued is lost; where 2.6 would have gone wrong, the advice channel says so.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/timer.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

/// A piece of work: the core's data_item, member for member.  Plain, so that it may be cleared, copied while idle, and jumped over by goto.
struct BOTTOMHALF_ALIASES work_struct {
    unsigned long pending;   // bit 0: claimed, and not yet begun; the rest is the core's
    void* entry[2];
    work_func run;
    struct {
        void* entry[2];
        unsigned long expires;
        void (*function)(timer_node*);
        std::uint32_t flags;
        std::uint16_t slot, cpu;
    } timer;
    void* wq_data;
    void (*func)(void*);   // A: the handler, read as the item starts, while it still counts as pending
    void* data;            // A: its argument
};
static_assert(sizeof(void*) != 8 || sizeof(work_struct) == 96);
static_assert(std::is_standard_layout_v<work_struct> && std::is_trivial_v<work_struct>);
static_assert(offsetof(work_struct, pending) == offsetof(work_item, data) &&
              offsetof(work_struct, entry) == offsetof(work_item, entry) &&
              offsetof(work_struct, run) == offsetof(work_item, func) &&
              offsetof(work_struct, timer) == offsetof(delayed_item, timer) &&
              offsetof(work_struct, wq_data) == offsetof(delayed_item, wq) &&
              offsetof(work_struct, func) == offsetof(data_item, func) &&
              offsetof(work_struct, data) == offsetof(data_item, data) && sizeof(work_struct) == sizeof(data_item));

struct workqueue_struct;   // opaque: a basic_workqueue_struct<engine>

struct execute_work {
    struct work_struct work;
};

namespace impl {

using bottomhalf::detail::call_with_data;

inline queue_t* core(workqueue_struct* wq) noexcept { return reinterpret_cast<queue_t*>(wq); }
inline delayed_item& core(work_struct& w) noexcept { return reinterpret_cast<delayed_item&>(w); }
inline work_item& item(work_struct& w) noexcept { return core(w).work; }

[[nodiscard]] constexpr work_struct idle_work(void (*func)(void*), void* data) noexcept {
    return {0,    {},  &call_with_data, {{}, 0, &delayed::expire, timer_irqsafe | timer_of_work, 0, 0}, nullptr,
            func, data};
}

/// Is this, whatever it looks like, an item that a machine has in its hands?  Memory that has been freed and allocated
/// again can look like one that is pending, so only a place where it waits is believed.
inline bool really_pending(work_struct& w) noexcept {
    if (w.run != &call_with_data)
        return false;   // NOLINT(clang-analyzer-core.*): the memory may be fresh, and hold anything
    if (!was_pending<engine>(item(w))) return false;
    machine_t& m = default_machine_of<engine>();
    if (!m.is_up()) return false;
    bool found = false;
    m.for_each_work([&](const char*, const work_item& each, const char* where) {
        if (&each == &item(w) && *where == 'p') found = true;
    });
    if (!found) m.time().for_each([&](const timer_node& t) { found = found || &t == &core(w).timer; });
    return found;
}
inline void prepare_work(work_struct* w, void (*func)(void*), void* data) noexcept {
    atomic<void (*)(void*)>(w->func).store(func, relaxed);   // relaxed: queueing publishes it [work.pending]
    atomic<void*>(w->data).store(data, relaxed);
}
inline void init_work(work_struct* w, void (*func)(void*), void* data, location at = location::current()) noexcept {
    read_as_it_is(*w);
    if (really_pending(*w)) [[unlikely]] {
        detail::say(kernel, severity::bug, "__init_work", at,
                    "ODEBUG: init active (active state 0) object: %p object type: work_struct hint: %p\n"
                    "it stays pending, with its old handler",
                    static_cast<void*>(w), address(w->func));
        return;
    }
    // An item that is running must not forget where, or it could run beside itself.  Of memory that is not an item, 32
    // bits of zeroes and a number come through, which is as good as nothing.
    const bool known = w->run == &call_with_data && (w->pending & 0xffff'ffffUL) == 0;
    const unsigned long last_pool = known ? w->pending : 0;
    *w = idle_work(func, data);
    w->pending = last_pool;
}

/// What no state of an item allows.  Return: false, and the report is made.
inline bool is_sound(const work_struct* w, const char* function, location at) noexcept {
    if (w != nullptr && w->func != nullptr && w->run == &call_with_data) [[likely]]
        return true;
    if (w == nullptr)
        detail::say(advice, severity::bug, function, at, "no work item");
    else if (w->func != nullptr)
        detail::say(advice, severity::bug, function, at, "work item %p was never initialised; not queued",
                    static_cast<const void*>(w));
    else
        detail::say(advice, severity::bug, function, at, "work item %p has no handler; not queued",
                    static_cast<const void*>(w));
    return false;
}

BOTTOMHALF_STATE inline constinit std::uint32_t told_reentrance = 0;
BOTTOMHALF_STATE inline constinit std::uint32_t told_lost = 0;

/// Would 2.6 have started it here while it runs on another CPU?  Context: any; never waits for a lock.
inline bool runs_on_another_cpu(queue_t* q, work_struct& w) noexcept {
    if (q == nullptr || q->nr_links == 1) return false;
    const unsigned long d = bottomhalf::detail::data_of<engine>(item(w)).load(relaxed);   // relaxed: a guess
    const unsigned last = bottomhalf::detail::word::last_pool(d);
    if (last == 0 || last == q->link_for(ops::this_cpu(q->nr_cpus)).pool->number()) return false;
    auto* pool = machine_t::pool_t::by_number(last);
    if (pool == nullptr) return false;
    bottomhalf::detail::irq_guard<engine> masked;
    if (!pool->lock.try_lock()) return false;
    const bool runs = pool->find_running(item(w)) != nullptr;
    pool->lock.unlock();
    return runs;
}
inline int queue(queue_t* q, work_struct* w, const char* function, location at) noexcept {
    if (!is_sound(w, function, at)) return 0;
    const bool twice = told_reentrance == 0 && runs_on_another_cpu(q, *w);
    if (!ops::queue_work(q, item(*w), at)) return 0;
    if (twice && first_time(told_reentrance)) [[unlikely]]
        detail::say(
            advice, severity::note, function, at,
            "work item %p of %s still runs on another CPU; 2.6 could have run it on both at once, here it runs again "
            "after that (said once)",
            static_cast<void*>(w), q->name);
    return 1;
}
inline int queue_delayed_on(unsigned cpu, queue_t* q, work_struct* w, unsigned long delay, const char* function,
                            location at) noexcept {
    if (!is_sound(w, function, at)) return 0;
    return delayed::queue_on(cpu, q, core(*w), delay, delayed::zero::next_tick, at) ? 1 : 0;
}
inline int queue_delayed(queue_t* q, work_struct* w, unsigned long delay, const char* function, location at) noexcept {
    return queue_delayed_on(q != nullptr ? ops::this_cpu(q->nr_cpus) : 0, q, w, delay, function, at);
}
inline unsigned checked_cpu(int cpu, const queue_t* q, const char* function, location at) noexcept {
    if (q == nullptr) return 0;
    if (cpu >= 0 && static_cast<unsigned>(cpu) < q->nr_cpus) return static_cast<unsigned>(cpu);
    detail::say(advice, severity::warn, function, at, "there is no CPU %d, queue %s has %u; using this CPU", cpu,
                q->name, q->nr_cpus);
    return ops::this_cpu(q->nr_cpus);
}

/// What create_workqueue() and its sibling share.
inline workqueue_struct* create(const char* name, queue_kind kind, const char* function, location at) noexcept {
    if (name == nullptr || *name == '\0') {
        detail::say(advice, severity::bug, function, at, "a work queue needs a name");
        return nullptr;
    }
    if (std::strlen(name) > 10)
        detail::say(kernel, severity::bug, function, at, "BUG_ON(strlen(name) > 10): \"%s\"", name);
    if (!ctx::might_sleep(function, at)) return nullptr;
    machine_t* m = machine(at);
    return m == nullptr ? nullptr : reinterpret_cast<workqueue_struct*>(m->create_queue(name, kind, 0, nullptr, at));
}

}   // namespace impl

// ---- the default queue ---------------------------------------------------------------------------------------------

/// Queues `work` on keventd's queue, to run on thread events/N of the CPU that the caller is on.
/// Context: any, async-signal-safe (the first call of a program, which starts the threads: process).
/// Return:  1 if this call queued it.  0 if it was pending already: that run is still to come, and sees what the caller
///          has written.  There is no other failure.
/// Order:   what the caller wrote before this call is visible to the handler [work.pending].
/// Source:  schedule_work(), kernel/workqueue.c.  Differs: an item that still runs on another CPU runs again there,
///          after itself; 2.6 could run it on both at once.
inline int schedule_work(struct work_struct* work, location at = location::current()) noexcept {
    return impl::queue(impl::events(at), work, "schedule_work", at);
}

/// Queues `work` on keventd's queue once `delay` ticks have gone by, on the CPU that the caller is on.
/// Context: any, async-signal-safe, as schedule_work().
/// Units:   `delay` in jiffies (1/HZ s): whole ticks, counted from now.  0: the next tick.
/// Return:  1 if this call armed it.  0 if it was pending already: then nothing changes, not even the time.
/// Source:  schedule_delayed_work(), kernel/workqueue.c.  Differs: at least `delay` ticks in real time; 2.6 could be up
///          to one tick early.
inline int schedule_delayed_work(struct work_struct* work, unsigned long delay,
                                 location at = location::current()) noexcept {
    return impl::queue_delayed(impl::events(at), work, delay, "schedule_delayed_work", at);
}
/// The same, to run on emulated CPU `cpu`.
inline int schedule_delayed_work_on(int cpu, struct work_struct* work, unsigned long delay,
                                    location at = location::current()) noexcept {
    impl::queue_t* q = impl::events(at);
    return impl::queue_delayed_on(impl::checked_cpu(cpu, q, "schedule_delayed_work_on", at), q, work, delay,
                                  "schedule_delayed_work_on", at);
}

/// Waits until everything that was queued on keventd's queue before the call has run.
/// Context: process.  Called in a top half, or with a spinlock held, it says so and returns.
///          In a handler of the queue: runs the rest of its CPU's items here and now, as 2.6 did.
/// Source:  flush_scheduled_work(), kernel/workqueue.c.  Items on their timers are not waited for:
///          cancel_delayed_work() first.
inline void flush_scheduled_work(location at = location::current()) noexcept {
    if (!impl::ctx::might_sleep("flush_scheduled_work", at)) return;
    if (impl::queue_t* q = default_machine_of<engine>().events_if_up()) impl::ops::flush_workqueue(q, at);
}

/// Takes `work` off its timer.
/// Context: process.  It waits, spinning, while the timer's function runs; so not in a top half, and not under a lock.
/// Return:  1 if it was on its timer and is idle now.  0 otherwise: idle, or queued, or running.  A queued item stays
///          queued: flush the queue after this call, and the item is at rest.
/// Source:  cancel_delayed_work(), include/linux/workqueue.h.
inline int cancel_delayed_work(struct work_struct* work, location at = location::current()) noexcept {
    if (work == nullptr) return impl::is_sound(work, "cancel_delayed_work", at), 0;
    if (impl::atomic<void*>(work->wq_data).load(relaxed) == nullptr || impl::ops::in_child())
        return 0;   // never armed; or on the parent's clock.  relaxed: only whether it is null
    impl::machine_t* m = &default_machine_of<engine>();
    if (!m->is_up()) return 0;   // nobody to fire it
    impl::time_t& time = m->time();
    bool armed = false;
    {
        bottomhalf::detail::irq_guard<engine> masked;   // between timer and PENDING nobody of this CPU gets in
        armed = time.del(impl::core(*work).timer);
        if (armed) impl::ops::let_go(impl::item(*work));
    }
    if (impl::ctx::in_hardirq())
        detail::say(impl::advice, severity::bug, "cancel_delayed_work", at,
                    "called in a top half, where it must not wait for the timer's function");
    else if (!armed)
        for (unsigned round = 0; time.is_running(impl::core(*work).timer); ++round)
            engine::relax(round);   // now it is queued
    return armed ? 1 : 0;
}

/// Whether keventd's queue is there; starts it if that can be done here.  Context: any.
inline int keventd_up(location at = location::current()) noexcept {
    if (impl::ctx::in_atomic() || impl::ctx::irqs_disabled())
        return default_machine_of<engine>().events_if_up() != nullptr;
    return impl::events(at) != nullptr;
}
/// Whether the caller is on the thread events/N of its CPU.  Context: any.
inline int current_is_keventd() noexcept {
    impl::queue_t* q = default_machine_of<engine>().events_if_up();
    auto* me = impl::machine_t::pool_t::current_worker();
    return q != nullptr && me != nullptr && me->pool == q->link_for(impl::ops::this_cpu(q->nr_cpus)).pool;
}

// ---- queues of one's own -------------------------------------------------------------------------------------------

/// A queue with one thread per CPU, name/0, name/1, ...
/// Context: process; allocates, starts threads.
/// Return:  NULL if a thread or memory could not be had (nothing is left behind then), or without a name.
/// Errors:  a name of more than 10 characters is reported, and works.
/// Source:  create_workqueue(), include/linux/workqueue.h.  Differs: the name is copied.
inline struct workqueue_struct* create_workqueue(const char* name, location at = location::current()) noexcept {
    return impl::create(name, queue_kind::per_cpu, "create_workqueue", at);
}
/// A queue with one thread, called `name`, whichever CPU queues.
inline struct workqueue_struct* create_singlethread_workqueue(const char* name,
                                                              location at = location::current()) noexcept {
    return impl::create(name, queue_kind::single_thread, "create_singlethread_workqueue", at);
}
/// Runs all that is queued, ends the threads, and the queue is gone.
/// Context: process, not a handler of the queue (reported; the queue stays then).
/// Source:  destroy_workqueue(), kernel/workqueue.c.  Differs: what handlers queue meanwhile runs, too; 2.6 lost it, or
///          hung.  An item that is still on its timer is reported, and will not be queued.
inline void destroy_workqueue(struct workqueue_struct* wq, location at = location::current()) noexcept {
    impl::queue_t* q = impl::core(wq);
    if (impl::ops::forked("destroy_workqueue", at)) return;
    const bool usual = q != nullptr &&
                       (q->state().load(relaxed) & (wq_flag::dead | wq_flag::system)) == 0 &&   // relaxed: a look
                       impl::ops::running_of(impl::machine_t::pool_t::current_worker(), *q) == nullptr &&
                       !impl::ctx::in_atomic() && !impl::ctx::irqs_disabled();
    if (usual) {
        impl::ops::flush_workqueue(q, at);   // all that 2.6 did
        if (!impl::ops::is_idle(*q) && impl::first_time(impl::told_lost))
            detail::say(
                impl::advice, severity::note, "destroy_workqueue", at,
                "work was queued on %s while it was flushed for the last time; 2.6 would have lost it, or hung, here "
                "it runs (said once)",
                q->name);
    }
    default_machine_of<engine>().destroy_queue(q, at);
}

/// As schedule_work(), on the queue `wq`: the thread of the CPU that the caller is on, or the single one.
/// Return: 1 if this call queued it, 0 if it was pending already.
inline int queue_work(struct workqueue_struct* wq, struct work_struct* work,
                      location at = location::current()) noexcept {
    return impl::queue(impl::core(wq), work, "queue_work", at);
}
/// As schedule_delayed_work(), on the queue `wq`.
inline int queue_delayed_work(struct workqueue_struct* wq, struct work_struct* work, unsigned long delay,
                              location at = location::current()) noexcept {
    return impl::queue_delayed(impl::core(wq), work, delay, "queue_delayed_work", at);
}
inline int queue_delayed_work_on(int cpu, struct workqueue_struct* wq, struct work_struct* work, unsigned long delay,
                                 location at = location::current()) noexcept {
    impl::queue_t* q = impl::core(wq);
    return impl::queue_delayed_on(impl::checked_cpu(cpu, q, "queue_delayed_work_on", at), q, work, delay,
                                  "queue_delayed_work_on", at);
}
/// As flush_scheduled_work(), for the queue `wq`.
inline void flush_workqueue(struct workqueue_struct* wq, location at = location::current()) noexcept {
    impl::ops::flush_workqueue(impl::core(wq), at);
}

/// Brings an item that arms itself again to rest: cancels it, or flushes the queue and tries again.
/// Context: process, not the item's own handler (reported).
/// Source:  cancel_rearming_delayed_workqueue(), kernel/workqueue.c of 2.6.18.  Differs: 2.6 loops for ever if the item
///          is idle, or stops arming itself; here that ends, and is reported.
inline void cancel_rearming_delayed_workqueue(struct workqueue_struct* wq, struct work_struct* work,
                                              location at = location::current()) noexcept {
    constexpr const char* function = "cancel_rearming_delayed_workqueue";
    if (work == nullptr) return void(impl::is_sound(work, function, at));
    if (impl::ops::forked(function, at)) return;
    if (!impl::ctx::might_sleep(function, at)) return void(cancel_delayed_work(work, at));
    work_item& w = impl::item(*work);
    for (unsigned round = 0; cancel_delayed_work(work, at) == 0; engine::relax(round++)) {
        if (impl::ops::current_work() == &w) {
            detail::say(impl::advice, severity::bug, function, at,
                        "called by the handler of item %p itself; not waiting", static_cast<void*>(work));
            return;
        }
        impl::ops::flush_workqueue(impl::core(wq), at);
        // Pending is asked twice: what runs at the first look may arm itself before the second.
        if (was_pending<engine>(w) || impl::ops::is_running(w) || was_pending<engine>(w)) continue;
        detail::say(impl::advice, severity::warn, function, at,
                    "item %p is idle and does not arm itself; 2.6 would spin for ever", static_cast<void*>(work));
        return;
    }
}
inline void cancel_rearming_delayed_work(struct work_struct* work, location at = location::current()) noexcept {
    cancel_rearming_delayed_workqueue(reinterpret_cast<workqueue_struct*>(impl::events(at)), work, at);
}

/// Calls `func(info)` once on the thread events/N of each CPU, and waits for all of them.
/// Context: process.  Return: 0, -ENOMEM, or -EINVAL where it must not sleep.
inline int schedule_on_each_cpu(void (*func)(void*), void* info, location at = location::current()) noexcept {
    if (!impl::ctx::might_sleep("schedule_on_each_cpu", at)) return -EINVAL;
    impl::queue_t* q = impl::events(at);
    auto* works = q == nullptr ? nullptr : static_cast<work_struct*>(std::calloc(q->nr_cpus, sizeof(work_struct)));
    if (works == nullptr) return -ENOMEM;
    for (unsigned cpu = 0; cpu < q->nr_cpus; ++cpu) {
        impl::init_work(&works[cpu], func, info, at);
        impl::ops::queue_work_on(cpu, q, impl::item(works[cpu]), at);
    }
    impl::ops::flush_workqueue(q, at);
    std::free(works);
    return 0;
}

/// Calls fn(data) here and now if the context is process, else by keventd.  Return: 0: done.  1: it will be.
inline int execute_in_process_context(void (*fn)(void*), void* data, struct execute_work* ew,
                                      location at = location::current()) noexcept {
    if (!impl::ctx::in_interrupt()) {
        fn(data);
        return 0;
    }
    impl::init_work(&ew->work, fn, data, at);
    schedule_work(&ew->work, at);
    return 1;
}

/// Claimed and not yet begun.  Stale when read.
inline int work_pending(const struct work_struct* work) noexcept {
    return was_pending<engine>(impl::item(const_cast<work_struct&>(*work)));
}
inline int delayed_work_pending(const struct work_struct* work) noexcept { return work_pending(work); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::cancel_delayed_work;
using bottomhalf::linux26::cancel_rearming_delayed_work;
using bottomhalf::linux26::cancel_rearming_delayed_workqueue;
using bottomhalf::linux26::create_singlethread_workqueue;
using bottomhalf::linux26::create_workqueue;
using bottomhalf::linux26::current_is_keventd;
using bottomhalf::linux26::delayed_work_pending;
using bottomhalf::linux26::destroy_workqueue;
using bottomhalf::linux26::execute_in_process_context;
using bottomhalf::linux26::execute_work;
using bottomhalf::linux26::flush_scheduled_work;
using bottomhalf::linux26::flush_workqueue;
using bottomhalf::linux26::keventd_up;
using bottomhalf::linux26::queue_delayed_work;
using bottomhalf::linux26::queue_delayed_work_on;
using bottomhalf::linux26::queue_work;
using bottomhalf::linux26::schedule_delayed_work;
using bottomhalf::linux26::schedule_delayed_work_on;
using bottomhalf::linux26::schedule_on_each_cpu;
using bottomhalf::linux26::schedule_work;
using bottomhalf::linux26::work_pending;
using bottomhalf::linux26::work_struct;
using bottomhalf::linux26::workqueue_struct;

// The arguments of these are (item, function, data).  The last two come as they are, so that a lambda may have commas.

/// An idle item, as a constant: static items work before main() and after it.
#define __WORK_INITIALIZER(name, ...) ::bottomhalf::linux26::impl::idle_work(__VA_ARGS__)

/// Declares the item `name`, whose handler is `void function(void *)`, called with `data`.
#define DECLARE_WORK(name, ...) struct work_struct name = __WORK_INITIALIZER(name, __VA_ARGS__)

/// Makes an item of the memory at `work`.  An item that is pending stays so, and is reported.
#define INIT_WORK(work, ...) ::bottomhalf::linux26::impl::init_work((work), __VA_ARGS__)

/// Gives an item another handler and argument; a queued one starts with them if it has not begun.
#define PREPARE_WORK(work, ...) ::bottomhalf::linux26::impl::prepare_work((work), __VA_ARGS__)
