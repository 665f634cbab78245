// SPDX-License-Identifier: MIT
// <linux/kthread.h>: threads of a driver's own, and workers made of them.
//
//   task = kthread_run(loop, device, "poll/%d", number);        int loop(void* device)
//   while (!kthread_should_stop()) ...
//   kthread_stop(task);                                         its value
//
// A worker (struct kthread_worker) is one such thread and a list of items, each a kthread_work: a work queue with one
// thread that is known, for whoever wants to say what becomes of it.
#pragma once

#include <cstdarg>
#include <cstdio>

#include <linux/bottomhalf.h>
#include <linux/bottomhalf_format.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
using kthreads = kthread_ops<engine>;
inline kthread<engine>* thread_of(task_struct* t) noexcept { return kthreads::of(*reinterpret_cast<arch::task*>(t)); }
inline task_struct* task_of(kthread<engine>* k) noexcept { return reinterpret_cast<task_struct*>(&k->self); }
template <class T>
T* no_memory() noexcept {
    return reinterpret_cast<T*>(static_cast<long>(-ENOMEM));   // ERR_PTR(-ENOMEM)
}
inline task_struct* create_thread(location at, int cpu, int (*function)(void*), void* data, const char* format,
                                  va_list args) noexcept {
    char name[64];
    bottomhalf_vformat(name, sizeof name, format, args);
    kthread<engine>* k = kthreads::create(function, data, cpu, name, at);
    return k != nullptr ? task_of(k) : no_memory<task_struct>();
}
}   // namespace impl

/// What kthread_create() and the others call.  The name is cut to 15 characters.
/// Context: process.  Return: the thread, asleep until wake_up_process() (`run`: awake); ERR_PTR(-ENOMEM).
__attribute__((format(printf, 6, 7))) inline struct task_struct* bottomhalf_kthread_create(
    location at, bool run, int cpu, int (*function)(void*), void* data, const char* format, ...) noexcept {
    va_list args;
    va_start(args, format);
    task_struct* t = impl::create_thread(at, cpu, function, data, format, args);
    va_end(args);
    if (run && t != impl::no_memory<task_struct>()) wake_up_process(t);
    return t;
}
/// Before its first wake-up: it stands for that CPU.
inline void kthread_bind(struct task_struct* t, unsigned int cpu) noexcept {
    if (auto* k = impl::thread_of(t)) k->self.cpu = static_cast<int>(cpu);
}
/// Asks it to end, wakes it, and waits.  A thread that may have ended by itself must have been kept: get_task_struct().
/// Context: process.  Return: what its function returned; -EINTR if that has never been called.
inline int kthread_stop(struct task_struct* t, location at = location::current()) noexcept {
    auto* k = impl::thread_of(t);
    return k != nullptr ? impl::kthreads::stop(*k, "kthread_stop", at) : -EINVAL;
}
inline int kthread_stop_put(struct task_struct* t, location at = location::current()) noexcept {
    const int result = kthread_stop(t, at);
    put_task_struct(t);
    return result;
}
/// These four are asked by the thread itself.
inline bool kthread_should_stop() noexcept { return impl::kthreads::asked(kthread_flag::should_stop); }
inline bool kthread_should_park() noexcept { return impl::kthreads::asked(kthread_flag::should_park); }
inline bool kthread_should_stop_or_park() noexcept { return bottomhalf_should_stop_or_park(); }
inline bool kthread_freezable_should_stop(bool* was_frozen) noexcept {
    if (was_frozen != nullptr) *was_frozen = false;
    return kthread_should_stop();
}
/// In the thread: stays here while it is to park.
inline void kthread_parkme(location at = location::current()) noexcept { impl::kthreads::park_me(at); }
/// In the thread: ends it, as if its function had returned `result`.  It is an exception that gets it out of there.
[[noreturn]] inline void kthread_exit(long result, location at = location::current()) {
    impl::kthreads::exit(static_cast<int>(result), at);
}
/// What modules had until 5.17.
[[noreturn]] inline void do_exit(long result, location at = location::current()) { kthread_exit(result, at); }
[[noreturn]] inline void kthread_complete_and_exit(struct completion* c, long result,
                                                   location at = location::current()) {
    if (c != nullptr) complete(c);
    kthread_exit(result, at);
}
/// Waits until it has come to kthread_parkme().  Return: 0, -ENOSYS if it has ended, -EBUSY if it is to park already.
inline int kthread_park(struct task_struct* t, location at = location::current()) noexcept {
    auto* k = impl::thread_of(t);
    return k != nullptr ? impl::kthreads::park(*k, at) : -ENOSYS;
}
inline void kthread_unpark(struct task_struct* t) noexcept {
    if (auto* k = impl::thread_of(t)) impl::kthreads::unpark(*k);
}
/// What it was created with; null if it is none.
inline void* kthread_data(struct task_struct* t) noexcept {
    auto* k = impl::thread_of(t);
    return k != nullptr ? k->data : nullptr;
}
inline void* kthread_probe_data(struct task_struct* t) noexcept { return kthread_data(t); }
inline void* kthread_func(struct task_struct* t) noexcept {
    auto* k = impl::thread_of(t);
    return k != nullptr ? reinterpret_cast<void*>(k->function) : nullptr;
}

