// SPDX-License-Identifier: MIT
// <linux/wait.h>: sleep until a condition holds; whoever makes it true says so by wake_up().
//
// As in the kernel: a queue is a list of entries, each with a function that wakes.  wake_up() calls them in order until it
// has woken one that is exclusive; those who are not stand before them.  A worker that waits lets its pool go on.
//
// There are no signals for a task here, so nobody is interrupted: _interruptible and _killable never say -ERESTARTSYS.
#pragma once

#include <asm/barrier.h>
#include <linux/bottomhalf.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct wait_queue_entry;
using wait_queue_entry_t = struct wait_queue_entry;
/// Called with the queue's lock held and interrupts masked.  Return: whether somebody was woken; < 0: go no further.
using wait_queue_func_t = int (*)(struct wait_queue_entry* entry, unsigned int mode, int flags, void* key);

/// Zeroes: an empty queue.
struct wait_queue_head {
    spinlock_t lock;
    struct list_head head;   // guarded by lock
};
using wait_queue_head_t = struct wait_queue_head;

struct wait_queue_entry {
    unsigned int flags;         // A: WQ_FLAG_*
    void* bottomhalf_private;   // the kernel's `private`, a word of C++: the task
    wait_queue_func_t func;
    struct list_head entry;   // guarded by the queue's lock; empty, or null: on none
};

inline constexpr unsigned int WQ_FLAG_EXCLUSIVE = 0x01;
inline constexpr unsigned int WQ_FLAG_WOKEN = 0x02;
inline constexpr unsigned int WQ_FLAG_PRIORITY = 0x10;

namespace impl {

inline atomic<unsigned int> flags_of(wait_queue_entry* e) noexcept { return atomic<unsigned int>(e->flags); }
inline bool is_listed(const wait_queue_entry* e) noexcept {
    return e->entry.next != nullptr && e->entry.next != &e->entry;
}
/// Caller holds the lock.
inline void unlist(wait_queue_entry* e) noexcept {
    if (is_listed(e)) list_del_init(&e->entry);
}
inline list_head* head_of(wait_queue_head* q) noexcept {
    if (q->head.next == nullptr) INIT_LIST_HEAD(&q->head);
    return &q->head;
}
/// Caller holds the lock.  exclusive: behind all; else before all, but behind those of priority.
inline void enlist(wait_queue_head* q, wait_queue_entry* e, bool exclusive) noexcept {
    list_head* at = head_of(q);
    if (exclusive) {
        flags_of(e).fetch_or(WQ_FLAG_EXCLUSIVE, relaxed);   // relaxed, all of them: the lock, or the caller's own
        return list_add_tail(&e->entry, at);
    }
    flags_of(e).fetch_and(~WQ_FLAG_EXCLUSIVE, relaxed);
    while (at->next != &q->head &&
           (flags_of(list_entry(at->next, wait_queue_entry, entry)).load(relaxed) & WQ_FLAG_PRIORITY) != 0)
        at = at->next;
    list_add(&e->entry, at);
}
/// Caller holds the lock.  `nr`: how many that are exclusive, 0: all.
inline int wake_listed(wait_queue_head* q, unsigned int mode, int nr, int wake_flags, void* key) {
    int exclusive = nr;
    list_head* head = head_of(q);
    for (list_head *l = head->next, *next = l->next; l != head; l = next, next = l->next) {
        auto* e = list_entry(l, wait_queue_entry, entry);
        const unsigned int flags = flags_of(e).load(relaxed);
        const int woken = e->func(e, mode, wake_flags, key);
        if (woken < 0 || (woken != 0 && (flags & WQ_FLAG_EXCLUSIVE) != 0 && --exclusive == 0)) break;
    }
    return nr - exclusive;
}
/// The queue's lock, with interrupts masked: a top half may wake.  A signal handler of the program's own that interrupts its
/// holder cannot wait for it; it leaves word that it was here, and the holder wakes everybody in its place.
class queue_guard {
public:
    explicit queue_guard(wait_queue_head* q, location at = location::current()) noexcept
        : q_(q), mine_already_(spins::is_mine(q->lock.bottomhalf_state)) {
        if (mine_already_) return;
        preempt_disable();
        spins::take(q->lock.bottomhalf_state, "spin_lock", at);
    }
    ~queue_guard() {
        if (mine_already_) return;
        while (spins::unlock_and_ask(q_->lock.bottomhalf_state)) {
            spins::take(q_->lock.bottomhalf_state, "spin_lock", location::current());
            wake_listed(q_, TASK_NORMAL, 0, 0, nullptr);
        }
        preempt_enable();
    }
    queue_guard(const queue_guard&) = delete;
    queue_guard& operator=(const queue_guard&) = delete;
    /// The caller of our caller holds the lock.
    [[nodiscard]] bool nested() const noexcept { return mine_already_; }

private:
    bottomhalf::detail::irq_guard<engine> masked_;   // first in, last out
    wait_queue_head* q_;
    bool mine_already_;
};
inline int wake_waiters(wait_queue_head* q, unsigned int mode, int nr, int wake_flags, void* key) {
    const queue_guard g(q);
    if (!g.nested()) return wake_listed(q, mode, nr, wake_flags, key);
    spins::owe(q->lock.bottomhalf_state);
    return 0;
}

}   // namespace impl

