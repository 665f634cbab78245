// SPDX-License-Identifier: MIT
// <linux/wait.h>: wait until a condition holds; whoever makes it true wakes.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

typedef struct __wait_queue_head {
    spinlock_t lock;
    struct list_head task_list;   // guarded by lock; zeroes: empty, too
} wait_queue_head_t;

/// A waiter; it lives on his stack.
typedef struct __wait_queue {
    struct task_struct* task;
    struct list_head task_list;   // guarded by the head's lock; null: not on one
    bool exclusive;
} wait_queue_t;

namespace impl {

/// The queue's lock, with interrupts masked: a top half may wake.
class queue_guard {
public:
    explicit queue_guard(wait_queue_head_t* q) noexcept : lock_(&q->lock) {
        take(lock_, location::current());
        if (q->task_list.next == nullptr) init_list_head(&q->task_list);
    }
    ~queue_guard() { let_go(lock_, location::current()); }
    queue_guard(const queue_guard&) = delete;
    queue_guard& operator=(const queue_guard&) = delete;

private:
    bottomhalf::detail::irq_guard<engine> masked_;   // first in, last out
    spinlock_t* lock_;
};
inline void enqueue(wait_queue_head_t* q, wait_queue_t* w, bool exclusive) noexcept {
    const queue_guard g(q);
    w->exclusive = exclusive;
    if (w->task_list.next != nullptr) return;
    if (exclusive)
        list_add_tail(&w->task_list, &q->task_list);
    else
        list_add(&w->task_list, &q->task_list);
}
inline void dequeue(wait_queue_head_t* q, wait_queue_t* w) noexcept {
    const queue_guard g(q);
    if (w->task_list.next == nullptr) return;
    join(w->task_list.prev, w->task_list.next);
    w->task_list = {};
}
/// All who are not exclusive, and `exclusive` of the others (0: all).  Context: any that we manage.
inline void wake_waiters(wait_queue_head_t* q, int exclusive) noexcept {
    const queue_guard g(q);
    for (list_head* l = q->task_list.next; l != &q->task_list; l = l->next) {
        auto* w = container_of(l, wait_queue_t, task_list);
        if (schedules::wake(*w->task) && w->exclusive && --exclusive == 0) break;
    }
}
inline void init_wait_head(wait_queue_head_t* q) noexcept {
    *q = {};
    init_list_head(&q->task_list);
}
/// Waits until condition() or `until`.  Return: whether it holds.
template <class Condition>
bool wait_until(wait_queue_head_t& q, long state, arch::ns_t until, Condition condition, const char* function,
                location at = location::current()) {
    if (condition()) return true;
    if (!ctx::might_sleep(function, at)) return false;
    wait_queue_t me = {current_task(), {}, false};
    bool holds = false;
    while (true) {
        enqueue(&q, &me, false);
        set_current_state(state);
        holds = condition();
        if (holds || engine::now() >= until) break;
        schedules::schedule_until(until, function, at);
    }
    set_current_state(TASK_RUNNING);
    dequeue(&q, &me);
    return holds;
}
/// Return: the ticks that are left, at least 1 if the condition holds; 0 if not.
template <class Condition>
long wait_ticks(wait_queue_head_t& q, long state, unsigned long timeout, Condition condition, const char* function,
                location at = location::current()) {
    const arch::ns_t until = deadline(timeout, at);
    if (!wait_until(q, state, until, condition, function, at)) return 0;
    const unsigned long left = until == arch::forever ? timeout : ticks_left(until);
    return static_cast<long>(left < 1 ? 1 : left > timeout ? timeout : left);
}
inline void sleep_on(wait_queue_head_t* q, long state, const char* function, location at) noexcept {
    wait_queue_t me = {current_task(), {}, false};
    set_current_state(state);
    enqueue(q, &me, false);
    schedules::schedule_until(arch::forever, function, at);
    dequeue(q, &me);
}

}   // namespace impl

