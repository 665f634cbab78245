// SPDX-License-Identifier: MIT
// What the structs of <linux/...> cost: their sizes, and that using them, once all is set up, allocates nothing.
#include "support/facade.hpp"

#include "support/allocations.hpp"

#include <atomic>

#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

using support::allocates_nothing;
using support::allocations;
using support::engine;
using support::on_this_engine;
using support::wait_until;

// ---- sizes: those of the budget, and where that says nothing what they are, so that a field more is seen -------------

#if defined(__x86_64__)
static_assert(sizeof(struct work_struct) == 32);
static_assert(sizeof(struct delayed_work) == 88);
static_assert(sizeof(struct rcu_work) == 56);
static_assert(sizeof(struct timer_list) == 40);
static_assert(sizeof(struct hrtimer) == 88);
static_assert(sizeof(struct tasklet_struct) == 48);
static_assert(sizeof(struct irq_work) == 24);
static_assert(sizeof(struct completion) == 4);
static_assert(sizeof(struct kthread_work) == 40);
static_assert(sizeof(struct kthread_delayed_work) == 80);
static_assert(sizeof(struct kthread_worker) == 64);
static_assert(sizeof(wait_queue_head_t) == 24);
static_assert(sizeof(struct wait_queue_entry) == 40);
static_assert(sizeof(struct rcu_head) == 16);
static_assert(sizeof(struct execute_work) == 32);
static_assert(sizeof(struct mutex) == 12);
static_assert(sizeof(struct semaphore) == 4);
static_assert(sizeof(struct rw_semaphore) == 32);
static_assert(sizeof(spinlock_t) == 8);
#endif

namespace {

std::atomic<int> runs;
void count(struct work_struct*) { ++runs; }
void count_timer(struct timer_list*) { ++runs; }
void count_tasklet(struct tasklet_struct*) { ++runs; }
void count_irq_work(struct irq_work*) { ++runs; }
void count_kwork(struct kthread_work*) { ++runs; }
void count_rcu(struct rcu_head*) { ++runs; }
enum hrtimer_restart count_hrtimer(struct hrtimer*) { return ++runs, HRTIMER_NORESTART; }
irqreturn_t count_irq(int, void*) { return ++runs, IRQ_HANDLED; }

void wait_for(int n) {
    wait_until<engine>([n] { return runs >= n; });
}

}   // namespace

TEST_CASE("an item, a timer, an interrupt: no allocation per use", "[linux6][allocation]") {
    on_this_engine([] {
        runs = 0;
        struct workqueue_struct* wq = alloc_workqueue("wq", 0, 0);
        struct workqueue_struct* unbound = alloc_workqueue("unbound", WQ_UNBOUND, 0);
        struct workqueue_struct* ordered = alloc_ordered_workqueue("ordered", 0);
        struct work_struct work;
        INIT_WORK(&work, count);
        for (struct workqueue_struct* q : {wq, unbound, ordered})
            allocates_nothing("work_struct", [&] {
                queue_work(q, &work);
                flush_work(&work);
                queue_work(q, &work);
                cancel_work_sync(&work);
                queue_work_on(1, q, &work);
                flush_workqueue(q);
                disable_work_sync(&work);
                enable_work(&work);
                drain_workqueue(q);
            });
        struct delayed_work dwork;
        INIT_DELAYED_WORK(&dwork, count);
        allocates_nothing("delayed_work", [&] {
            queue_delayed_work(wq, &dwork, 1);
            mod_delayed_work(wq, &dwork, 2);
            flush_delayed_work(&dwork);
            queue_delayed_work_on(1, wq, &dwork, 1000 * HZ);
            cancel_delayed_work_sync(&dwork);
        });
        struct rcu_work rwork;
        INIT_RCU_WORK(&rwork, count);
        allocates_nothing("rcu_work", [&] {
            queue_rcu_work(wq, &rwork);
            flush_rcu_work(&rwork);
        });
        for (struct workqueue_struct* q : {wq, unbound, ordered}) destroy_workqueue(q);
    });
}

