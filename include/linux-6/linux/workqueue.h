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
//   * WQ_HIGHPRI and WQ_CPU_INTENSIVE queues share the pools of the others; WQ_BH is refused; WQ_FREEZABLE,
//     WQ_MEM_RECLAIM, WQ_SYSFS and WQ_POWER_EFFICIENT are accepted and mean nothing.
//   * WQ_UNBOUND has one pool in all.  There is no CPU hotplug.
//   * a delayed item that still waits for its time when its queue is destroyed is not queued any more (the kernel uses
//     freed memory); both that and the destroying are reported.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include <linux/bitops.h>
#include <linux/bottomhalf.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/timer.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

// ---- items ----------------------------------------------------------------------------------------------------------

struct work_struct;
using work_func_t = void (*)(struct work_struct* work);

/// Valid when zeroed but for its function.  Its word is explained in <bottomhalf/work.hpp>.
struct BOTTOMHALF_ALIASES work_struct {
    unsigned long data;
    struct list_head entry;
    work_func_t func;
};
static_assert(sizeof(work_struct) == sizeof(work_item) && offsetof(work_struct, data) == offsetof(work_item, data) &&
              offsetof(work_struct, entry) == offsetof(work_item, entry) &&
              offsetof(work_struct, func) == offsetof(work_item, func));
static_assert(sizeof(void*) != 8 || sizeof(work_struct) == 32);

struct BOTTOMHALF_ALIASES delayed_work {
    struct work_struct work;
    struct timer_list timer;
    struct workqueue_struct* wq;   // the core's: where the timer will queue it
    int cpu;                       // kept for its place; the CPU is in the timer
};
static_assert(offsetof(delayed_work, work) == offsetof(delayed_item, work) &&
              offsetof(delayed_work, timer) == offsetof(delayed_item, timer) &&
              offsetof(delayed_work, wq) == offsetof(delayed_item, wq));
static_assert(sizeof(void*) != 8 ||
              (sizeof(delayed_work) == 88 && offsetof(delayed_work, cpu) == sizeof(delayed_item)));

struct execute_work {
    struct work_struct work;
};

inline constexpr int WORK_CPU_UNBOUND = NR_CPUS;   // "any": the CPU of the caller
inline constexpr unsigned int WORK_BUSY_PENDING = 1 << 0;
inline constexpr unsigned int WORK_BUSY_RUNNING = 1 << 1;

namespace impl {

inline work_item& item(const work_struct* w) noexcept {
    return *reinterpret_cast<work_item*>(const_cast<work_struct*>(w));
}
inline delayed_item& item(const delayed_work* d) noexcept {
    return *reinterpret_cast<delayed_item*>(const_cast<delayed_work*>(d));
}
constexpr work_struct idle_work(work_func_t f) noexcept { return {0, {nullptr, nullptr}, f}; }
constexpr delayed_work idle_delayed_work(work_func_t f, unsigned int flags) noexcept {
    return {idle_work(f), idle_timer(&delayed::expire, flags | timer_irqsafe | timer_of_work), nullptr,
            WORK_CPU_UNBOUND};
}

/// The core's queue; null stays null, and the core says so.
inline core_queue* core(workqueue_struct* wq, location at) noexcept {
    if (!is_system(wq)) [[likely]]
        return reinterpret_cast<core_queue*>(wq);
    if (core_queue* q = behind(*wq)) [[likely]]
        return q;
    return up(at) != nullptr ? behind(*wq) : nullptr;
}
/// The flags travel in the core's tag: an address for a system queue, a small number for the others.
inline unsigned int flags_of(const core_queue& q) noexcept {
    const auto tag = reinterpret_cast<std::uintptr_t>(q.tag);
    const auto* s = static_cast<const workqueue_struct*>(q.tag);
    return is_system(s) ? s->flags : static_cast<unsigned int>(tag);
}
inline int clamp_max_active(int n, const char* name, location at) noexcept {
    const int fits = n < 1 ? 1 : n > WQ_MAX_ACTIVE ? static_cast<int>(WQ_MAX_ACTIVE) : n;
    if (fits != n)
        bottomhalf::detail::say(channel::kernel, severity::note, "wq_clamp_max_active", at,
                                "workqueue: max_active %d requested for %s is out of range, clamping between %d and %d",
                                n, name, 1, static_cast<int>(WQ_MAX_ACTIVE));
    return fits;
}

}   // namespace impl

