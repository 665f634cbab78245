// SPDX-License-Identifier: MIT
// <linux/workqueue.h>: work queues as they are today (6.12): handlers get the item, container_of() finds what it is in.
//
//   struct device { struct work_struct work; ... };
//   static void handler(struct work_struct *w) { struct device *d = container_of(w, struct device, work); ... }
//   INIT_WORK(&d->work, handler);
//   schedule_work(&d->work);                       any context
//   cancel_work_sync(&d->work);                    process context; neither pending nor running afterwards
//
// Where this differs from the kernel:
//   * an item queued on a queue that is being drained or destroyed is refused: reported, false, and the item is idle.
//     The kernel warns, returns true, and leaves it pending for good.
//   * WQ_POWER_EFFICIENT queues are per CPU, as where the kernel is not told to save power.
//   * WQ_UNBOUND has one pool in all, and one of high priority: there is one node, and attributes but the priority are
//     noted down only.  There is no CPU hotplug.
//   * WQ_HIGHPRI workers have a pool of their own, and nice -20 where the process may have that.
//   * WQ_SYSFS: there is no /sys; bottomhalf_show_workqueue_sysfs() prints what would be there.
//   * a delayed item that still waits for its time when its queue is destroyed is not queued any more (the kernel uses
//     freed memory); both that and the destroying are reported.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/bottomhalf.h>
#include <linux/bottomhalf_format.h>
#include <linux/bottomhalf_work.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

// ---- queues ---------------------------------------------------------------------------------------------------------

inline constexpr workqueue_struct* system_wq = &impl::system_queues[impl::sys_events];
inline constexpr workqueue_struct* system_percpu_wq = &impl::system_queues[impl::sys_percpu];
inline constexpr workqueue_struct* system_highpri_wq = &impl::system_queues[impl::sys_highpri];
inline constexpr workqueue_struct* system_long_wq = &impl::system_queues[impl::sys_long];
inline constexpr workqueue_struct* system_unbound_wq = &impl::system_queues[impl::sys_unbound];
inline constexpr workqueue_struct* system_dfl_wq = &impl::system_queues[impl::sys_dfl];
inline constexpr workqueue_struct* system_freezable_wq = &impl::system_queues[impl::sys_freezable];
inline constexpr workqueue_struct* system_power_efficient_wq = &impl::system_queues[impl::sys_power_efficient];
inline constexpr workqueue_struct* system_freezable_power_efficient_wq =
    &impl::system_queues[impl::sys_freezable_power_efficient];
/// Their items run in a softirq: they may not sleep.
inline constexpr workqueue_struct* system_bh_wq = &impl::system_queues[impl::sys_bh];
inline constexpr workqueue_struct* system_bh_highpri_wq = &impl::system_queues[impl::sys_bh_highpri];

/// What alloc_workqueue() calls.  Context: process; allocates.
/// Return: null if the flags contradict each other, or a thread or memory could not be had.
__attribute__((format(printf, 2, 5))) inline struct workqueue_struct* bottomhalf_alloc_workqueue(
    location at, const char* fmt, unsigned int flags, int max_active, ...) noexcept {
    using bottomhalf::detail::say;
    char name[64];
    va_list args;
    va_start(args, max_active);
    const int length = bottomhalf_vformat(name, sizeof name, fmt, args);
    va_end(args);
    constexpr int room = static_cast<int>(sizeof(impl::core_queue::name)) - 1;
    if (length > room) {
        name[room] = '\0';
        say(channel::kernel, severity::note, "alloc_workqueue", at,
            "workqueue: name exceeds WQ_NAME_LEN. Truncating to: %s", name);
    }
    const bool bh = (flags & WQ_BH) != 0;
    if (bh && ((flags & ~static_cast<unsigned int>(WQ_BH | WQ_HIGHPRI)) != 0 || max_active != 0)) {
        say(channel::kernel, severity::warn, "__alloc_workqueue", at,
            "WARN_ON_ONCE: WQ_BH goes with WQ_HIGHPRI only, and without max_active");
        return nullptr;
    }
    if ((flags & WQ_SYSFS) != 0 && (flags & __WQ_ORDERED) != 0) {
        say(channel::kernel, severity::warn, "workqueue_sysfs_register", at,
            "WARN_ON(wq->flags & __WQ_ORDERED): %s: what sysfs could change must not change there", name);
        return nullptr;
    }
    if ((flags & __WQ_ORDERED) != 0)
        max_active = 1;
    else if (bh)
        max_active = 0x7fffffff;
    else
        max_active = impl::clamp_max_active(max_active == 0 ? static_cast<int>(WQ_DFL_ACTIVE) : max_active, name, at);
    impl::core_machine* m = impl::up(at);
    if (m == nullptr) return nullptr;
    const auto* tag = reinterpret_cast<const void*>(std::uintptr_t{flags});
    return reinterpret_cast<workqueue_struct*>(
        m->create_queue(name, impl::kind_by(flags), max_active, tag, at, impl::wanted_by(flags)));
}

