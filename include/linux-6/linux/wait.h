// SPDX-License-Identifier: MIT
// <linux/wait.h>: sleep until a condition holds; whoever makes it true says so by wake_up().
#pragma once

#include <asm/barrier.h>
#include <linux/bottomhalf.h>
#include <linux/errno.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct wait_queue_head {
    unsigned int turn;      // A: changes with each wake_up() [wait.turn]
    unsigned int waiters;   // A
};
using wait_queue_head_t = struct wait_queue_head;

inline void init_waitqueue_head(struct wait_queue_head* q) noexcept { q->turn = q->waiters = 0; }

/// Wakes everybody, who look at their conditions again.  Context: any, async-signal-safe.
inline void wake_up(struct wait_queue_head* q) noexcept {
    // [wait.turn] seq_cst, here and below: either we see the waiter, or the waiter sees the new turn, and does not
    // sleep.
    impl::atomic<unsigned int>(q->turn).fetch_add(1, seq_cst);
    if (impl::atomic<unsigned int>(q->waiters).load(seq_cst) != 0) engine::unpark(q->turn, everybody);
}
inline int waitqueue_active(struct wait_queue_head* q) noexcept {
    return impl::atomic<unsigned int>(q->waiters).load(seq_cst) != 0 ? 1 : 0;
}

/// Context: process.  Return: what wait_event_timeout() does: 0 if the time is over and the condition false, else the
/// ticks that were left, at least 1.  `timeout` < 0: no time-out.
template <class Condition>
long bottomhalf_wait_event(struct wait_queue_head& q, Condition condition, long timeout, const char* function,
                           location at) {
    const arch::ns_t until = timeout < 0 ? arch::forever : impl::deadline(static_cast<unsigned long>(timeout), at);
    const bool may = impl::here::might_sleep(function, at);
    if (condition()) return timeout <= 0 ? 1 : timeout;
    if (!may) return 0;
    impl::atomic<unsigned int>(q.waiters).fetch_add(1, seq_cst);
    long left = 0;
    for (bool in_time = true; left == 0;) {
        const unsigned int turn = impl::atomic<unsigned int>(q.turn).load(seq_cst);   // [wait.turn]
        if (condition())
            left = static_cast<long>(impl::ticks_left(until));
        else if (!in_time)
            break;
        else
            in_time = bottomhalf::detail::block<engine>(q.turn, turn, until, function);
    }
    impl::atomic<unsigned int>(q.waiters).fetch_sub(1, seq_cst);
    return left;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_wait_event;
using bottomhalf::linux6::init_waitqueue_head;
using bottomhalf::linux6::wait_queue_head;
using bottomhalf::linux6::wait_queue_head_t;
using bottomhalf::linux6::waitqueue_active;
using bottomhalf::linux6::wake_up;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) \
    { 0, 0 }
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)

#define wake_up_all(q) wake_up(q)
#define wake_up_interruptible(q) wake_up(q)
#define wake_up_interruptible_all(q) wake_up(q)

#define bottomhalf_wait(q, condition, timeout, function) \
    bottomhalf_wait_event(                               \
        q, [&]() -> bool { return !!(condition); }, timeout, function, ::bottomhalf::location::current())
#define wait_event(q, condition) (void)bottomhalf_wait(q, condition, -1L, "wait_event")
#define wait_event_timeout(q, condition, timeout) \
    bottomhalf_wait(q, condition, static_cast<long>(timeout), "wait_event_timeout")
/// There are no signals for a task here: never -ERESTARTSYS.
#define wait_event_interruptible(q, condition) (bottomhalf_wait(q, condition, -1L, "wait_event_interruptible"), 0)
#define wait_event_killable(q, condition) (bottomhalf_wait(q, condition, -1L, "wait_event_killable"), 0)
#define wait_event_interruptible_timeout(q, condition, timeout) \
    bottomhalf_wait(q, condition, static_cast<long>(timeout), "wait_event_interruptible_timeout")