// ---- workers ----------------------------------------------------------------------------------------------------------

struct kthread_work;
using kthread_work_func_t = void (*)(struct kthread_work* work);

struct kthread_worker {
    unsigned int flags;
    raw_spinlock_t lock;
    struct list_head work_list;           // guarded by lock, as all that follows, and as the items' fields
    struct list_head delayed_work_list;   // on their timers
    struct task_struct* task;
    struct kthread_work* current_work;
};
struct kthread_work {
    struct list_head node;   // empty: neither queued nor on a timer
    kthread_work_func_t func;
    struct kthread_worker* worker;
    int canceling;   // whoever waits for it keeps it from being queued
};
struct kthread_delayed_work {
    struct kthread_work work;
    struct timer_list timer;
};
inline constexpr unsigned int KTW_FREEZABLE = 1 << 0;   // accepted; nothing freezes

namespace impl {

/// The lock of a worker, with interrupts masked: a top half may queue.
class worker_guard {
public:
    explicit worker_guard(kthread_worker* w) noexcept : worker_(w) { lock(); }
    ~worker_guard() { unlock(); }
    worker_guard(const worker_guard&) = delete;
    worker_guard& operator=(const worker_guard&) = delete;
    void lock() noexcept { flags_ = bottomhalf_spin_lock_irqsave(&worker_->lock); }
    void unlock() noexcept { spin_unlock_irqrestore(&worker_->lock, flags_); }

private:
    kthread_worker* worker_;
    unsigned long flags_ = 0;
};
/// All of these: the caller holds the worker's lock.
inline void insert(kthread_worker* worker, kthread_work* work, list_head* before) noexcept {
    list_add_tail(&work->node, before);
    atomic<kthread_worker*>(work->worker).store(worker, release);   // [kworker.worker] it is whole
    if (worker->current_work == nullptr && worker->task != nullptr) wake_up_process(worker->task);
}
inline bool may_not_be_queued(kthread_worker* worker, kthread_work* work, const char* function, location at) noexcept {
    if (work->worker != nullptr && work->worker != worker)
        bottomhalf::detail::say(channel::kernel, severity::warn, function, at,
                                "WARN_ON_ONCE(work->worker && work->worker != worker)");
    return !list_empty(&work->node) || work->canceling != 0;
}
inline bool unqueue(kthread_work* work) noexcept {
    if (list_empty(&work->node)) return false;
    list_del_init(&work->node);
    return true;
}
inline void queue_later(kthread_worker* worker, kthread_delayed_work* d, unsigned long delay, location at) noexcept {
    if (delay == 0) return insert(worker, &d->work, &worker->work_list);
    list_add(&d->work.node, &worker->delayed_work_list);
    atomic<kthread_worker*>(d->work.worker).store(worker, release);   // [kworker.worker]
    if (timekeeper<engine>* clock = impl::clock(at)) mod_timer(&d->timer, clock->expiry(delay), at);
}
/// Lets go of the lock for a while: the timer's function takes it.
inline void stop_timer(worker_guard& g, kthread_delayed_work* d, location at) noexcept {
    ++d->work.canceling;
    g.unlock();
    timer_delete_sync(&d->timer, at);
    g.lock();
    --d->work.canceling;
}
/// Stands in a worker's list, behind what is waited for.
struct kthread_flush {
    kthread_work work;   // first
    std::uint32_t done = 0;