// ---- the parts ------------------------------------------------------------------------------------------------------

inline void init_waitqueue_head(struct wait_queue_head* q) noexcept {
    *q = {};
    INIT_LIST_HEAD(&q->head);
}
inline int default_wake_function(struct wait_queue_entry* e, unsigned int mode, int, void*) noexcept {
    return impl::schedules::wake(*static_cast<arch::task*>(e->bottomhalf_private), mode) ? 1 : 0;
}
/// Also takes it off the queue, if it was woken.
inline int autoremove_wake_function(struct wait_queue_entry* e, unsigned int mode, int flags, void* key) noexcept {
    const int woken = default_wake_function(e, mode, flags, key);
    if (woken != 0) impl::unlist(e);
    return woken;
}
/// For wait_woken(): a wake-up that comes before the sleep is kept.
inline int woken_wake_function(struct wait_queue_entry* e, unsigned int mode, int flags, void* key) noexcept {
    impl::flags_of(e).fetch_or(WQ_FLAG_WOKEN, seq_cst);   // [wait.woken]
    return default_wake_function(e, mode, flags, key);
}
inline void init_waitqueue_entry(struct wait_queue_entry* e, struct task_struct* task) noexcept {
    *e = {0, task, &default_wake_function, {nullptr, nullptr}};
}
inline void init_waitqueue_func_entry(struct wait_queue_entry* e, wait_queue_func_t func) noexcept {
    *e = {0, nullptr, func, {nullptr, nullptr}};
}
inline void init_wait(struct wait_queue_entry* e) noexcept {
    *e = {0, get_current(), &autoremove_wake_function, {nullptr, nullptr}};
}

inline void init_wait_entry(struct wait_queue_entry* e, int flags) noexcept {
    init_wait(e);
    e->flags = static_cast<unsigned int>(flags);
}

/// Context (all of them): any that we manage.
inline void add_wait_queue(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    const impl::queue_guard g(q);
    impl::enlist(q, e, false);
}
inline void add_wait_queue_exclusive(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    const impl::queue_guard g(q);
    impl::enlist(q, e, true);
}
inline void add_wait_queue_priority(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    impl::flags_of(e).fetch_or(WQ_FLAG_PRIORITY, relaxed);
    const impl::queue_guard g(q);
    list_add(&e->entry, impl::head_of(q));
}
inline void remove_wait_queue(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    const impl::queue_guard g(q);
    impl::unlist(e);
}
/// These four: the caller holds the queue's lock.
inline void __add_wait_queue(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    impl::enlist(q, e, false);
}
inline void __add_wait_queue_entry_tail(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    list_add_tail(&e->entry, impl::head_of(q));
}
inline void __add_wait_queue_entry_tail_exclusive(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    impl::enlist(q, e, true);
}
inline void __remove_wait_queue(struct wait_queue_head*, struct wait_queue_entry* e) noexcept { impl::unlist(e); }

