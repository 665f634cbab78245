// SPDX-License-Identifier: MIT
// <linux/srcu.h>: RCU whose readers may sleep, each user with his own.
#pragma once

#include <linux/bottomhalf_work.h>
#include <linux/container_of.h>
#include <linux/rcupdate.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct srcu_struct {
    reader_counts<engine, 4> bottomhalf_readers;
    rcu_callback* bottomhalf_waiting;     // A [srcu.callbacks]; newest first
    struct work_struct bottomhalf_work;   // calls them
};

namespace impl {
/// On the system's unbound queue: waits for the readers of now, then calls what waited before that, oldest first.  Never
/// beside itself: it is an item.
inline void end_srcu_grace_period(struct work_struct* w) noexcept {
    srcu_struct& s = *container_of(w, srcu_struct, bottomhalf_work);
    rcu_callback* c = bottomhalf::detail::reversed(
        atomic<rcu_callback*>(s.bottomhalf_waiting).exchange(nullptr, acq_rel));   // [srcu.callbacks]
    if (c == nullptr) return;
    s.bottomhalf_readers.synchronize("a grace period", location::current());
    while (c != nullptr) {
        rcu_callback* next = c->next;   // before the call, in which it may go
        void (*function)(rcu_callback*) = c->function;
        local_bh_disable();
        bottomhalf::detail::contain<engine>("srcu_invoke_callbacks", "SRCU callback",
                                            reinterpret_cast<const void*>(function),
                                            [&] { bottomhalf::detail::call(function, c); });
        local_bh_enable();
        c = next;
    }
}
}   // namespace impl

inline constexpr srcu_struct bottomhalf_srcu_init = {
    .bottomhalf_readers = {},
    .bottomhalf_waiting = nullptr,
    .bottomhalf_work = {0, {nullptr, nullptr}, &impl::end_srcu_grace_period}};
/// Return: 0.
inline int init_srcu_struct(struct srcu_struct* s) noexcept {
    *s = bottomhalf_srcu_init;
    return 0;
}
/// Context: any.  Return: what srcu_read_unlock() wants to be told.
inline int srcu_read_lock(struct srcu_struct* s) noexcept {
    ++engine::current().locks;   // for whoever ends with it
    return static_cast<int>(s->bottomhalf_readers.enter());
}
/// Context: the reader's task.
inline void srcu_read_unlock(struct srcu_struct* s, int where) noexcept {
    if (std::uint32_t& n = engine::current().locks; n != 0) --n;
    s->bottomhalf_readers.leave(static_cast<std::uint32_t>(where));
}
inline int srcu_read_lock_held(struct srcu_struct* s) noexcept { return s->bottomhalf_readers.was_empty() ? 0 : 1; }
/// On return every reader of `s` has left who was inside at the call.  Context: process, not such a reader.
inline void synchronize_srcu(struct srcu_struct* s, location at = location::current()) noexcept {
    if (impl::here::might_sleep("synchronize_srcu", at)) s->bottomhalf_readers.synchronize("synchronize_srcu", at);
}
inline void synchronize_srcu_expedited(struct srcu_struct* s, location at = location::current()) noexcept {
    synchronize_srcu(s, at);
}

/// Calls func(head) once every reader of `s` has left who is inside now: on a worker, with softirqs off.
/// Context: any, async-signal-safe once the machine is up.
inline void call_srcu(struct srcu_struct* s, struct rcu_head* head, rcu_callback_t func,
                      location at = location::current()) noexcept {
    head->func = func;
    auto* mine = reinterpret_cast<rcu_callback*>(head);
    impl::atomic<rcu_callback*> waiting(s->bottomhalf_waiting);
    rcu_callback* first = waiting.load(relaxed);   // relaxed: the exchange decides
    do mine->next = first;
    while (!waiting.compare_exchange_weak(first, mine, acq_rel, relaxed));   // [srcu.callbacks]
    impl::ops::queue_work(impl::grace_period_queue(at), impl::item(&s->bottomhalf_work), at);
}
/// On return every callback of `s` has been called that was waiting at the call.  Context: process, not a callback.
inline void srcu_barrier(struct srcu_struct* s, location at = location::current()) noexcept {
    if (!impl::here::might_sleep("srcu_barrier", at)) return;
    struct marker {
        rcu_head head;
        std::uint32_t reached;
    } m{{nullptr, nullptr}, 0};
    call_srcu(
        s, &m.head, [](rcu_head* h) { completion_ops<engine>::complete(reinterpret_cast<marker*>(h)->reached); }, at);
    completion_ops<engine>::wait(m.reached, arch::forever, "srcu_barrier", at);
}
/// Context: process.  Nobody reads any more, and nobody calls call_srcu().
inline void cleanup_srcu_struct(struct srcu_struct* s, location at = location::current()) noexcept {
    const auto leaks = [at](const char* what) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "cleanup_srcu_struct", at,
                                "WARN_ON(%s): just leak it!", what);
    };
    if (!s->bottomhalf_readers.was_empty()) return leaks("srcu_readers_active(ssp)");
    impl::ops::flush_work(impl::item(&s->bottomhalf_work),
                          at);   // the last callbacks were called by it, and it is on its way out
    if (impl::atomic<rcu_callback*>(s->bottomhalf_waiting).load(relaxed) != nullptr)   // relaxed: nobody else is there
        leaks("rcu_segcblist_n_cbs(&sdp->srcu_cblist)");
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_srcu_init;
using bottomhalf::linux6::call_srcu;
using bottomhalf::linux6::cleanup_srcu_struct;
using bottomhalf::linux6::init_srcu_struct;
using bottomhalf::linux6::srcu_barrier;
using bottomhalf::linux6::srcu_read_lock;
using bottomhalf::linux6::srcu_read_lock_held;
using bottomhalf::linux6::srcu_read_unlock;
using bottomhalf::linux6::srcu_struct;
using bottomhalf::linux6::synchronize_srcu;
using bottomhalf::linux6::synchronize_srcu_expedited;

#define DEFINE_SRCU(name) struct srcu_struct name = bottomhalf_srcu_init
#define DEFINE_STATIC_SRCU(name) static DEFINE_SRCU(name)
#define srcu_dereference_check(p, s, condition) \
    bottomhalf_rcu_dereference((p), (condition) || srcu_read_lock_held(s) != 0, "srcu_dereference_check()")
#define srcu_dereference(p, s) srcu_dereference_check(p, s, false)
