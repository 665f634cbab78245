// SPDX-License-Identifier: MIT
// <linux/rcupdate.h>: readers who wait for nobody, and writers who wait for the readers that may still see the old.
//
// A reader is who is between rcu_read_lock() and rcu_read_unlock(), in any context, top halves included.  Unlike a kernel's,
// a grace period does not wait for sections that only mask something: preemption, softirqs, interrupts.  Callbacks run in
// softirq context.
#pragma once

#include <bottomhalf/sync/completion.hpp>
#include <bottomhalf/sync/rcu.hpp>

#include <asm/barrier.h>
#include <linux/bottomhalf.h>
#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct BOTTOMHALF_ALIASES rcu_head {
    struct rcu_head* next;
    void (*func)(struct rcu_head*);
};
static_assert(sizeof(rcu_head) == sizeof(rcu_callback) && offsetof(rcu_head, func) == offsetof(rcu_callback, function));
using rcu_callback_t = void (*)(struct rcu_head*);

namespace impl {
using rcu = rcu_domain<engine>;
/// Its handler, on the system's unbound queue, waits for the readers and calls what waited.  One at a time: it is an item.
inline void end_grace_period(work_item*) { rcu::run_callbacks(); }
BOTTOMHALF_STATE inline constinit work_item grace_period{.data = 0, .entry = {}, .func = &end_grace_period};
inline core_queue* grace_period_queue(location at) noexcept {
    if (core_queue* q = behind(system_queues[sys_unbound])) [[likely]]
        return q;
    return up(at) != nullptr ? behind(system_queues[sys_unbound]) : nullptr;
}
}   // namespace impl

/// Context: any, async-signal-safe.  Nests.  Sleeping inside is a mistake that a kernel may not survive.
inline void rcu_read_lock() noexcept { impl::rcu::begin_read(); }
inline void rcu_read_unlock(location at = location::current()) noexcept { impl::rcu::end_read(at); }
inline void rcu_read_lock_bh() noexcept { local_bh_disable(), rcu_read_lock(); }
inline void rcu_read_unlock_bh(location at = location::current()) noexcept { rcu_read_unlock(at), local_bh_enable(); }
inline void rcu_read_lock_sched() noexcept { preempt_disable(), rcu_read_lock(); }
inline void rcu_read_unlock_sched(location at = location::current()) noexcept { rcu_read_unlock(at), preempt_enable(); }
inline int rcu_read_lock_held() noexcept { return impl::rcu::is_reader() ? 1 : 0; }
inline int rcu_read_lock_bh_held() noexcept { return in_softirq() || irqs_disabled() ? 1 : 0; }
inline int rcu_read_lock_any_held() noexcept {
    return rcu_read_lock_held() != 0 || in_atomic() || irqs_disabled() ? 1 : 0;
}

/// On return every reader has left who was inside at the call.  Context: process, not a reader.
inline void synchronize_rcu(location at = location::current()) noexcept {
    impl::rcu::synchronize("synchronize_rcu", at);
}
inline void synchronize_rcu_expedited(location at = location::current()) noexcept {
    impl::rcu::synchronize("synchronize_rcu_expedited", at);
}
inline void synchronize_net(location at = location::current()) noexcept { synchronize_rcu(at); }
/// Calls func(head), in softirq context, once every reader has left who is inside now.
/// Context: any, async-signal-safe once the machine is up.
inline void call_rcu(struct rcu_head* head, rcu_callback_t func, location at = location::current()) noexcept {
    head->func = func;
    impl::rcu::push(*reinterpret_cast<rcu_callback*>(head));
    // Not only the first of them: his may have been refused, by a queue that is being drained.
    impl::ops::queue_work(impl::grace_period_queue(at), impl::grace_period, at);
}
inline void call_rcu_hurry(struct rcu_head* head, rcu_callback_t func, location at = location::current()) noexcept {
    call_rcu(head, func, at);
}
/// On return every callback has been called that was waiting at the call.  Context: process, not a callback.
inline void rcu_barrier(location at = location::current()) noexcept {
    if (!impl::here::might_sleep("rcu_barrier", at)) return;
    struct marker {
        rcu_head head;
        std::uint32_t reached;
    } m{{nullptr, nullptr}, 0};
    call_rcu(
        &m.head, [](rcu_head* h) { completion_ops<engine>::complete(reinterpret_cast<marker*>(h)->reached); }, at);
    completion_ops<engine>::wait(m.reached, arch::forever, "rcu_barrier", at);
}
inline void init_rcu_head(struct rcu_head*) noexcept {}
inline void destroy_rcu_head(struct rcu_head*) noexcept {}