/// On the queue, if it is not there yet, and then in that state; so whoever looks at his condition now, and finds it false,
/// will be woken.
inline void prepare_to_wait(struct wait_queue_head* q, struct wait_queue_entry* e, unsigned int state) noexcept {
    const impl::queue_guard g(q);
    if (!impl::is_listed(e)) impl::enlist(q, e, false);
    set_current_state(state);
}
/// Return: whether the queue was empty.
inline bool prepare_to_wait_exclusive(struct wait_queue_head* q, struct wait_queue_entry* e,
                                      unsigned int state) noexcept {
    const impl::queue_guard g(q);
    const bool first = list_empty(impl::head_of(q));
    if (!impl::is_listed(e)) impl::enlist(q, e, true);
    set_current_state(state);
    return first;
}
/// Return: 0; no signals arrive here.
inline long prepare_to_wait_event(struct wait_queue_head* q, struct wait_queue_entry* e, unsigned int state) noexcept {
    const impl::queue_guard g(q);
    if (!impl::is_listed(e)) impl::enlist(q, e, (impl::flags_of(e).load(relaxed) & WQ_FLAG_EXCLUSIVE) != 0);
    set_current_state(state);
    return 0;
}
/// Awake, and off the queue.
inline void finish_wait(struct wait_queue_head* q, struct wait_queue_entry* e) noexcept {
    __set_current_state(TASK_RUNNING);
    const impl::queue_guard g(q);
    impl::unlist(e);
}
/// Sleeps, unless woken_wake_function() has been called since the last time.  Return: the ticks that are left.
inline long wait_woken(struct wait_queue_entry* e, unsigned int mode, long timeout,
                       location at = location::current()) noexcept {
    set_current_state(mode);
    // [wait.woken] seq_cst: either we see the flag, or the waker sees our state.
    if ((impl::flags_of(e).load(seq_cst) & WQ_FLAG_WOKEN) == 0 && !bottomhalf_should_stop_or_park())
        timeout = schedule_timeout(timeout, at);
    __set_current_state(TASK_RUNNING);
    impl::flags_of(e).fetch_and(~WQ_FLAG_WOKEN, seq_cst);
    return timeout;
}
/// Does anybody wait?  Whoever has just made a condition true asks the second one, which orders that before the look.
inline int waitqueue_active(struct wait_queue_head* q) noexcept {
    const impl::queue_guard g(q);
    return list_empty(impl::head_of(q)) ? 0 : 1;
}
inline bool wq_has_sleeper(struct wait_queue_head* q) noexcept { return waitqueue_active(q) != 0; }

// ---- waking: any context, signal handlers of the program's own included (unless they interrupt a driver that has taken
// the queue's lock by itself) ------------------------------------------------------------------------------------------

/// Those who are not exclusive, and `nr` of those who are (0: all), of those whose state is in `mode`.
inline int __wake_up(struct wait_queue_head* q, unsigned int mode, int nr, void* key) {
    return impl::wake_waiters(q, mode, nr, 0, key);
}
inline void wake_up(struct wait_queue_head* q) { __wake_up(q, TASK_NORMAL, 1, nullptr); }
inline void wake_up_nr(struct wait_queue_head* q, int nr) { __wake_up(q, TASK_NORMAL, nr, nullptr); }
inline void wake_up_all(struct wait_queue_head* q) { __wake_up(q, TASK_NORMAL, 0, nullptr); }
inline void wake_up_sync(struct wait_queue_head* q) { wake_up(q); }
inline void wake_up_interruptible(struct wait_queue_head* q) { __wake_up(q, TASK_INTERRUPTIBLE, 1, nullptr); }
inline void wake_up_interruptible_nr(struct wait_queue_head* q, int nr) {
    __wake_up(q, TASK_INTERRUPTIBLE, nr, nullptr);
}
inline void wake_up_interruptible_all(struct wait_queue_head* q) { __wake_up(q, TASK_INTERRUPTIBLE, 0, nullptr); }
inline void wake_up_interruptible_sync(struct wait_queue_head* q) { wake_up_interruptible(q); }
/// The key is what the entries' functions get: a mask of poll's.
inline void wake_up_poll(struct wait_queue_head* q, unsigned long mask) {
    __wake_up(q, TASK_NORMAL, 1, reinterpret_cast<void*>(mask));
}
inline void wake_up_interruptible_poll(struct wait_queue_head* q, unsigned long mask) {
    __wake_up(q, TASK_INTERRUPTIBLE, 1, reinterpret_cast<void*>(mask));
}
inline void wake_up_interruptible_sync_poll(struct wait_queue_head* q, unsigned long mask) {
    wake_up_interruptible_poll(q, mask);
}
/// The caller holds the queue's lock.
inline int __wake_up_locked(struct wait_queue_head* q, unsigned int mode, int nr) {
    return impl::wake_listed(q, mode, nr, 0, nullptr);
}
inline void __wake_up_locked_key(struct wait_queue_head* q, unsigned int mode, void* key) {
    impl::wake_listed(q, mode, 1, 0, key);
}
inline void wake_up_locked(struct wait_queue_head* q) { __wake_up_locked(q, TASK_NORMAL, 1); }
inline void wake_up_all_locked(struct wait_queue_head* q) { __wake_up_locked(q, TASK_NORMAL, 0); }