/// Runs what is queued, then ends the queue.  Context: process, not one of its own handlers (reported; it stays then).
inline void destroy_workqueue(struct workqueue_struct* wq, location at = location::current()) noexcept {
    impl::core_queue* q = impl::core(wq, at);
    if (impl::core_machine* m = impl::up(at)) m->destroy_queue(q, at);
}
inline void flush_workqueue(struct workqueue_struct* wq, location at = location::current()) noexcept {
    if (impl::is_system(wq))
        bottomhalf::detail::say(channel::kernel, severity::note, "flush_workqueue", at,
                                "WARNING: Flushing system-wide workqueues will be prohibited in near future.");
    impl::ops::flush_workqueue(impl::core(wq, at), at);
}
inline void flush_scheduled_work(location at = location::current()) noexcept { flush_workqueue(system_percpu_wq, at); }
inline void drain_workqueue(struct workqueue_struct* wq, location at = location::current()) noexcept {
    impl::ops::drain_workqueue(impl::core(wq, at), "drain_workqueue", at);
}
/// Raising it lets held items start at once.  Context: process.
inline void workqueue_set_max_active(struct workqueue_struct* wq, int max_active,
                                     location at = location::current()) noexcept {
    impl::core_queue* q = impl::core(wq, at);
    if (q == nullptr || (impl::flags_of(*q) & (WQ_BH | __WQ_ORDERED)) != 0) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "workqueue_set_max_active", at,
                                "WARN_ON: not for an ordered queue, nor for one of bottom halves; ignored");
        return;
    }
    impl::ops::set_max_active(*q, impl::clamp_max_active(max_active, q->name, at));
}

/// Of unbound queues on several nodes: how many items each may have under way at least.  Here there is one.
inline void workqueue_set_min_active(struct workqueue_struct* wq, [[maybe_unused]] int min_active,
                                     location at = location::current()) noexcept {
    const impl::core_queue* q = impl::core(wq, at);
    if (q == nullptr || (impl::flags_of(*q) & (WQ_BH | WQ_UNBOUND | __WQ_ORDERED)) != WQ_UNBOUND)
        bottomhalf::detail::say(channel::kernel, severity::warn, "workqueue_set_min_active", at,
                                "WARN_ON: for a plain unbound queue only; ignored");
}
/// Attributes of an unbound queue.  Noted down; `nice` is what WQ_HIGHPRI says.
struct workqueue_attrs {
    int nice;
    bool affn_strict;
    bool ordered;
};
inline struct workqueue_attrs* alloc_workqueue_attrs() noexcept { return new (std::nothrow) workqueue_attrs{}; }
inline void free_workqueue_attrs(struct workqueue_attrs* attrs) noexcept { delete attrs; }
/// Context: process.  Return: 0; -EINVAL for a queue that is not unbound (reported), or is ordered.
inline int apply_workqueue_attrs(struct workqueue_struct* wq, [[maybe_unused]] const struct workqueue_attrs* attrs,
                                 location at = location::current()) noexcept {
    const impl::core_queue* q = impl::core(wq, at);
    const bool unbound = q != nullptr && (impl::flags_of(*q) & WQ_UNBOUND) != 0;
    if (!unbound)
        bottomhalf::detail::say(channel::kernel, severity::warn, "apply_workqueue_attrs_locked", at,
                                "WARN_ON(!(wq->flags & WQ_UNBOUND)): a per-CPU queue has no attributes");
    return unbound && (impl::flags_of(*q) & __WQ_ORDERED) == 0 ? 0 : -EINVAL;
}