TEST_CASE("timers, tasklets, interrupts: no allocation per use", "[linux6][allocation]") {
    on_this_engine([] {
        runs = 0;
        struct timer_list timer;
        timer_setup(&timer, count_timer, 0);
        allocates_nothing("timer_list", [&] {
            const int n = runs + 1;
            mod_timer(&timer, jiffies + 1000 * HZ);
            mod_timer(&timer, jiffies + 1);
            wait_for(n);
            mod_timer(&timer, jiffies + 1000 * HZ);
            timer_delete_sync(&timer);
        });
        struct hrtimer hr;
        hrtimer_setup(&hr, count_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
        allocates_nothing("hrtimer", [&] {
            const int n = runs + 1;
            hrtimer_start(&hr, ns_to_ktime(1000), HRTIMER_MODE_REL);
            wait_for(n);
            hrtimer_start(&hr, ns_to_ktime(NSEC_PER_SEC) * 1000, HRTIMER_MODE_REL);
            hrtimer_cancel(&hr);
        });
        struct tasklet_struct tasklet;
        tasklet_setup(&tasklet, count_tasklet);
        allocates_nothing("tasklet_struct", [&] {
            tasklet_schedule(&tasklet);
            tasklet_hi_schedule(&tasklet);
            tasklet_disable(&tasklet);
            tasklet_enable(&tasklet);
            tasklet_kill(&tasklet);
        });
        struct irq_work irq_work;
        init_irq_work(&irq_work, count_irq_work);
        allocates_nothing("irq_work", [&] {
            irq_work_queue(&irq_work);
            irq_work_sync(&irq_work);
        });
        REQUIRE(request_irq(9, count_irq, 0, "counts", nullptr) == 0);
        allocates_nothing("an interrupt", [&] {
            const int n = runs + 1;
            bottomhalf::linux6::raise_irq(9);
            wait_for(n);
            disable_irq(9);
            enable_irq(9);
        });
        free_irq(9, nullptr);
    });
}

TEST_CASE("what waits, and kthread workers: no allocation per use", "[linux6][allocation]") {
    on_this_engine([] {
        runs = 0;
        struct kthread_worker* worker = kthread_create_worker(0, "worker");
        struct kthread_work kwork;
        kthread_init_work(&kwork, count_kwork);
        allocates_nothing("kthread_work", [&] {
            kthread_queue_work(worker, &kwork);
            kthread_flush_work(&kwork);
            kthread_queue_work(worker, &kwork);
            kthread_cancel_work_sync(&kwork);
            kthread_flush_worker(worker);
        });
        struct kthread_delayed_work kdwork;
        kthread_init_delayed_work(&kdwork, count_kwork);
        allocates_nothing("kthread_delayed_work", [&] {
            kthread_queue_delayed_work(worker, &kdwork, 1000 * HZ);
            kthread_mod_delayed_work(worker, &kdwork, 2000 * HZ);
            kthread_cancel_delayed_work_sync(&kdwork);
        });
        struct completion done;
        init_completion(&done);
        struct work_struct completes;
        static struct completion* to_complete;
        to_complete = &done;
        INIT_WORK(&completes, [](struct work_struct*) { complete(to_complete); });
        allocates_nothing("completion", [&] {
            reinit_completion(&done);
            schedule_work(&completes);
            wait_for_completion(&done);
            wait_for_completion_timeout(&done, 1);
            flush_work(&completes);
        });
        static wait_queue_head_t wait;
        init_waitqueue_head(&wait);
        static std::atomic<bool> seen;
        struct work_struct wakes;
        INIT_WORK(&wakes, [](struct work_struct*) {
            seen = true;
            wake_up_all(&wait);
        });
        allocates_nothing("wait_queue_entry", [&] {
            seen = false;
            schedule_work(&wakes);
            wait_event(wait, seen.load());
            wait_event_timeout(wait, !seen.load(), 1);
            flush_work(&wakes);
        });
        struct rcu_head head;
        allocates_nothing("rcu_head", [&] {
            rcu_read_lock();
            rcu_read_unlock();
            call_rcu(&head, count_rcu);
            rcu_barrier();
        });
        struct mutex lock;
        mutex_init(&lock);
        struct semaphore sem;
        sema_init(&sem, 1);
        struct rw_semaphore rw;
        init_rwsem(&rw);
        allocates_nothing("locks", [&] {
            mutex_lock(&lock);
            mutex_unlock(&lock);
            down(&sem);
            up(&sem);
            down_read(&rw);
            up_read(&rw);
            down_write(&rw);
            up_write(&rw);
        });
        kthread_destroy_worker(worker);
    });
}

TEST_CASE("an idle queue: 160 bytes and 96 per CPU at most, in one piece, and no thread", "[linux6][allocation]") {
    on_this_engine([] {
        constexpr unsigned n = 16;
        for (const unsigned flags : {0U, +WQ_UNBOUND, WQ_UNBOUND | __WQ_ORDERED, +WQ_HIGHPRI}) {
            struct workqueue_struct* wq[n];
            struct workqueue_struct* first = alloc_workqueue("first", flags, 1);   // its pools are there now
            const long pieces = allocations, bytes = support::allocated;
            engine::spawn_budget(0);
            for (auto& q : wq) q = alloc_workqueue("idle", flags, 1);
            engine::spawn_budget(-1);
            CHECK(allocations - pieces <= long{n});
            CHECK(support::allocated - bytes <= long{n} * (160 + 96 * static_cast<long>(num_possible_cpus())));
            for (auto* q : wq) REQUIRE(q != nullptr);
            for (auto* q : wq) destroy_workqueue(q);
            destroy_workqueue(first);
        }
    });
}