// ---- wait_event() -----------------------------------------------------------------------------------------------------

/// How one waits: in which state, in which place, and what the caller holds meanwhile.
struct bottomhalf_wait_how {
    unsigned int state;
    const char* function;
    bool exclusive = false;
    bool locked = false;   // the caller holds a lock that `before` lets go of: whether he may sleep is asked after that
};
namespace impl {
struct nothing {
    void operator()() const noexcept {}
};
inline arch::ns_t deadline_of(long timeout, location at) noexcept {
    return timeout == MAX_SCHEDULE_TIMEOUT ? arch::forever : deadline(static_cast<unsigned long>(timeout), at);
}
}   // namespace impl

namespace impl {
/// Sleeps until condition() or `until`; before() and after() stand around each sleep.  Return: whether it holds.
template <class Condition, class Before, class After>
bool wait_loop(wait_queue_head& q, bottomhalf_wait_how how, arch::ns_t until, Condition condition, location at,
               Before before, After after) {
    wait_queue_entry me{
        how.exclusive ? WQ_FLAG_EXCLUSIVE : 0, get_current(), &autoremove_wake_function, {nullptr, nullptr}};
    bool holds = false;
    for (bool in_time = true;; in_time = engine::now() < until) {
        prepare_to_wait_event(&q, &me, how.state);
        holds = condition();
        if (holds || !in_time) break;
        before();
        schedules::schedule_until(until, how.function, at);
        after();
    }
    finish_wait(&q, &me);
    return holds;
}
}   // namespace impl

/// Context: process.  Return: whether the condition holds; false if `until` came first, or one must not sleep here.
template <class Condition>
bool bottomhalf_wait_until(struct wait_queue_head& q, bottomhalf_wait_how how, arch::ns_t until, Condition condition,
                           location at) {
    const bool may = impl::here::might_sleep(how.function, at);
    if (condition()) return true;
    return may && impl::wait_loop(q, how, until, condition, at, impl::nothing{}, impl::nothing{});
}
/// `timeout` < 0: none.  Return: 0 if the time is over and the condition false, else the ticks that were left, at least 1.
template <class Condition, class Before = impl::nothing, class After = impl::nothing>
long bottomhalf_wait_ticks(struct wait_queue_head& q, bottomhalf_wait_how how, long timeout, Condition condition,
                           location at, Before before = {}, After after = {}) {
    const bool may = how.locked || impl::here::might_sleep(how.function, at);
    if (condition()) return timeout <= 0 ? 1 : timeout;
    const arch::ns_t until = impl::deadline_of(timeout, at);
    if (!may || !impl::wait_loop(q, how, until, condition, at, before, after)) return 0;
    const unsigned long left = until == arch::forever ? static_cast<unsigned long>(timeout) : impl::ticks_left(until);
    return timeout > 0 && left > static_cast<unsigned long>(timeout) ? timeout : static_cast<long>(left);
}
/// The caller holds q.lock, and so he does when this returns.
template <class Condition, class Lock, class Unlock>
void bottomhalf_wait_locked(struct wait_queue_head& q, bottomhalf_wait_how how, Condition condition, Lock lock,
                            Unlock unlock, location at) {
    wait_queue_entry me{0, get_current(), &default_wake_function, {nullptr, nullptr}};
    while (!condition()) {
        if (!impl::is_listed(&me)) {
            list_add_tail(&me.entry, impl::head_of(&q));
            if (how.exclusive) impl::flags_of(&me).fetch_or(WQ_FLAG_EXCLUSIVE, relaxed);
        }
        set_current_state(how.state);
        unlock();
        impl::schedules::schedule_until(arch::forever, how.function, at);
        lock();
    }
    impl::unlist(&me);
    __set_current_state(TASK_RUNNING);
}