// ---- suspend: what the power management core calls ------------------------------------------------------------------

/// WQ_FREEZABLE queues start nothing any more.  What runs is not waited for: ask freeze_workqueues_busy().
inline void freeze_workqueues_begin(location at = location::current()) noexcept {
    if (impl::core_machine* m = impl::up(at)) m->freeze(at);
}
/// Return: whether something of them still runs.
inline bool freeze_workqueues_busy(location at = location::current()) noexcept {
    impl::core_machine* m = impl::up(at);
    return m != nullptr && m->is_freezing(at);
}
inline void thaw_workqueues(location at = location::current()) noexcept {
    if (impl::core_machine* m = impl::up(at)) m->thaw();
}

// ---- queueing: any context, async-signal-safe once the machine is up ------------------------------------------------

/// Return: true if this call made it pending.  false: it was already, and the run to come sees what the caller wrote;
/// or it is disabled.
inline bool queue_work(struct workqueue_struct* wq, struct work_struct* w, location at = location::current()) noexcept {
    return impl::ops::queue_work(impl::core(wq, at), impl::item(w), at);
}
/// An item that still runs for the same queue goes where it runs, whatever `cpu` says: it never runs beside itself.
inline bool queue_work_on(int cpu, struct workqueue_struct* wq, struct work_struct* w,
                          location at = location::current()) noexcept {
    if (cpu == WORK_CPU_UNBOUND) return queue_work(wq, w, at);
    return impl::ops::queue_work_on(static_cast<unsigned>(cpu), impl::core(wq, at), impl::item(w), at);
}
/// On a CPU of that NUMA node; there is one node here.  Of unbound queues only; for others the kernel warns, and so do we.
inline bool queue_work_node([[maybe_unused]] int node, struct workqueue_struct* wq, struct work_struct* w,
                            location at = location::current()) noexcept {
    const impl::core_queue* q = impl::core(wq, at);
    if (q != nullptr && (impl::flags_of(*q) & WQ_UNBOUND) == 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "queue_work_node", at,
                                "WARN_ON_ONCE(!(wq->flags & WQ_UNBOUND)): %s is not unbound", q->name);
    return queue_work(wq, w, at);
}
inline bool schedule_work(struct work_struct* w, location at = location::current()) noexcept {
    return queue_work(system_percpu_wq, w, at);
}
inline bool schedule_work_on(int cpu, struct work_struct* w, location at = location::current()) noexcept {
    return queue_work_on(cpu, system_percpu_wq, w, at);
}
/// Queues it once `delay` ticks have gone by, 0 at once.  Return: as queue_work(); a pending item keeps its time.
inline bool queue_delayed_work_on(int cpu, struct workqueue_struct* wq, struct delayed_work* d, unsigned long delay,
                                  location at = location::current()) noexcept {
    return impl::delayed::queue_on(static_cast<unsigned>(cpu), impl::core(wq, at), impl::item(d), delay,
                                   impl::delayed::zero::now, at);
}
inline bool queue_delayed_work(struct workqueue_struct* wq, struct delayed_work* d, unsigned long delay,
                               location at = location::current()) noexcept {
    return queue_delayed_work_on(WORK_CPU_UNBOUND, wq, d, delay, at);
}
inline bool schedule_delayed_work_on(int cpu, struct delayed_work* d, unsigned long delay,
                                     location at = location::current()) noexcept {
    return queue_delayed_work_on(cpu, system_percpu_wq, d, delay, at);
}
inline bool schedule_delayed_work(struct delayed_work* d, unsigned long delay,
                                  location at = location::current()) noexcept {
    return queue_delayed_work(system_percpu_wq, d, delay, at);
}
/// Moves it to `delay` ticks from now, wherever it waits.  Return: was it pending?
inline bool mod_delayed_work_on(int cpu, struct workqueue_struct* wq, struct delayed_work* d, unsigned long delay,
                                location at = location::current()) noexcept {
    return impl::delayed::mod_on(static_cast<unsigned>(cpu), impl::core(wq, at), impl::item(d), delay, at);
}
inline bool mod_delayed_work(struct workqueue_struct* wq, struct delayed_work* d, unsigned long delay,
                             location at = location::current()) noexcept {
    return mod_delayed_work_on(WORK_CPU_UNBOUND, wq, d, delay, at);
}