/// For a new item, or an idle one.  Of an item that is pending or running it loses track, as in the kernel.
inline void bottomhalf_init_work(struct work_struct* w, work_func_t f) noexcept { *w = impl::idle_work(f); }
inline void bottomhalf_init_delayed_work(struct delayed_work* d, work_func_t f, unsigned int flags) noexcept {
    *d = impl::idle_delayed_work(f, flags);
}
inline struct delayed_work* to_delayed_work(struct work_struct* w) noexcept {
    return reinterpret_cast<delayed_work*>(w);   // `work` is its first member
}
/// Before the stack frame of an item goes.  If it is still under way this says so, and waits for it.
inline void destroy_work_on_stack(struct work_struct* w, location at = location::current()) noexcept {
    work_item& i = impl::item(w);
    if (!was_pending<engine>(i) && !impl::ops::is_running(i)) return;
    bottomhalf::detail::say(channel::kernel, severity::note, "destroy_work_on_stack", at,
                            "ODEBUG: free active (active state 0) object: %p object type: work_struct",
                            static_cast<void*>(w));
    impl::ops::cancel_sync(i, &impl::ops::no_timer, "destroy_work_on_stack", at);
}
inline void destroy_delayed_work_on_stack(struct delayed_work* d, location at = location::current()) noexcept {
    work_item& i = impl::item(&d->work);
    if (!was_pending<engine>(i) && !impl::ops::is_running(i)) return;
    bottomhalf::detail::say(channel::kernel, severity::note, "destroy_delayed_work_on_stack", at,
                            "ODEBUG: free active (active state 0) object: %p object type: timer_list",
                            static_cast<void*>(d));
    impl::ops::cancel_sync(i, &impl::delayed::stop_timer, "destroy_delayed_work_on_stack", at);
}

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

/// What alloc_workqueue() calls.  Context: process; allocates.
/// Return: null if the flags contradict each other, or a thread or memory could not be had.
__attribute__((format(printf, 2, 5))) inline struct workqueue_struct* bottomhalf_alloc_workqueue(
    location at, const char* fmt, unsigned int flags, int max_active, ...) noexcept {
    using bottomhalf::detail::say;
    char name[64];
    va_list args;
    va_start(args, max_active);
    const int length = std::vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    constexpr int room = static_cast<int>(sizeof(impl::core_queue::name)) - 1;
    if (length > room) {
        name[room] = '\0';
        say(channel::kernel, severity::note, "alloc_workqueue", at,
            "workqueue: name exceeds WQ_NAME_LEN. Truncating to: %s", name);
    }
    if ((flags & WQ_BH) != 0) {
        if ((flags & ~static_cast<unsigned int>(WQ_BH | WQ_HIGHPRI)) != 0 || max_active != 0)
            say(channel::kernel, severity::warn, "__alloc_workqueue", at,
                "WARN_ON_ONCE: WQ_BH goes with WQ_HIGHPRI only");
        else
            say(channel::advice, severity::bug, "alloc_workqueue", at, "%s: there are no WQ_BH queues here yet", name);
        return nullptr;
    }
    if ((flags & __WQ_ORDERED) != 0)
        max_active = 1;
    else
        max_active = impl::clamp_max_active(max_active == 0 ? static_cast<int>(WQ_DFL_ACTIVE) : max_active, name, at);
    impl::core_machine* m = impl::up(at);
    if (m == nullptr) return nullptr;
    const auto* tag = reinterpret_cast<const void*>(std::uintptr_t{flags});
    return reinterpret_cast<workqueue_struct*>(m->create_queue(
        name, (flags & WQ_UNBOUND) != 0 ? queue_kind::unbound : queue_kind::bound, max_active, tag, at));
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
    if (q == nullptr || (impl::flags_of(*q) & __WQ_ORDERED) != 0) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "workqueue_set_max_active", at,
                                "WARN_ON: not for an ordered queue; ignored");
        return;
    }
    impl::ops::set_max_active(*q, impl::clamp_max_active(max_active, q->name, at));
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

// ---- flush and cancel -----------------------------------------------------------------------------------------------