/// Whether it came before the time was over, in the kernel's way.  A function, so that nobody misses who does not look at it.
inline int bottomhalf_etime(bool came) noexcept { return came ? 0 : -ETIME; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_etime;
using bottomhalf::linux6::__add_wait_queue;
using bottomhalf::linux6::__add_wait_queue_entry_tail;
using bottomhalf::linux6::__add_wait_queue_entry_tail_exclusive;
using bottomhalf::linux6::__remove_wait_queue;
using bottomhalf::linux6::__wake_up;
using bottomhalf::linux6::__wake_up_locked;
using bottomhalf::linux6::__wake_up_locked_key;
using bottomhalf::linux6::add_wait_queue;
using bottomhalf::linux6::add_wait_queue_exclusive;
using bottomhalf::linux6::add_wait_queue_priority;
using bottomhalf::linux6::autoremove_wake_function;
using bottomhalf::linux6::bottomhalf_wait_how;
using bottomhalf::linux6::bottomhalf_wait_locked;
using bottomhalf::linux6::bottomhalf_wait_ticks;
using bottomhalf::linux6::bottomhalf_wait_until;
using bottomhalf::linux6::default_wake_function;
using bottomhalf::linux6::finish_wait;
using bottomhalf::linux6::init_wait;
using bottomhalf::linux6::init_wait_entry;
using bottomhalf::linux6::init_waitqueue_entry;
using bottomhalf::linux6::init_waitqueue_func_entry;
using bottomhalf::linux6::init_waitqueue_head;
using bottomhalf::linux6::prepare_to_wait;
using bottomhalf::linux6::prepare_to_wait_event;
using bottomhalf::linux6::prepare_to_wait_exclusive;
using bottomhalf::linux6::remove_wait_queue;
using bottomhalf::linux6::wait_queue_entry;
using bottomhalf::linux6::wait_queue_entry_t;
using bottomhalf::linux6::wait_queue_func_t;
using bottomhalf::linux6::wait_queue_head;
using bottomhalf::linux6::wait_queue_head_t;
using bottomhalf::linux6::wait_woken;
using bottomhalf::linux6::waitqueue_active;
using bottomhalf::linux6::wake_up;
using bottomhalf::linux6::wake_up_all;
using bottomhalf::linux6::wake_up_all_locked;
using bottomhalf::linux6::wake_up_interruptible;
using bottomhalf::linux6::wake_up_interruptible_all;
using bottomhalf::linux6::wake_up_interruptible_nr;
using bottomhalf::linux6::wake_up_interruptible_poll;
using bottomhalf::linux6::wake_up_interruptible_sync;
using bottomhalf::linux6::wake_up_interruptible_sync_poll;
using bottomhalf::linux6::wake_up_locked;
using bottomhalf::linux6::wake_up_nr;
using bottomhalf::linux6::wake_up_poll;
using bottomhalf::linux6::wake_up_sync;
using bottomhalf::linux6::woken_wake_function;
using bottomhalf::linux6::WQ_FLAG_EXCLUSIVE;
using bottomhalf::linux6::WQ_FLAG_PRIORITY;
using bottomhalf::linux6::WQ_FLAG_WOKEN;
using bottomhalf::linux6::wq_has_sleeper;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) \
    {}
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
#define DECLARE_WAITQUEUE(name, task) \
    struct wait_queue_entry name = {  \
        0, static_cast<struct task_struct*>(task), &default_wake_function, {nullptr, nullptr}}
#define DEFINE_WAIT_FUNC(name, function) \
    struct wait_queue_entry name = {0, get_current(), &function, {nullptr, nullptr}}
#define DEFINE_WAIT(name) DEFINE_WAIT_FUNC(name, autoremove_wake_function)

#define bottomhalf_how(state, function, ...) \
    bottomhalf_wait_how { (state), function __VA_OPT__(, ) __VA_ARGS__ }
