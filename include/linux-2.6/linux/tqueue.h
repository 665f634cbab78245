// SPDX-License-Identifier: MIT
// <linux/tqueue.h>: task queues, which work queues have replaced.  A list of functions that somebody runs, all at once, in
// the order in which they were queued.
//
//   static struct tq_struct task;                 // zeroed, or INIT_TQUEUE(&task, my_function, my_data)
//   queue_task(&task, &tq_immediate);             // in a top half: after it, one BH at a time
//   mark_bh(IMMEDIATE_BH);
//   queue_task(&task, &tq_timer);                 // at the next tick, in TQUEUE_BH
//   schedule_task(&task);                         // in keventd, and may sleep
//   DECLARE_TASK_QUEUE(mine); ... run_task_queue(&mine);   // whenever we say so
//
// A task whose `sync` is set is queued, and is not queued twice.  It is cleared before the function is called, which may
// queue its task again: that is for the next run.
#pragma once

#include <memory>

#include <linux/bottomhalf.h>

#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <bottomhalf/detail/spinlock.hpp>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

struct tq_struct {
    struct list_head list;
    unsigned long sync;   // A: bit 0: it is queued
    void (*routine)(void*);
    void* data;
};
typedef struct list_head task_queue;

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

#define DECLARE_TASK_QUEUE(q) task_queue q = {&(q), &(q)}
#define TQ_ACTIVE(q) (::bottomhalf::linux26::impl::has_tasks(q))

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

// The system's.
BOTTOMHALF_STATE inline constinit DECLARE_TASK_QUEUE(tq_timer);
BOTTOMHALF_STATE inline constinit DECLARE_TASK_QUEUE(tq_immediate);
BOTTOMHALF_STATE inline constinit DECLARE_TASK_QUEUE(tq_disk);   // whoever waits for a disk runs it

namespace impl {

BOTTOMHALF_STATE inline constinit DECLARE_TASK_QUEUE(tq_context);   // keventd's

/// For all queues, as in 2.4: held for a few links.
BOTTOMHALF_STATE inline constinit bottomhalf::detail::spinlock<engine> tqueue_lock{};

inline bool has_tasks(task_queue& q) noexcept {
    return atomic<list_head*>(q.next).load(relaxed) != &q;   // relaxed: a look, the lock decides
}
/// At the end of the queue, unless it is on one.
inline int put_task(tq_struct* t, task_queue* q) noexcept {
    // [tq.sync] acq_rel: one that changes nothing publishes to the run to come, too
    if ((atomic<unsigned long>(t->sync).fetch_or(1, acq_rel) & 1) != 0) return 0;
    bottomhalf::detail::irq_lock<engine> g(tqueue_lock);
    list_head* last = q->prev;
    t->list.next = q;
    t->list.prev = last;
    q->prev = &t->list;
    atomic<list_head*>(last->next).store(&t->list, relaxed);   // relaxed: for has_tasks(), as in take_all()
    return 1;
}
/// Moves them to `mine`.  Return: false if there are none.
inline bool take_all(task_queue* q, list_head& mine) noexcept {
    bottomhalf::detail::irq_lock<engine> g(tqueue_lock);
    if (q->next == q) return false;
    mine.next = q->next;
    mine.prev = q->prev;
    mine.next->prev = mine.prev->next = &mine;
    q->prev = q;
    atomic<list_head*>(q->next).store(q, relaxed);
    return true;
}
inline void run_all(task_queue* q) noexcept {
    list_head mine;
    if (!has_tasks(*q) || !take_all(q, mine)) return;
    for (list_head* l = mine.next; l != &mine;) {
        tq_struct* t = list_entry(l, tq_struct, list);
        l = l->next;
        void (*routine)(void*) = t->routine;
        void* data = t->data;
        atomic<unsigned long>(t->sync).fetch_and(~1UL, acq_rel);   // [tq.sync] from here on it may be queued, or freed
        if (routine != nullptr)
            detail::contain<engine>("run_task_queue", "task", reinterpret_cast<void*>(routine), [&] { routine(data); });
    }
}

inline void immediate_bh() { run_all(&tq_immediate); }
inline void tqueue_bh() { run_all(&tq_timer); }
inline void mark_tqueue(unsigned long) { mark_bh(TQUEUE_BH); }
BOTTOMHALF_STATE inline constinit timer_list tqueue_tick = TIMER_INITIALIZER(mark_tqueue, 0, 0);

/// The BH that runs a queue of the system's, unless the program has given it another function.
inline void have_bh(int nr, bh_function f, location at) noexcept {
    if (atomic<bh_function>(all_bhs.base[nr]).load(acquire) == nullptr) init_bh(nr, f, at);
}
inline void run_context(void*) { run_all(&tq_context); }
BOTTOMHALF_STATE inline constinit DECLARE_WORK(context_work, run_context, nullptr);
#if defined(BOTTOMHALF_SIM)
inline sim::detail::static_part context_part{
    [](auto* add, void* arg) { add(arg, &context_work, sizeof context_work); }};
#endif

/// In the simulator a world may be abandoned with tasks on the system's queues: the next one begins with none.
struct tqueues : machine_companion {
    std::uint32_t known = 0;   // A
    constexpr tqueues() noexcept : machine_companion{&end} {}
    static void end(machine_companion& c, bool lost, arch::ns_t, location) noexcept {
        atomic<std::uint32_t>(static_cast<tqueues&>(c).known).store(0, release);
        if (!lost) return;
        std::construct_at(&tqueue_lock);
        for (task_queue* q : {&tq_timer, &tq_immediate, &tq_disk, &tq_context}) init_list_head(q);
    }
};
BOTTOMHALF_STATE inline constinit tqueues all_tqueues{};
inline void use_tqueues(location at) noexcept {
    machine_t* m = machine(at);
    if (m != nullptr && atomic<std::uint32_t>(all_tqueues.known).exchange(1, acq_rel) == 0) m->accompany(all_tqueues);
}

}   // namespace impl