/// Waits for the last queued instance at the time of the call, else for the running one; not for a timer.
/// Context: process.  Return: whether it waited.
inline bool flush_work(struct work_struct* w, location at = location::current()) noexcept {
    return impl::ops::flush_work(impl::item(w), at);
}
inline bool flush_delayed_work(struct delayed_work* d, location at = location::current()) noexcept {
    return impl::delayed::flush(impl::item(d), at);
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
inline bool enable_work(struct work_struct* w) noexcept { return impl::ops::enable(impl::item(w)); }
inline bool enable_delayed_work(struct delayed_work* d) noexcept { return impl::ops::enable(impl::item(&d->work)); }
inline bool enable_and_queue_work(struct workqueue_struct* wq, struct work_struct* w,
                                  location at = location::current()) noexcept {
    return enable_work(w) && queue_work(wq, w, at);
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

using bottomhalf::linux6::bottomhalf_alloc_workqueue;
using bottomhalf::linux6::bottomhalf_init_delayed_work;
using bottomhalf::linux6::bottomhalf_init_work;
using bottomhalf::linux6::cancel_delayed_work;
using bottomhalf::linux6::cancel_delayed_work_sync;
using bottomhalf::linux6::cancel_work;
using bottomhalf::linux6::cancel_work_sync;
using bottomhalf::linux6::current_work;
using bottomhalf::linux6::delayed_work;
using bottomhalf::linux6::delayed_work_pending;
using bottomhalf::linux6::destroy_delayed_work_on_stack;
using bottomhalf::linux6::destroy_work_on_stack;
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
using bottomhalf::linux6::execute_work;
using bottomhalf::linux6::flush_delayed_work;
using bottomhalf::linux6::flush_scheduled_work;
using bottomhalf::linux6::flush_work;
using bottomhalf::linux6::flush_workqueue;
using bottomhalf::linux6::mod_delayed_work;
using bottomhalf::linux6::mod_delayed_work_on;
using bottomhalf::linux6::queue_delayed_work;
using bottomhalf::linux6::queue_delayed_work_on;
using bottomhalf::linux6::queue_work;
using bottomhalf::linux6::queue_work_on;
using bottomhalf::linux6::schedule_delayed_work;
using bottomhalf::linux6::schedule_delayed_work_on;
using bottomhalf::linux6::schedule_on_each_cpu;
using bottomhalf::linux6::schedule_work;
using bottomhalf::linux6::schedule_work_on;
using bottomhalf::linux6::system_dfl_wq;
using bottomhalf::linux6::system_freezable_power_efficient_wq;
using bottomhalf::linux6::system_freezable_wq;
using bottomhalf::linux6::system_highpri_wq;
using bottomhalf::linux6::system_long_wq;
using bottomhalf::linux6::system_percpu_wq;
using bottomhalf::linux6::system_power_efficient_wq;
using bottomhalf::linux6::system_unbound_wq;
using bottomhalf::linux6::system_wq;
using bottomhalf::linux6::to_delayed_work;
using bottomhalf::linux6::work_busy;
using bottomhalf::linux6::WORK_BUSY_PENDING;
using bottomhalf::linux6::WORK_BUSY_RUNNING;
using bottomhalf::linux6::WORK_CPU_UNBOUND;
using bottomhalf::linux6::work_func_t;
using bottomhalf::linux6::work_on_cpu;
using bottomhalf::linux6::work_pending;
using bottomhalf::linux6::work_struct;
using bottomhalf::linux6::workqueue_set_max_active;

// Static items are constant-initialised: they may be queued before main().
#define __WORK_INITIALIZER(n, f) ::bottomhalf::linux6::impl::idle_work(f)
#define __DELAYED_WORK_INITIALIZER(n, f, tflags) ::bottomhalf::linux6::impl::idle_delayed_work(f, tflags)
#define DECLARE_WORK(n, f) struct work_struct n = __WORK_INITIALIZER(n, f)
#define DECLARE_DELAYED_WORK(n, f) struct delayed_work n = __DELAYED_WORK_INITIALIZER(n, f, 0)
#define DECLARE_DEFERRABLE_WORK(n, f) struct delayed_work n = __DELAYED_WORK_INITIALIZER(n, f, TIMER_DEFERRABLE)

#define INIT_WORK(_work, _func) bottomhalf_init_work((_work), (_func))
#define INIT_WORK_ONSTACK(_work, _func) bottomhalf_init_work((_work), (_func))
#define INIT_DELAYED_WORK(_work, _func) bottomhalf_init_delayed_work((_work), (_func), 0)
#define INIT_DELAYED_WORK_ONSTACK(_work, _func) bottomhalf_init_delayed_work((_work), (_func), 0)
#define INIT_DEFERRABLE_WORK(_work, _func) bottomhalf_init_delayed_work((_work), (_func), TIMER_DEFERRABLE)
#define INIT_DEFERRABLE_WORK_ONSTACK(_work, _func) bottomhalf_init_delayed_work((_work), (_func), TIMER_DEFERRABLE)

#define from_work(var, callback_work, work_fieldname) container_of(callback_work, __typeof__(*var), work_fieldname)

#define alloc_workqueue(fmt, flags, max_active, ...) \
    bottomhalf_alloc_workqueue(::bottomhalf::location::current(), fmt, flags, max_active __VA_OPT__(, ) __VA_ARGS__)
#define alloc_ordered_workqueue(fmt, flags, ...) \
    alloc_workqueue(fmt, WQ_UNBOUND | __WQ_ORDERED | (flags), 1 __VA_OPT__(, ) __VA_ARGS__)
#define create_workqueue(name) alloc_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, 1, (name))
#define create_freezable_workqueue(name) \
    alloc_workqueue("%s", __WQ_LEGACY | WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1, (name))
#define create_singlethread_workqueue(name) alloc_ordered_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, (name))