#define bottomhalf_condition(condition) [&]() -> bool { return !!(condition); }
#define bottomhalf_command(command) [&]() { command; }
#define bottomhalf_here ::bottomhalf::location::current()
#define bottomhalf_wait_for(q, how, condition) \
    bottomhalf_wait_until(q, how, ::bottomhalf::arch::forever, bottomhalf_condition(condition), bottomhalf_here)
#define bottomhalf_wait_time(q, how, condition, timeout) \
    bottomhalf_wait_ticks(q, how, static_cast<long>(timeout), bottomhalf_condition(condition), bottomhalf_here)

#define wait_event(q, condition) \
    ((void)bottomhalf_wait_for(q, bottomhalf_how(TASK_UNINTERRUPTIBLE, "wait_event"), condition))
#define io_wait_event(q, condition) wait_event(q, condition)
#define wait_event_interruptible(q, condition) \
    (bottomhalf_wait_for(q, bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_interruptible"), condition), 0)
#define wait_event_interruptible_exclusive(q, condition)                                                    \
    (bottomhalf_wait_for(q, bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_interruptible_exclusive", true), \
                         condition),                                                                        \
     0)
#define wait_event_killable(q, condition) \
    (bottomhalf_wait_for(q, bottomhalf_how(TASK_KILLABLE, "wait_event_killable"), condition), 0)
#define wait_event_killable_exclusive(q, condition) \
    (bottomhalf_wait_for(q, bottomhalf_how(TASK_KILLABLE, "wait_event_killable_exclusive", true), condition), 0)
#define wait_event_state(q, condition, state) \
    (bottomhalf_wait_for(q, bottomhalf_how(state, "wait_event_state"), condition), 0)
#define wait_event_freezable(q, condition) \
    (bottomhalf_wait_for(q, bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_freezable"), condition), 0)
#define wait_event_freezable_exclusive(q, condition) wait_event_interruptible_exclusive(q, condition)
#define wait_event_idle(q, condition) \
    ((void)bottomhalf_wait_for(q, bottomhalf_how(TASK_IDLE, "wait_event_idle"), condition))
#define wait_event_idle_exclusive(q, condition) \
    ((void)bottomhalf_wait_for(q, bottomhalf_how(TASK_IDLE, "wait_event_idle_exclusive", true), condition))

// Return: 0 if the time is over and the condition false, else the ticks that were left, at least 1.
#define wait_event_timeout(q, condition, timeout) \
    bottomhalf_wait_time(q, bottomhalf_how(TASK_UNINTERRUPTIBLE, "wait_event_timeout"), condition, timeout)
#define wait_event_interruptible_timeout(q, condition, timeout) \
    bottomhalf_wait_time(q, bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_interruptible_timeout"), condition, timeout)
#define wait_event_killable_timeout(q, condition, timeout) \
    bottomhalf_wait_time(q, bottomhalf_how(TASK_KILLABLE, "wait_event_killable_timeout"), condition, timeout)
#define wait_event_freezable_timeout(q, condition, timeout) \
    bottomhalf_wait_time(q, bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_freezable_timeout"), condition, timeout)
#define wait_event_idle_timeout(q, condition, timeout) \
    bottomhalf_wait_time(q, bottomhalf_how(TASK_IDLE, "wait_event_idle_timeout"), condition, timeout)
#define wait_event_idle_exclusive_timeout(q, condition, timeout) \
    bottomhalf_wait_time(q, bottomhalf_how(TASK_IDLE, "wait_event_idle_exclusive_timeout", true), condition, timeout)

// The timeout is a ktime_t.  Return: 0, or -ETIME if it was over first.
#define bottomhalf_wait_hr(q, how, condition, timeout)                                               \
    bottomhalf_etime(bottomhalf_wait_until(q, how, ::bottomhalf::linux6::impl::hr_deadline(timeout), \
                                           bottomhalf_condition(condition), bottomhalf_here))
#define wait_event_hrtimeout(q, condition, timeout) \
    bottomhalf_wait_hr(q, bottomhalf_how(TASK_UNINTERRUPTIBLE, "wait_event_hrtimeout"), condition, timeout)
#define wait_event_interruptible_hrtimeout(q, condition, timeout) \
    bottomhalf_wait_hr(q, bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_interruptible_hrtimeout"), condition, timeout)

// Commands around each sleep.
#define bottomhalf_wait_cmd(q, how, condition, timeout, before, after)                                          \
    bottomhalf_wait_ticks(q, how, static_cast<long>(timeout), bottomhalf_condition(condition), bottomhalf_here, \
                          bottomhalf_command(before), bottomhalf_command(after))
#define wait_event_cmd(q, condition, before, after)                                                               \
    ((void)bottomhalf_wait_cmd(q, bottomhalf_how(TASK_UNINTERRUPTIBLE, "wait_event_cmd", false, true), condition, \
                               MAX_SCHEDULE_TIMEOUT, before, after))
#define wait_event_exclusive_cmd(q, condition, before, after)                                                   \
    ((void)bottomhalf_wait_cmd(q, bottomhalf_how(TASK_UNINTERRUPTIBLE, "wait_event_exclusive_cmd", true, true), \
                               condition, MAX_SCHEDULE_TIMEOUT, before, after))

// The condition is looked at with `lock` held, by spin_lock_irq(); asleep one does not hold it.
#define wait_event_lock_irq_cmd(q, condition, lock, command)                                                           \
    ((void)bottomhalf_wait_cmd(q, bottomhalf_how(TASK_UNINTERRUPTIBLE, "wait_event_lock_irq", false, true), condition, \
                               MAX_SCHEDULE_TIMEOUT, spin_unlock_irq(&(lock));                                         \
                               command, spin_lock_irq(&(lock))))
#define wait_event_lock_irq(q, condition, lock) wait_event_lock_irq_cmd(q, condition, lock, (void)0)
#define wait_event_interruptible_lock_irq_cmd(q, condition, lock, command)                                        \
    (bottomhalf_wait_cmd(q, bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_interruptible_lock_irq", false, true), \
                         condition, MAX_SCHEDULE_TIMEOUT, spin_unlock_irq(&(lock));                               \
                         command, spin_lock_irq(&(lock))),                                                        \
     0)
#define wait_event_interruptible_lock_irq(q, condition, lock) \
    wait_event_interruptible_lock_irq_cmd(q, condition, lock, (void)0)
#define wait_event_lock_irq_timeout(q, condition, lock, timeout)                                             \
    bottomhalf_wait_cmd(q, bottomhalf_how(TASK_UNINTERRUPTIBLE, "wait_event_lock_irq_timeout", false, true), \
                        condition, timeout, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock)))
#define wait_event_interruptible_lock_irq_timeout(q, condition, lock, timeout)                                        \
    bottomhalf_wait_cmd(q,                                                                                            \
                        bottomhalf_how(TASK_INTERRUPTIBLE, "wait_event_interruptible_lock_irq_timeout", false, true), \
                        condition, timeout, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock)))

// The caller holds the queue's own lock.
#define bottomhalf_wait_event_locked(q, state, exclusive, condition, take, leave)                   \
    (bottomhalf_wait_locked(q, bottomhalf_how(state, "wait_event_interruptible_locked", exclusive), \
                            bottomhalf_condition(condition), bottomhalf_command(take(&(q).lock)),   \
                            bottomhalf_command(leave(&(q).lock)), bottomhalf_here),                 \
     0)
#define wait_event_interruptible_locked(q, condition) \
    bottomhalf_wait_event_locked(q, TASK_INTERRUPTIBLE, false, condition, spin_lock, spin_unlock)
#define wait_event_interruptible_locked_irq(q, condition) \
    bottomhalf_wait_event_locked(q, TASK_INTERRUPTIBLE, false, condition, spin_lock_irq, spin_unlock_irq)
#define wait_event_interruptible_exclusive_locked(q, condition) \
    bottomhalf_wait_event_locked(q, TASK_INTERRUPTIBLE, true, condition, spin_lock, spin_unlock)
#define wait_event_interruptible_exclusive_locked_irq(q, condition) \
    bottomhalf_wait_event_locked(q, TASK_INTERRUPTIBLE, true, condition, spin_lock_irq, spin_unlock_irq)
#define wait_event_killable_locked(q, condition) \
    bottomhalf_wait_event_locked(q, TASK_KILLABLE, false, condition, spin_lock, spin_unlock)

#include <linux/wait_bit.h>

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/types.h>