    kthread_flush() noexcept : work{{nullptr, nullptr}, &arrived, nullptr, 0} { INIT_LIST_HEAD(&work.node); }
    static void arrived(kthread_work* w) {
        completion_ops<engine>::complete(reinterpret_cast<kthread_flush*>(w)->done);
    }
    void wait(const char* function, location at) noexcept {
        completion_ops<engine>::wait(done, arch::forever, function, at);
    }
};

}   // namespace impl

/// Of a worker whose memory is the caller's; its thread is to run kthread_worker_fn().
inline void kthread_init_worker(struct kthread_worker* w) noexcept {
    *w = {};
    INIT_LIST_HEAD(&w->work_list);
    INIT_LIST_HEAD(&w->delayed_work_list);
}
/// For a new item, or an idle one.
inline void kthread_init_work(struct kthread_work* w, kthread_work_func_t func) noexcept {
    *w = {{nullptr, nullptr}, func, nullptr, 0};
    INIT_LIST_HEAD(&w->node);
}
/// The function of a delayed item's timer.
inline void kthread_delayed_work_timer_fn(struct timer_list* t) {
    kthread_delayed_work* d = container_of(t, kthread_delayed_work, timer);
    kthread_worker* worker = d->work.worker;
    if (worker == nullptr) return;
    const impl::worker_guard g(worker);
    impl::unqueue(&d->work);
    if (d->work.canceling == 0) impl::insert(worker, &d->work, &worker->work_list);
}
inline void kthread_init_delayed_work(struct kthread_delayed_work* d, kthread_work_func_t func) noexcept {
    kthread_init_work(&d->work, func);
    d->timer = impl::idle_timer(&kthread_delayed_work_timer_fn, TIMER_IRQSAFE);
}
namespace impl {
// What static ones begin with.
constexpr kthread_worker new_worker(kthread_worker* w) noexcept {
    return {0, {}, {&w->work_list, &w->work_list}, {&w->delayed_work_list, &w->delayed_work_list}, nullptr, nullptr};
}
constexpr kthread_work new_work(kthread_work* w, kthread_work_func_t func) noexcept {
    return {{&w->node, &w->node}, func, nullptr, 0};
}
constexpr kthread_delayed_work new_delayed_work(kthread_delayed_work* d, kthread_work_func_t func) noexcept {
    return {new_work(&d->work, func), idle_timer(&kthread_delayed_work_timer_fn, TIMER_IRQSAFE)};
}
}   // namespace impl
/// The loop of a worker: for kthread_run(kthread_worker_fn, worker, ...).
inline int kthread_worker_fn(void* worker_ptr) {
    auto* worker = static_cast<kthread_worker*>(worker_ptr);
    {
        const impl::worker_guard g(worker);
        worker->task = get_current();
    }
    while (true) {
        set_current_state(TASK_INTERRUPTIBLE);   // before the look, so that an item that comes after it wakes us
        if (kthread_should_stop()) {
            __set_current_state(TASK_RUNNING);
            const impl::worker_guard g(worker);
            worker->task = nullptr;
            return 0;
        }
        kthread_work* work = nullptr;
        {
            const impl::worker_guard g(worker);
            if (!list_empty(&worker->work_list)) {
                work = list_first_entry(&worker->work_list, kthread_work, node);
                list_del_init(&work->node);
            }
            worker->current_work = work;
        }
        if (work != nullptr) {
            __set_current_state(TASK_RUNNING);
            work->func(work);   // it may be gone now
        } else {
            schedule();
        }
        cond_resched();
    }
}