inline void add_wait_queue(wait_queue_head_t* q, wait_queue_t* wait) noexcept { impl::enqueue(q, wait, false); }
inline void add_wait_queue_exclusive(wait_queue_head_t* q, wait_queue_t* wait) noexcept {
    impl::enqueue(q, wait, true);
}
inline void remove_wait_queue(wait_queue_head_t* q, wait_queue_t* wait) noexcept { impl::dequeue(q, wait); }
inline void prepare_to_wait(wait_queue_head_t* q, wait_queue_t* wait, long state) noexcept {
    impl::enqueue(q, wait, false);
    set_current_state(state);
}
inline void prepare_to_wait_exclusive(wait_queue_head_t* q, wait_queue_t* wait, long state) noexcept {
    impl::enqueue(q, wait, true);
    set_current_state(state);
}
inline void finish_wait(wait_queue_head_t* q, wait_queue_t* wait) noexcept {
    set_current_state(TASK_RUNNING);
    impl::dequeue(q, wait);
}
inline int waitqueue_active(wait_queue_head_t* q) noexcept {
    const impl::queue_guard g(q);
    return !list_empty(&q->task_list);
}
/// Sleeps until woken.  As in the kernel, a wake-up that comes before is missed: wait_event() is what one wants.
inline void sleep_on(wait_queue_head_t* q, location at = location::current()) noexcept {
    impl::sleep_on(q, TASK_UNINTERRUPTIBLE, "sleep_on", at);
}
inline void interruptible_sleep_on(wait_queue_head_t* q, location at = location::current()) noexcept {
    impl::sleep_on(q, TASK_INTERRUPTIBLE, "interruptible_sleep_on", at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::add_wait_queue;
using bottomhalf::linux26::add_wait_queue_exclusive;
using bottomhalf::linux26::finish_wait;
using bottomhalf::linux26::interruptible_sleep_on;
using bottomhalf::linux26::prepare_to_wait;
using bottomhalf::linux26::prepare_to_wait_exclusive;
using bottomhalf::linux26::remove_wait_queue;
using bottomhalf::linux26::sleep_on;
using bottomhalf::linux26::wait_queue_head_t;
using bottomhalf::linux26::wait_queue_t;
using bottomhalf::linux26::waitqueue_active;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)          \
    {                                                \
        {}, { &(name).task_list, &(name).task_list } \
    }
#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define init_waitqueue_head(q) (::bottomhalf::linux26::impl::init_wait_head(q))
#define DECLARE_WAITQUEUE(name, task) wait_queue_t name = {(task), {}, false}
#define DEFINE_WAIT(name) DECLARE_WAITQUEUE(name, current)

#define wake_up(q) (::bottomhalf::linux26::impl::wake_waiters((q), 1))
#define wake_up_nr(q, n) (::bottomhalf::linux26::impl::wake_waiters((q), (n)))
#define wake_up_all(q) (::bottomhalf::linux26::impl::wake_waiters((q), 0))
#define wake_up_interruptible(q) wake_up(q)
#define wake_up_interruptible_all(q) wake_up_all(q)
#define wake_up_interruptible_nr(q, n) wake_up_nr((q), (n))

#define bottomhalf_condition(condition) [&] { return static_cast<bool>(condition); }
#define wait_event(q, condition)                                                                           \
    ((void)::bottomhalf::linux26::impl::wait_until((q), TASK_UNINTERRUPTIBLE, ::bottomhalf::arch::forever, \
                                                   bottomhalf_condition(condition), "wait_event"))
#define wait_event_interruptible(q, condition)                                                            \
    (::bottomhalf::linux26::impl::wait_until((q), TASK_INTERRUPTIBLE, ::bottomhalf::arch::forever,        \
                                             bottomhalf_condition(condition), "wait_event_interruptible") \
         ? 0                                                                                              \
         : -ERESTARTSYS)
#define wait_event_timeout(q, condition, timeout)                                                                   \
    (::bottomhalf::linux26::impl::wait_ticks((q), TASK_UNINTERRUPTIBLE, (timeout), bottomhalf_condition(condition), \
                                             "wait_event_timeout"))
#define wait_event_interruptible_timeout(q, condition, timeout)                                                   \
    (::bottomhalf::linux26::impl::wait_ticks((q), TASK_INTERRUPTIBLE, (timeout), bottomhalf_condition(condition), \
                                             "wait_event_interruptible_timeout"))