/// The next run_task_queue() of `q` calls it; the system's queues run as said above, tq_immediate once its BH is marked.
/// Context: any that we manage.
/// Return:  1 if this call queued it, 0 if it was queued: then nothing changes.
/// Source:  queue_task(), include/linux/tqueue.h of 2.4.
inline int queue_task(struct tq_struct* task, task_queue* q, location at = location::current()) noexcept {
    const int queued = impl::put_task(task, q);
    if (q != &tq_timer && q != &tq_immediate) return queued;
    impl::use_tqueues(at);
    if (q == &tq_immediate) impl::have_bh(IMMEDIATE_BH, &impl::immediate_bh, at);
    if (q == &tq_timer) {
        impl::have_bh(TQUEUE_BH, &impl::tqueue_bh, at);
        if (queued != 0) mod_timer(&impl::tqueue_tick, jiffies + 1, at);
    }
    return queued;
}
/// Calls all that are queued now, in their order; what they queue is for the next run.  Context: the functions'.
/// Source:  run_task_queue(), kernel/softirq.c of 2.4.
inline void run_task_queue(task_queue* q) noexcept { impl::run_all(q); }

/// keventd calls it, soon, one after the other, and it may sleep.  Context: any that we manage.
/// Return:  1 if this call queued it, 0 if it was queued.
/// Source:  schedule_task(), kernel/context.c of 2.4.
inline int schedule_task(struct tq_struct* task, location at = location::current()) noexcept {
    const int queued = impl::put_task(task, &impl::tq_context);
    impl::use_tqueues(at);
    schedule_work(&impl::context_work, at);   // one that is pending already sees it, too [tq.sync]
    return queued;
}
/// Waits until all that was scheduled before has run.  Context: process.
inline void flush_scheduled_tasks(location at = location::current()) noexcept { flush_scheduled_work(at); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::flush_scheduled_tasks;
using bottomhalf::linux26::queue_task;
using bottomhalf::linux26::run_task_queue;
using bottomhalf::linux26::schedule_task;
using bottomhalf::linux26::task_queue;
using bottomhalf::linux26::tq_disk;
using bottomhalf::linux26::tq_immediate;
using bottomhalf::linux26::tq_struct;
using bottomhalf::linux26::tq_timer;

#define PREPARE_TQUEUE(task, function, argument) ((void)((task)->routine = (function), (task)->data = (argument)))
/// Of an idle task only.
#define INIT_TQUEUE(task, function, argument) \
    ((void)(INIT_LIST_HEAD(&(task)->list), (task)->sync = 0), PREPARE_TQUEUE(task, function, argument))