/// What kthread_create_worker() and the others call.  Context: process.  Return: the worker, or ERR_PTR(-ENOMEM).
__attribute__((format(printf, 5, 6))) inline struct kthread_worker* bottomhalf_kthread_create_worker(
    location at, bool run, int cpu, unsigned int flags, const char* format, ...) noexcept {
    kthread_worker* worker = kzalloc(sizeof(kthread_worker), GFP_KERNEL, at);
    if (worker == nullptr) return impl::no_memory<kthread_worker>();
    kthread_init_worker(worker);
    worker->flags = flags;
    va_list args;
    va_start(args, format);
    task_struct* t = impl::create_thread(at, cpu, &kthread_worker_fn, worker, format, args);
    va_end(args);
    if (t == impl::no_memory<task_struct>()) {
        kfree(worker, at);
        return impl::no_memory<kthread_worker>();
    }
    worker->task = t;
    if (run) wake_up_process(t);
    return worker;
}

/// Context: any that we manage.  Return: true if this call queued it; false: it was already, or is being cancelled.
inline bool kthread_queue_work(struct kthread_worker* worker, struct kthread_work* work,
                               location at = location::current()) noexcept {
    const impl::worker_guard g(worker);
    if (impl::may_not_be_queued(worker, work, "kthread_queue_work", at)) return false;
    impl::insert(worker, work, &worker->work_list);
    return true;
}
/// The same, once `delay` ticks have gone by.
inline bool kthread_queue_delayed_work(struct kthread_worker* worker, struct kthread_delayed_work* d,
                                       unsigned long delay, location at = location::current()) noexcept {
    const impl::worker_guard g(worker);
    if (impl::may_not_be_queued(worker, &d->work, "kthread_queue_delayed_work", at)) return false;
    impl::queue_later(worker, d, delay, at);
    return true;
}
/// Moves it to `delay` ticks from now, wherever it waits.  Return: was it waiting?
inline bool kthread_mod_delayed_work(struct kthread_worker* worker, struct kthread_delayed_work* d, unsigned long delay,
                                     location at = location::current()) noexcept {
    impl::worker_guard g(worker);
    bool was = false;
    if (d->work.worker != nullptr) {
        impl::stop_timer(g, d, at);
        if (d->work.canceling != 0) return false;   // somebody cancels it: that wins
        was = impl::unqueue(&d->work);
    }
    impl::queue_later(worker, d, delay, at);
    return was;
}

namespace impl {
/// Whether the caller is the worker, for which it would wait.  Context: with its lock.
inline bool is_caller(kthread_worker* worker) noexcept { return worker->task == get_current(); }
BOTTOMHALF_COLD inline void complain_self(const char* function, location at) noexcept {
    bottomhalf::detail::say(channel::kernel, severity::warn, function, at,
                            "possible recursive locking detected: a work of %s would wait for itself; not waiting",
                            get_current()->comm);
}
}   // namespace impl
/// Waits for what is queued or runs; not for a timer.  Context: process, not the worker (reported; does not wait).
inline void kthread_flush_work(struct kthread_work* work, location at = location::current()) noexcept {
    kthread_worker* worker = impl::atomic<kthread_worker*>(work->worker).load(acquire);   // [kworker.worker]
    if (worker == nullptr || !impl::here::might_sleep("kthread_flush_work", at)) return;
    impl::kthread_flush f;
    bool self = false;
    {
        const impl::worker_guard g(worker);
        struct list_head* delayed = &worker->delayed_work_list;
        bool on_timer = false;
        for (struct list_head* l = delayed->next; l != delayed; l = l->next) on_timer = on_timer || l == &work->node;
        if (on_timer && worker->current_work != work) return;
        const bool queued = !on_timer && !list_empty(&work->node);
        if (!queued && worker->current_work != work) return;
        self = impl::is_caller(worker);
        if (!self) impl::insert(worker, &f.work, queued ? work->node.next : worker->work_list.next);
    }
    if (self) return impl::complain_self("kthread_flush_work", at);
    f.wait("kthread_flush_work", at);
}
/// Waits for all that is queued now.  Context: process, not the worker (reported; does not wait).
inline void kthread_flush_worker(struct kthread_worker* worker, location at = location::current()) noexcept {
    if (!impl::here::might_sleep("kthread_flush_worker", at)) return;
    impl::kthread_flush f;
    bool self = false;
    {
        const impl::worker_guard g(worker);
        self = impl::is_caller(worker);
        if (!self) impl::insert(worker, &f.work, &worker->work_list);
    }
    if (self) return impl::complain_self("kthread_flush_worker", at);
    f.wait("kthread_flush_worker", at);
}

