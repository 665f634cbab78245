// SPDX-License-Identifier: MIT
//
// Locks, completions, wait queues and the task's state: <linux/spinlock.h>, <asm/semaphore.h>, <linux/mutex.h>,
// <linux/completion.h>, <linux/wait.h>, <linux/sched.h>.
#include "linux26/support.hpp"

#include <atomic>
#include <chrono>

#include <asm/semaphore.h>
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

using support::counter;
using support::reports;

namespace {

constexpr int rounds = 20000;

/// Two threads add to one number, each under the lock.
template <class Lock, class Unlock>
long count_with(Lock lock, Unlock unlock) {
    long n = 0;
    const auto add = [&] {
        for (int i = 0; i < rounds; ++i) {
            lock();
            n = n + 1;
            unlock();
        }
    };
    std::thread other(add);
    add();
    other.join();
    return n;
}

/// Returns once `task` sleeps for `why`.
void wait_until_asleep(task_struct* task, const char* why) {
    for (const char* now = nullptr; now == nullptr || std::strcmp(now, why) != 0; std::this_thread::yield())
        now = std::atomic_ref(task->waits_for).load();
}

}   // namespace

TEST_CASE("locks exclude", "[spinlock][semaphore][mutex]") {
    static DEFINE_SPINLOCK(spin);
    static rwlock_t rw = RW_LOCK_UNLOCKED;
    static DECLARE_MUTEX(sem);
    static DEFINE_MUTEX(mtx);
    unsigned long fa = 0;
    CHECK(count_with([] { spin_lock(&spin); }, [] { spin_unlock(&spin); }) == 2 * rounds);
    CHECK(count_with([] { spin_lock_bh(&spin); }, [] { spin_unlock_bh(&spin); }) == 2 * rounds);
    CHECK(count_with([] { spin_lock_irq(&spin); }, [] { spin_unlock_irq(&spin); }) == 2 * rounds);
    CHECK(count_with([] { write_lock(&rw); }, [] { write_unlock(&rw); }) == 2 * rounds);
    CHECK(count_with([] { down(&sem); }, [] { up(&sem); }) == 2 * rounds);
    CHECK(count_with([] { mutex_lock(&mtx); }, [] { mutex_unlock(&mtx); }) == 2 * rounds);
    spin_lock_irqsave(&spin, fa);
    CHECK(irqs_disabled());
    CHECK(in_atomic());
    CHECK_FALSE(spin_trylock(&spin));
    unsigned long fb = 7;
    CHECK_FALSE(spin_trylock_irqsave(&spin, fb));
    CHECK(irqs_disabled());   // as before
    spin_unlock_irqrestore(&spin, fa);
    CHECK_FALSE(irqs_disabled());
    CHECK(spin_trylock_irqsave(&spin, fb));
    CHECK(irqs_disabled());
    spin_unlock_irqrestore(&spin, fb);
    CHECK_FALSE(irqs_disabled());
    CHECK_FALSE(in_atomic());
    const auto try_own = [](rwlock_t* l) { return bottomhalf::linux26::impl::shares::try_own(l->state.word); };
    const auto try_share = [](rwlock_t* l) { return bottomhalf::linux26::impl::shares::try_share(l->state.word); };
    read_lock(&rw);
    read_lock(&rw);
    CHECK_FALSE(try_own(&rw));
    read_unlock(&rw);
    CHECK_FALSE(try_own(&rw));
    read_unlock(&rw);
    write_lock(&rw);
    CHECK_FALSE(try_own(&rw));
    CHECK_FALSE(try_share(&rw));
    write_unlock(&rw);
    CHECK_FALSE(in_atomic());
}

TEST_CASE("spin_lock, spin_trylock: what each keeps out while the lock is held, and a failure does not", "[spinlock]") {
    spinlock_t lock = SPIN_LOCK_UNLOCKED;
    unsigned long flags = 0;
    reports said;
    const auto held = [&] { return spin_is_locked(&lock) && in_atomic(); };
    const auto is_over = [&] {
        return !spin_is_locked(&lock) && !in_atomic() && !irqs_disabled() && reports::count() == 0;
    };
    spin_lock(&lock);
    CHECK((held() && !irqs_disabled() && !in_interrupt()));
    CHECK_FALSE(spin_trylock(&lock));
    CHECK_FALSE(spin_trylock_irqsave(&lock, flags));
    CHECK((held() && !irqs_disabled()));
    spin_unlock(&lock);
    CHECK(is_over());
    CHECK(spin_trylock(&lock));
    CHECK((held() && !irqs_disabled()));
    spin_unlock(&lock);
    CHECK(is_over());
    spin_lock_bh(&lock);
    CHECK((held() && !irqs_disabled() && in_interrupt()));
    spin_unlock_bh(&lock);
    CHECK(is_over());
    spin_lock_irq(&lock);
    CHECK((held() && irqs_disabled()));
    spin_unlock_irq(&lock);
    CHECK(is_over());
    spin_lock_irqsave(&lock, flags);
    CHECK((held() && irqs_disabled()));
    spin_unlock_irqrestore(&lock, flags);
    CHECK(is_over());
    CHECK(spin_trylock_irqsave(&lock, flags));
    CHECK((held() && irqs_disabled()));
    spin_unlock_irqrestore(&lock, flags);
    CHECK(is_over());
}