// ---- after a grace period -----------------------------------------------------------------------------------------------

inline struct rcu_work* to_rcu_work(struct work_struct* w) noexcept {
    return reinterpret_cast<rcu_work*>(w);   // `work` is its first member
}
namespace impl {
/// PENDING passes from the grace period to the queue.
inline void queue_after_grace_period(rcu_head* head) {
    rcu_work* r = container_of(head, rcu_work, rcu);
    work_item& w = item(&r->work);
    core_queue* q = core(r->wq, location::current());
    if (q == nullptr || q->is(wq_flag::dead)) {
        bottomhalf::detail::say(
            channel::advice, severity::bug, "rcu_work_rcufn", location::current(),
            "the queue of an RCU work item was destroyed before its grace period was over; not queued");
        return ops::let_go(w);
    }
    const unsigned long old = bottomhalf::detail::data_of<engine>(w).load(relaxed);   // relaxed: PENDING is ours
    ops::push_owned(*q, ops::this_cpu(q->nr_cpus), w, old, location::current());
}
}   // namespace impl

/// Context: any.  Return: true if this call made it pending: it runs once every reader has left who is inside now.
/// false: it was already, and this call's grace period may not have passed when it runs; or it is disabled (reported).
inline bool queue_rcu_work(struct workqueue_struct* wq, struct rcu_work* r,
                           location at = location::current()) noexcept {
    work_item& w = impl::item(&r->work);
    impl::core_queue* q = impl::core(wq, at);
    if (!impl::ops::may_queue(q, w, at)) return false;
    {
        bottomhalf::detail::irq_guard<engine> masked;   // as in queue_work()
        if (!bottomhalf::detail::claim<engine>(w)) return false;
        constexpr unsigned long disabled = bottomhalf::detail::word::depth_mask;
        if ((bottomhalf::detail::data_of<engine>(w).load(relaxed) & disabled) != 0) {   // relaxed: PENDING is ours
            impl::ops::let_go(w);
            bottomhalf::detail::say(channel::kernel, severity::warn, "queue_rcu_work", at,
                                    "WARN_ON_ONCE(clear_pending_if_disabled(work))");
            return false;
        }
        r->wq = wq;
    }
    call_rcu(&r->rcu, &impl::queue_after_grace_period, at);
    return true;
}

// ---- flush and cancel -----------------------------------------------------------------------------------------------