namespace impl {
inline bool cancel_sync(kthread_work* work, kthread_delayed_work* delayed_one, location at) noexcept {
    kthread_worker* worker = atomic<kthread_worker*>(work->worker).load(acquire);   // [kworker.worker]
    if (worker == nullptr) return false;                                            // never queued
    bool was = false, self = false;
    {
        worker_guard g(worker);
        if (delayed_one != nullptr) stop_timer(g, delayed_one, at);
        was = unqueue(work);
        if (worker->current_work != work) return was;
        self = is_caller(worker);
        if (!self) ++work->canceling;   // until its function has returned: it may queue itself
    }
    if (self) return complain_self("kthread_cancel_work_sync", at), was;
    kthread_flush_work(work, at);
    const worker_guard g(worker);
    --work->canceling;
    return was;
}
}   // namespace impl
/// On return it neither waits nor runs, and did not queue itself meanwhile.  Context: process, not the item itself (reported;
/// does not wait).
/// Return: was it waiting?
inline bool kthread_cancel_work_sync(struct kthread_work* work, location at = location::current()) noexcept {
    return impl::cancel_sync(work, nullptr, at);
}
inline bool kthread_cancel_delayed_work_sync(struct kthread_delayed_work* d,
                                             location at = location::current()) noexcept {
    return impl::cancel_sync(&d->work, d, at);
}
/// Runs what is queued, then ends the thread; of one that kthread_create_worker() made.  Context: process, not the worker.
inline void kthread_destroy_worker(struct kthread_worker* worker, location at = location::current()) noexcept {
    task_struct* task;
    {
        const impl::worker_guard g(worker);   // its thread, if it has not been scheduled yet, is about to say who it is
        task = worker->task;
    }
    if (task == nullptr) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "kthread_destroy_worker", at, "WARN_ON(!task)");
        return;
    }
    if (task == get_current()) return impl::complain_self("kthread_destroy_worker", at);
    kthread_flush_worker(worker, at);
    kthread_stop(task, at);
    bool armed, left;
    {
        const impl::worker_guard g(worker);   // a timer's function may have been here a moment ago
        armed = !list_empty(&worker->delayed_work_list);
        left = !list_empty(&worker->work_list);
    }
    const auto complain = [at](const char* text) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "kthread_destroy_worker", at, "%s", text);
    };
    if (armed) complain("WARN_ON(!list_empty(&worker->delayed_work_list))");
    if (left) complain("WARN_ON(!list_empty(&worker->work_list))");
    kfree(worker, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_kthread_create;
using bottomhalf::linux6::bottomhalf_kthread_create_worker;
using bottomhalf::linux6::do_exit;
using bottomhalf::linux6::kthread_bind;
using bottomhalf::linux6::kthread_cancel_delayed_work_sync;
using bottomhalf::linux6::kthread_cancel_work_sync;
using bottomhalf::linux6::kthread_complete_and_exit;
using bottomhalf::linux6::kthread_data;
using bottomhalf::linux6::kthread_delayed_work;
using bottomhalf::linux6::kthread_delayed_work_timer_fn;
using bottomhalf::linux6::kthread_destroy_worker;
using bottomhalf::linux6::kthread_exit;
using bottomhalf::linux6::kthread_flush_work;
using bottomhalf::linux6::kthread_flush_worker;
using bottomhalf::linux6::kthread_freezable_should_stop;
using bottomhalf::linux6::kthread_func;
using bottomhalf::linux6::kthread_init_delayed_work;
using bottomhalf::linux6::kthread_init_work;
using bottomhalf::linux6::kthread_init_worker;
using bottomhalf::linux6::kthread_mod_delayed_work;
using bottomhalf::linux6::kthread_park;
using bottomhalf::linux6::kthread_parkme;
using bottomhalf::linux6::kthread_probe_data;
using bottomhalf::linux6::kthread_queue_delayed_work;
using bottomhalf::linux6::kthread_queue_work;
using bottomhalf::linux6::kthread_should_park;
using bottomhalf::linux6::kthread_should_stop;
using bottomhalf::linux6::kthread_should_stop_or_park;
using bottomhalf::linux6::kthread_stop;
using bottomhalf::linux6::kthread_stop_put;
using bottomhalf::linux6::kthread_unpark;
using bottomhalf::linux6::kthread_work;
using bottomhalf::linux6::kthread_work_func_t;
using bottomhalf::linux6::kthread_worker;
using bottomhalf::linux6::kthread_worker_fn;
using bottomhalf::linux6::KTW_FREEZABLE;

#define bottomhalf_kthread(run, cpu, function, data, ...) \
    bottomhalf_kthread_create(::bottomhalf::location::current(), run, cpu, function, data, __VA_ARGS__)
#define kthread_create(function, data, ...) bottomhalf_kthread(false, -1, function, data, __VA_ARGS__)
#define kthread_create_on_node(function, data, node, ...) bottomhalf_kthread(false, -1, function, data, __VA_ARGS__)
#define kthread_run(function, data, ...) bottomhalf_kthread(true, -1, function, data, __VA_ARGS__)
// The format has one %u, for the CPU.
#define kthread_create_on_cpu(function, data, cpu, format) \
    bottomhalf_kthread(false, static_cast<int>(cpu), function, data, format, static_cast<unsigned int>(cpu))
#define kthread_run_on_cpu(function, data, cpu, format) \
    bottomhalf_kthread(true, static_cast<int>(cpu), function, data, format, static_cast<unsigned int>(cpu))

#define bottomhalf_kthread_worker(run, cpu, flags, ...) \
    bottomhalf_kthread_create_worker(::bottomhalf::location::current(), run, cpu, flags, __VA_ARGS__)
#define kthread_create_worker(flags, ...) bottomhalf_kthread_worker(true, -1, flags, __VA_ARGS__)
#define kthread_create_worker_on_cpu(cpu, flags, ...) \
    bottomhalf_kthread_worker(true, static_cast<int>(cpu), flags, __VA_ARGS__)
#define kthread_run_worker(flags, ...) kthread_create_worker(flags, __VA_ARGS__)
#define kthread_run_worker_on_cpu(cpu, flags, ...) kthread_create_worker_on_cpu(cpu, flags, __VA_ARGS__)

#define KTHREAD_WORKER_INIT(worker) ::bottomhalf::linux6::impl::new_worker(&(worker))
#define KTHREAD_WORK_INIT(work, fn) ::bottomhalf::linux6::impl::new_work(&(work), (fn))
#define KTHREAD_DELAYED_WORK_INIT(dwork, fn) ::bottomhalf::linux6::impl::new_delayed_work(&(dwork), (fn))
#define DEFINE_KTHREAD_WORKER(worker) struct kthread_worker worker = KTHREAD_WORKER_INIT(worker)
#define DEFINE_KTHREAD_WORKER_ONSTACK(worker) DEFINE_KTHREAD_WORKER(worker)
#define DEFINE_KTHREAD_WORK(work, fn) struct kthread_work work = KTHREAD_WORK_INIT(work, fn)
#define DEFINE_KTHREAD_DELAYED_WORK(dwork, fn) struct kthread_delayed_work dwork = KTHREAD_DELAYED_WORK_INIT(dwork, fn)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