TEST_CASE("spin_lock: recursion and a foreign unlock are reported", "[spinlock][report]") {
    spinlock_t lock;
    spin_lock_init(&lock);
    reports said;
    spin_lock(&lock);
    spin_lock(&lock);
    spin_unlock(&lock);
    CHECK(spin_is_locked(&lock));
    spin_unlock(&lock);
    CHECK_FALSE(spin_is_locked(&lock));
    CHECK(reports::with("BUG: spinlock recursion") == 1);
    bottomhalf::linux26::impl::let_go(&lock, bottomhalf::location::current());
    CHECK(reports::with("already unlocked") == 1);
    CHECK(reports::count() == 2);
    CHECK_FALSE(in_atomic());
}

TEST_CASE("down: sleeping under a spinlock is reported", "[semaphore][report]") {
    static DEFINE_SPINLOCK(lock);
    struct semaphore sem;
    init_MUTEX_LOCKED(&sem);
    reports said;
    spin_lock(&lock);
    down(&sem);
    spin_unlock(&lock);
    CHECK(reports::with("in_atomic(): 1, irqs_disabled(): 0") == 1);
    CHECK(down_trylock(&sem) == 1);
    up(&sem);
    CHECK(down_trylock(&sem) == 0);
    sema_init(&sem, 2);
    CHECK(down_interruptible(&sem) == 0);
    CHECK(down_interruptible(&sem) == 0);
    CHECK(down_trylock(&sem) == 1);
    struct mutex m;
    mutex_init(&m);
    CHECK(mutex_trylock(&m) == 1);
    CHECK(mutex_is_locked(&m));
    CHECK(mutex_trylock(&m) == 0);
    mutex_unlock(&m);
}

TEST_CASE("a completion lets one wait pass for each complete, and all for good", "[completion]") {
    DECLARE_COMPLETION(c);
    CHECK(wait_for_completion_timeout(&c, 1) == 0);
    complete(&c);
    CHECK(completion_done(&c));
    wait_for_completion(&c);
    CHECK_FALSE(try_wait_for_completion(&c));
    std::thread other([&] { complete(&c); });
    wait_for_completion(&c);
    other.join();
    complete(&c);
    CHECK(wait_for_completion_timeout(&c, 100 * HZ) >= 1);
    complete_all(&c);
    wait_for_completion(&c);
    CHECK(wait_for_completion_interruptible(&c) == 0);
    INIT_COMPLETION(c);
    CHECK_FALSE(completion_done(&c));
}

TEST_CASE("wait_event: sleeps until the condition holds", "[wait]") {
    static DECLARE_WAIT_QUEUE_HEAD(queue);
    static std::atomic<int> n;
    n = 0;
    task_struct* me = current;
    std::thread waker([me] {
        for (int i = 0; i < 200; ++i) {
            n = i;
            wake_up(&queue);
        }
        wait_until_asleep(me, "wait_event");   // woken for nothing, it sleeps again
        n = 1000;
        wake_up(&queue);
    });
    wait_event(queue, n == 1000);
    waker.join();
    CHECK(n == 1000);
    CHECK(waitqueue_active(&queue) == 0);
    CHECK(wait_event_interruptible(queue, n == 1000) == 0);
    CHECK(wait_event_timeout(queue, n == 1, 1) == 0);
    CHECK(wait_event_timeout(queue, n == 1000, 1) == 1);
    CHECK(wait_event_interruptible_timeout(queue, n == 1000, 5 * HZ) == 5 * HZ);
}

TEST_CASE("wake_up: all waiters but one exclusive", "[wait]") {
    static wait_queue_head_t queue;
    init_waitqueue_head(&queue);
    static std::atomic<bool> go;
    go = false;
    counter shared, exclusive;
    std::atomic<task_struct*> tasks[4] = {};
    std::thread threads[4];
    for (unsigned i = 0; i < 4; ++i)
        threads[i] = std::thread([&, i] {
            tasks[i] = current;
            DEFINE_WAIT(wait);
            while (true) {
                if (i < 2)
                    prepare_to_wait(&queue, &wait, TASK_UNINTERRUPTIBLE);
                else
                    prepare_to_wait_exclusive(&queue, &wait, TASK_UNINTERRUPTIBLE);
                if (go) break;
                schedule();
            }
            finish_wait(&queue, &wait);
            (i < 2 ? shared : exclusive).hit();
        });
    for (auto& t : tasks) {
        while (t.load() == nullptr) std::this_thread::yield();
        wait_until_asleep(t, "schedule");
    }
    go = true;
    wake_up(&queue);
    shared.wait_for(2);
    exclusive.wait_for(1);
    CHECK(exclusive.get() == 1);
    CHECK(waitqueue_active(&queue) == 1);
    wake_up_all(&queue);
    for (auto& t : threads) t.join();
    CHECK(exclusive.get() == 2);
}