/// Waits for the last queued instance at the time of the call, else for the running one; not for a timer.
/// Context: process.  Return: whether it waited.
inline bool flush_work(struct work_struct* w, location at = location::current()) noexcept {
    return impl::ops::flush_work(impl::item(w), at);
}
inline bool flush_delayed_work(struct delayed_work* d, location at = location::current()) noexcept {
    return impl::delayed::flush(impl::item(d), at);
}
/// Waits for the grace period, too.  Context: process.  Return: whether it was pending, or was waited for.
inline bool flush_rcu_work(struct rcu_work* r, location at = location::current()) noexcept {
    if (!was_pending<engine>(impl::item(&r->work))) return flush_work(&r->work, at);
    rcu_barrier(at);
    flush_work(&r->work, at);
    return true;
}
/// Return (all of them): was it pending?  The _sync ones also wait for its handler, and whoever tries to queue it
/// meanwhile, its own handler included, is told false.  Context: any; _sync: process.
inline bool cancel_work(struct work_struct* w) noexcept {
    return impl::ops::cancel(impl::item(w), &impl::ops::no_timer);
}
inline bool cancel_delayed_work(struct delayed_work* d) noexcept {
    return impl::ops::cancel(impl::item(&d->work), &impl::delayed::stop_timer);
}
inline bool cancel_work_sync(struct work_struct* w, location at = location::current()) noexcept {
    return impl::ops::cancel_sync(impl::item(w), &impl::ops::no_timer, "cancel_work_sync", at);
}
inline bool cancel_delayed_work_sync(struct delayed_work* d, location at = location::current()) noexcept {
    return impl::ops::cancel_sync(impl::item(&d->work), &impl::delayed::stop_timer, "cancel_delayed_work_sync", at);
}
/// Cancels, and refuses to be queued until enable has been called as often.
inline bool disable_work(struct work_struct* w) noexcept {
    return impl::ops::disable(impl::item(w), &impl::ops::no_timer);
}
inline bool disable_delayed_work(struct delayed_work* d) noexcept {
    return impl::ops::disable(impl::item(&d->work), &impl::delayed::stop_timer);
}
inline bool disable_work_sync(struct work_struct* w, location at = location::current()) noexcept {
    return impl::ops::disable_sync(impl::item(w), &impl::ops::no_timer, "disable_work_sync", at);
}
inline bool disable_delayed_work_sync(struct delayed_work* d, location at = location::current()) noexcept {
    return impl::ops::disable_sync(impl::item(&d->work), &impl::delayed::stop_timer, "disable_delayed_work_sync", at);
}
/// Return: may it be queued again?
inline bool enable_work(struct work_struct* w, location at = location::current()) noexcept {
    return impl::ops::enable(impl::item(w), at);
}
inline bool enable_delayed_work(struct delayed_work* d, location at = location::current()) noexcept {
    return impl::ops::enable(impl::item(&d->work), at);
}
inline bool enable_and_queue_work(struct workqueue_struct* wq, struct work_struct* w,
                                  location at = location::current()) noexcept {
    return enable_work(w, at) && queue_work(wq, w, at);
}

// ---- questions ------------------------------------------------------------------------------------------------------

inline bool work_pending(const struct work_struct* w) noexcept { return was_pending<engine>(impl::item(w)); }
inline bool delayed_work_pending(const struct delayed_work* d) noexcept { return work_pending(&d->work); }
inline unsigned int work_busy(struct work_struct* w) noexcept {
    work_item& i = impl::item(w);
    return (was_pending<engine>(i) ? WORK_BUSY_PENDING : 0U) | (impl::ops::is_running(i) ? WORK_BUSY_RUNNING : 0U);
}
/// The item whose handler the caller is, or null.
inline struct work_struct* current_work() noexcept { return reinterpret_cast<work_struct*>(impl::ops::current_work()); }

/// Whether items wait there because max_active others are under way.  Advice only: stale when read.
inline bool workqueue_congested(int cpu, struct workqueue_struct* wq, location at = location::current()) noexcept {
    impl::core_queue* q = impl::core(wq, at);
    if (q == nullptr) return false;
    return impl::ops::is_congested(
        cpu == WORK_CPU_UNBOUND ? impl::this_cpu(at) : static_cast<unsigned>(cpu) % q->nr_cpus, *q);
}
/// Whether the caller is a queue's rescuer, which must not wait for memory.
inline bool current_is_workqueue_rescuer() noexcept {
    const worker<engine>* k = worker_pool<engine>::current_worker();
    return k != nullptr && k->is_rescuer;
}
/// Says what the handler is at, for whoever looks at its worker; until the next item.  Context: a handler; else nothing
/// happens.
__attribute__((format(printf, 1, 2))) inline void set_worker_desc(const char* fmt, ...) noexcept {
    worker<engine>* k = worker_pool<engine>::current_worker();
    if (k == nullptr || k->current == nullptr) return;
    va_list args;
    va_start(args, fmt);
    bottomhalf_vformat(k->desc, sizeof k->desc, fmt, args);
    va_end(args);
}
/// What is in /sys/bus/workqueue/devices in a kernel: a line "name/attribute: value" for each of those of each WQ_SYSFS
/// queue.  Context: process.  Return: how long the text is, as snprintf().
inline std::size_t bottomhalf_show_workqueue_sysfs(char* to, std::size_t n,
                                                   location at = location::current()) noexcept {
    impl::core_machine* m = impl::up(at);
    if (m == nullptr) return 0;
    std::size_t length = 0;
    m->for_each_queue([&](impl::core_queue& q) {
        const unsigned int flags = impl::flags_of(q);
        if ((flags & WQ_SYSFS) == 0) return;
        const bool unbound = (flags & WQ_UNBOUND) != 0;
        char text[256];
        int k = std::snprintf(text, sizeof text, "%s/per_cpu: %d\n%s/max_active: %d\n", q.name, unbound ? 0 : 1, q.name,
                              q.wanted_active);
        if (unbound)
            k += std::snprintf(text + k, sizeof text - static_cast<std::size_t>(k),
                               "%s/nice: %d\n%s/affinity_scope: default (cache)\n%s/affinity_strict: 0\n", q.name,
                               (flags & WQ_HIGHPRI) != 0 ? highpri_nice : 0, q.name, q.name);
        for (int i = 0; i <= k; ++i, ++length)   // with its end, which the next one overwrites
            if (length < n) to[length] = length + 1 < n ? text[i] : '\0';
        --length;
    });
    return length;
}

