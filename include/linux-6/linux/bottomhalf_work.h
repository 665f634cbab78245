// SPDX-License-Identifier: MIT
// What an item is: the part of <linux/workqueue.h> that needs no queue.
#pragma once

#include <cstddef>

#if !defined(NDEBUG)
#include <bottomhalf/odebug.hpp>
#endif

#include <linux/bottomhalf.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

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

/// Queued once a grace period has passed.
struct rcu_work {
    struct work_struct work;
    struct rcu_head rcu;
    struct workqueue_struct* wq;
};

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

namespace impl {
/// Unless NDEBUG is defined: is it in use?  Then that is said, and it stays as it is.
inline bool is_active([[maybe_unused]] work_struct* w, [[maybe_unused]] delayed_work* d,
                      [[maybe_unused]] location at) noexcept {
#if !defined(NDEBUG)
    if (d != nullptr && really_armed(&d->timer)) {
        bottomhalf::detail::say(
            channel::kernel, severity::bug, "__init_work", at,
            "ODEBUG: init active (active state 0) object: %p object type: timer_list hint: %p\nit stays armed",
            static_cast<void*>(&d->timer), reinterpret_cast<void*>(w->func));
        return true;
    }
    bottomhalf::detail::read_as_it_is(*w);
    if (debug_objects<engine>::is_queued(default_machine_of<engine>(), item(w))) {
        bottomhalf::detail::say(
            channel::kernel, severity::bug, "__init_work", at,
            "ODEBUG: init active (active state 0) object: %p object type: work_struct hint: %p\nit stays pending",
            static_cast<void*>(w), reinterpret_cast<void*>(w->func));
        return true;
    }
#endif
    return false;
}
}   // namespace impl

/// For a new item, or an idle one.  One that is pending is reported, unless NDEBUG is defined, and stays so; of one that
/// runs it loses track, as in the kernel.
inline void bottomhalf_init_work(struct work_struct* w, work_func_t f, location at = location::current()) noexcept {
    if (!impl::is_active(w, nullptr, at)) *w = impl::idle_work(f);
}
inline void bottomhalf_init_delayed_work(struct delayed_work* d, work_func_t f, unsigned int flags,
                                         location at = location::current()) noexcept {
    if (!impl::is_active(&d->work, d, at)) *d = impl::idle_delayed_work(f, flags);
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

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_init_delayed_work;
using bottomhalf::linux6::bottomhalf_init_work;
using bottomhalf::linux6::delayed_work;
using bottomhalf::linux6::destroy_delayed_work_on_stack;
using bottomhalf::linux6::destroy_work_on_stack;
using bottomhalf::linux6::execute_work;
using bottomhalf::linux6::rcu_work;
using bottomhalf::linux6::to_delayed_work;
using bottomhalf::linux6::WORK_BUSY_PENDING;
using bottomhalf::linux6::WORK_BUSY_RUNNING;
using bottomhalf::linux6::WORK_CPU_UNBOUND;
using bottomhalf::linux6::work_func_t;
using bottomhalf::linux6::work_struct;

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

#define INIT_RCU_WORK(_work, _func) INIT_WORK(&(_work)->work, (_func))
#define INIT_RCU_WORK_ONSTACK(_work, _func) INIT_WORK_ONSTACK(&(_work)->work, (_func))

#define from_work(var, callback_work, work_fieldname) container_of(callback_work, __typeof__(*var), work_fieldname)