TEST_CASE("current: who first asks has a number, and each another", "[sched]") {
    int first = 0, second = 0;
    std::thread([&] { first = current->pid; }).join();
    std::thread([&] { second = current->pid; }).join();
    CHECK(first > 0);
    CHECK(second > 0);
    CHECK(first != second);
}

TEST_CASE("the classic loop: add_wait_queue, set_current_state, schedule", "[wait][sched]") {
    static DECLARE_WAIT_QUEUE_HEAD(queue);
    static std::atomic<bool> ready;
    ready = false;
    DECLARE_WAITQUEUE(wait, current);
    task_struct* me = current;
    add_wait_queue(&queue, &wait);
    std::thread waker([me] {
        wait_until_asleep(me, "schedule");
        ready = true;
        wake_up_interruptible(&queue);
    });
    while (true) {
        set_current_state(TASK_INTERRUPTIBLE);
        if (ready) break;
        schedule();
    }
    set_current_state(TASK_RUNNING);
    remove_wait_queue(&queue, &wait);
    waker.join();
    CHECK(ready);
}

TEST_CASE("schedule_timeout: at least the time, unless woken; in TASK_RUNNING not at all, which is reported",
          "[sched][report]") {
    using clock = std::chrono::steady_clock;
    constexpr auto tick = std::chrono::nanoseconds(1'000'000'000 / HZ);
    reports said;
    set_current_state(TASK_UNINTERRUPTIBLE);
    auto begin = clock::now();
    CHECK(schedule_timeout(3) == 0);
    CHECK(clock::now() - begin >= 3 * tick);
    CHECK(reports::count() == 0);

    CHECK(schedule_timeout(100000L * HZ) > 0);
    CHECK(reports::with("called in TASK_RUNNING") == 1);

    // Woken before it sleeps: TASK_RUNNING by then, and no mistake.
    set_current_state(TASK_INTERRUPTIBLE);
    CHECK(wake_up_process(current) == 1);
    CHECK(schedule_timeout(100000L * HZ) > 0);
    CHECK(wake_up_process(current) == 0);
    CHECK(reports::count() == 1);

    CHECK(schedule_timeout(-1) == 0);
    CHECK(reports::with("wrong timeout value ffffffffffffffff") == 1);
    task_struct* me = current;
    std::thread waker([me] {
        wait_until_asleep(me, "schedule_timeout");
        wake_up_process(me);
    });
    CHECK(schedule_timeout_interruptible(100000L * HZ) > 0);
    waker.join();
}

TEST_CASE("wake_up_process: a task that has been woken, and has not gone on yet, is not woken twice", "[sched]") {
    set_current_state(TASK_INTERRUPTIBLE);
    CHECK(wake_up_process(current) == 1);
    CHECK(wake_up_process(current) == 0);   // and returns
    CHECK(schedule_timeout(100000L * HZ) > 0);
    CHECK(wake_up_process(current) == 0);
}

TEST_CASE("spin_lock, read_lock: with interrupts on, of what a top half takes", "[spinlock][rwlock][report]") {
    static spinlock_t lock = SPIN_LOCK_UNLOCKED;
    static rwlock_t rw = RW_LOCK_UNLOCKED;
    static std::atomic<bool> struck{false};
    reports said;
    const auto top = [](int, void*, struct pt_regs*) {
        spin_lock(&lock);
        write_lock(&rw);
        write_unlock(&rw);
        spin_unlock(&lock);
        struck = true;
        return IRQ_HANDLED;
    };
    REQUIRE(request_irq(5, top, SA_INTERRUPT, "lock", &lock) == 0);
    REQUIRE(bottomhalf::linux26::raise_irq(5));
    while (!struck) std::this_thread::yield();
    free_irq(5, &lock);
    unsigned long flags = 0;
    spin_lock_irqsave(&lock, flags);
    spin_unlock_irqrestore(&lock, flags);
    CHECK(reports::count() == 0);
    CHECK(spin_trylock(&lock));
    spin_unlock(&lock);
    CHECK(reports::with("inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-W} usage") == 1);
    read_lock_bh(&rw);
    read_unlock_bh(&rw);
    CHECK(reports::with("inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-R} usage") == 1);
    CHECK(reports::count() == 2);
}

TEST_CASE("might_sleep: with preemption off, interrupts off or bottom halves off", "[sched][report]") {
    reports said;
    might_sleep();
    CHECK(reports::count() == 0);
    preempt_disable();
    might_sleep();
    preempt_enable();
    CHECK(reports::with("preempt_count: 1, expected: 0") == 1);
    local_bh_disable();
    CHECK(in_softirq());
    CHECK(in_interrupt());
    might_sleep();
    local_bh_enable();
    CHECK(reports::with("preempt_count: 200, expected: 0") == 1);
    local_irq_disable();
    might_sleep();
    local_irq_enable();
    CHECK(reports::with("in_atomic(): 0, irqs_disabled(): 1") == 1);
    CHECK(reports::count() == 3);
}