// ---- helpers --------------------------------------------------------------------------------------------------------

namespace impl {
struct work_for_cpu {
    work_struct work;
    long (*fn)(void*);
    void* arg;
    long ret;
};
inline void work_for_cpu_fn(work_struct* w) {
    auto* f = reinterpret_cast<work_for_cpu*>(w);
    f->ret = f->fn(f->arg);
}
}   // namespace impl

/// Calls fn(arg) in a worker of that CPU.  Context: process.  Return: what it returned; -EINVAL where one must
/// not sleep (reported), -EAGAIN if it could not be queued.
inline long work_on_cpu(int cpu, long (*fn)(void*), void* arg, location at = location::current()) noexcept {
    if (!impl::here::might_sleep("work_on_cpu", at) || impl::ops::forked("work_on_cpu", at)) return -EINVAL;
    impl::work_for_cpu w{impl::idle_work(&impl::work_for_cpu_fn), fn, arg, 0};
    if (!schedule_work_on(cpu, &w.work, at)) return -EAGAIN;
    flush_work(&w.work, at);
    return w.ret;
}
/// The same, for callers who care for CPUs that come and go; here none does.
inline long work_on_cpu_safe(int cpu, long (*fn)(void*), void* arg, location at = location::current()) noexcept {
    return work_on_cpu(cpu, fn, arg, at);
}
/// Calls `fn` once on each CPU, and comes back when all are done.  Context: process.
/// Return: 0, -ENOMEM, or -EINVAL where one must not sleep (reported).
inline int schedule_on_each_cpu(work_func_t fn, location at = location::current()) noexcept {
    if (!impl::here::might_sleep("schedule_on_each_cpu", at) || impl::ops::forked("schedule_on_each_cpu", at))
        return -EINVAL;
    const unsigned n = impl::nr_cpus(at);
    auto* w = new (std::nothrow) work_struct[n];
    if (w == nullptr) return -ENOMEM;
    for (unsigned cpu = 0; cpu < n; ++cpu) {
        bottomhalf_init_work(&w[cpu], fn);
        schedule_work_on(static_cast<int>(cpu), &w[cpu], at);
    }
    for (unsigned cpu = 0; cpu < n; ++cpu) flush_work(&w[cpu], at);
    delete[] w;
    return 0;
}
/// Calls `fn` here if that may be, else in a worker.  Return: 0 if it has been called, 1 if it has been queued.
inline int execute_in_process_context(work_func_t fn, struct execute_work* ew,
                                      location at = location::current()) noexcept {
    if (!impl::here::in_interrupt()) {
        fn(&ew->work);
        return 0;
    }
    bottomhalf_init_work(&ew->work, fn);
    schedule_work(&ew->work, at);
    return 1;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::alloc_workqueue_attrs;
using bottomhalf::linux6::apply_workqueue_attrs;
using bottomhalf::linux6::bottomhalf_alloc_workqueue;
using bottomhalf::linux6::bottomhalf_show_workqueue_sysfs;
using bottomhalf::linux6::cancel_delayed_work;
using bottomhalf::linux6::cancel_delayed_work_sync;
using bottomhalf::linux6::cancel_work;
using bottomhalf::linux6::cancel_work_sync;
using bottomhalf::linux6::current_is_workqueue_rescuer;
using bottomhalf::linux6::current_work;
using bottomhalf::linux6::delayed_work_pending;
using bottomhalf::linux6::destroy_workqueue;
using bottomhalf::linux6::disable_delayed_work;
using bottomhalf::linux6::disable_delayed_work_sync;
using bottomhalf::linux6::disable_work;
using bottomhalf::linux6::disable_work_sync;
using bottomhalf::linux6::drain_workqueue;
using bottomhalf::linux6::enable_and_queue_work;
using bottomhalf::linux6::enable_delayed_work;
using bottomhalf::linux6::enable_work;
using bottomhalf::linux6::execute_in_process_context;
using bottomhalf::linux6::flush_delayed_work;
using bottomhalf::linux6::flush_rcu_work;
using bottomhalf::linux6::flush_scheduled_work;
using bottomhalf::linux6::flush_work;
using bottomhalf::linux6::flush_workqueue;
using bottomhalf::linux6::free_workqueue_attrs;
using bottomhalf::linux6::freeze_workqueues_begin;
using bottomhalf::linux6::freeze_workqueues_busy;
using bottomhalf::linux6::mod_delayed_work;
using bottomhalf::linux6::mod_delayed_work_on;
using bottomhalf::linux6::queue_delayed_work;
using bottomhalf::linux6::queue_delayed_work_on;
using bottomhalf::linux6::queue_rcu_work;
using bottomhalf::linux6::queue_work;
using bottomhalf::linux6::queue_work_node;
using bottomhalf::linux6::queue_work_on;
using bottomhalf::linux6::schedule_delayed_work;
using bottomhalf::linux6::schedule_delayed_work_on;
using bottomhalf::linux6::schedule_on_each_cpu;
using bottomhalf::linux6::schedule_work;
using bottomhalf::linux6::schedule_work_on;
using bottomhalf::linux6::set_worker_desc;
using bottomhalf::linux6::system_bh_highpri_wq;
using bottomhalf::linux6::system_bh_wq;
using bottomhalf::linux6::system_dfl_wq;
using bottomhalf::linux6::system_freezable_power_efficient_wq;
using bottomhalf::linux6::system_freezable_wq;
using bottomhalf::linux6::system_highpri_wq;
using bottomhalf::linux6::system_long_wq;
using bottomhalf::linux6::system_percpu_wq;
using bottomhalf::linux6::system_power_efficient_wq;
using bottomhalf::linux6::system_unbound_wq;
using bottomhalf::linux6::system_wq;
using bottomhalf::linux6::thaw_workqueues;
using bottomhalf::linux6::to_rcu_work;
using bottomhalf::linux6::work_busy;
using bottomhalf::linux6::work_on_cpu;
using bottomhalf::linux6::work_on_cpu_safe;
using bottomhalf::linux6::work_pending;
using bottomhalf::linux6::workqueue_attrs;
using bottomhalf::linux6::workqueue_congested;
using bottomhalf::linux6::workqueue_set_max_active;
using bottomhalf::linux6::workqueue_set_min_active;

#define alloc_workqueue(fmt, flags, max_active, ...) \
    bottomhalf_alloc_workqueue(::bottomhalf::location::current(), fmt, flags, max_active __VA_OPT__(, ) __VA_ARGS__)
#define alloc_ordered_workqueue(fmt, flags, ...) \
    alloc_workqueue(fmt, WQ_UNBOUND | __WQ_ORDERED | (flags), 1 __VA_OPT__(, ) __VA_ARGS__)
#define create_workqueue(name) alloc_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, 1, (name))
#define create_freezable_workqueue(name) \
    alloc_workqueue("%s", __WQ_LEGACY | WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1, (name))
#define create_singlethread_workqueue(name) alloc_ordered_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, (name))

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/types.h>