/// What rcu_dereference() and the others call.
template <class T>
[[nodiscard]] T* bottomhalf_rcu_dereference(T* const volatile& p, bool allowed, const char* text,
                                            location at = location::current()) noexcept {
    if (!allowed) [[unlikely]]
        bottomhalf::detail::say(channel::kernel, severity::warn, "lockdep_rcu_suspicious", at,
                                "WARNING: suspicious RCU usage\nsuspicious %s usage!", text);
    return impl::atomic<T*>(const_cast<T*&>(p)).load(acquire);   // [rcu.pointer]
}
/// For kfree_rcu(): frees what the head is `Offset` bytes into.
template <std::size_t Offset>
void bottomhalf_free_around(struct rcu_head* head) {
    kfree(reinterpret_cast<char*>(head) - Offset);
}
/// Context: process.
inline void kfree_rcu_mightsleep(const void* p, location at = location::current()) noexcept {
    if (p == nullptr) return;
    synchronize_rcu(at);
    kfree(p, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_free_around;
using bottomhalf::linux6::bottomhalf_rcu_dereference;
using bottomhalf::linux6::call_rcu;
using bottomhalf::linux6::call_rcu_hurry;
using bottomhalf::linux6::destroy_rcu_head;
using bottomhalf::linux6::init_rcu_head;
using bottomhalf::linux6::kfree_rcu_mightsleep;
using bottomhalf::linux6::rcu_barrier;
using bottomhalf::linux6::rcu_callback_t;
using bottomhalf::linux6::rcu_head;
using bottomhalf::linux6::rcu_read_lock;
using bottomhalf::linux6::rcu_read_lock_any_held;
using bottomhalf::linux6::rcu_read_lock_bh;
using bottomhalf::linux6::rcu_read_lock_bh_held;
using bottomhalf::linux6::rcu_read_lock_held;
using bottomhalf::linux6::rcu_read_lock_sched;
using bottomhalf::linux6::rcu_read_unlock;
using bottomhalf::linux6::rcu_read_unlock_bh;
using bottomhalf::linux6::rcu_read_unlock_sched;
using bottomhalf::linux6::synchronize_net;
using bottomhalf::linux6::synchronize_rcu;
using bottomhalf::linux6::synchronize_rcu_expedited;

#ifndef __rcu
#define __rcu
#endif
#define callback_head rcu_head

/// Publishes: whoever reads the pointer sees what was written before.  [rcu.pointer]
#define rcu_assign_pointer(p, v) bottomhalf_store_release((p), static_cast<__typeof__(p)>(v))
#define RCU_INIT_POINTER(p, v) WRITE_ONCE(p, v)
#define RCU_POINTER_INITIALIZER(p, v) .p = (v)
#define RCU_INITIALIZER(v) (v)
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_pointer_handoff(p) (p)
#define unrcu_pointer(p) (p)

#define rcu_dereference_raw(p) bottomhalf_rcu_dereference((p), true, "")
#define rcu_dereference_check(p, condition) \
    bottomhalf_rcu_dereference((p), (condition) || rcu_read_lock_held() != 0, "rcu_dereference_check()")
#define rcu_dereference(p) rcu_dereference_check(p, false)
#define rcu_dereference_bh_check(p, condition) \
    bottomhalf_rcu_dereference((p), (condition) || rcu_read_lock_bh_held() != 0, "rcu_dereference_bh_check()")
#define rcu_dereference_bh(p) rcu_dereference_bh_check(p, false)
#define rcu_dereference_sched(p) \
    bottomhalf_rcu_dereference((p), in_atomic() || irqs_disabled(), "rcu_dereference_sched_check()")
#define rcu_dereference_protected(p, condition) \
    bottomhalf_rcu_dereference((p), !!(condition), "rcu_dereference_protected()")
#define rcu_replace_pointer(p, v, condition)                                         \
    ([](auto& bottomhalf_p, auto bottomhalf_v, bool bottomhalf_c) {                  \
        auto bottomhalf_old = rcu_dereference_protected(bottomhalf_p, bottomhalf_c); \
        rcu_assign_pointer(bottomhalf_p, bottomhalf_v);                              \
        return bottomhalf_old;                                                       \
    }((p), (v), !!(condition)))

#define bottomhalf_kfree_rcu_2(p, field)                                                                \
    ([](auto* bottomhalf_p) {                                                                           \
        if (bottomhalf_p != nullptr)                                                                    \
            call_rcu(&bottomhalf_p->field, &bottomhalf_free_around<offsetof(__typeof__(*(p)), field)>); \
    }(p))
#define bottomhalf_kfree_rcu_1(p) kfree_rcu_mightsleep(p)
#define bottomhalf_kfree_rcu_of(a, b, name, ...) name
#define kfree_rcu(...) \
    bottomhalf_kfree_rcu_of(__VA_ARGS__, bottomhalf_kfree_rcu_2, bottomhalf_kfree_rcu_1, )(__VA_ARGS__)
#define kvfree_rcu(...) kfree_rcu(__VA_ARGS__)
#define kvfree_rcu_mightsleep(p) kfree_rcu_mightsleep(p)
#define rcu_lockdep_assert(condition, text) lockdep_assert(condition)
#define RCU_LOCKDEP_WARN(condition, text) bottomhalf_lockdep_assert(!(condition), "lockdep_rcu_suspicious", text)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/types.h>
