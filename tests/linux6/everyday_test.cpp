// SPDX-License-Identifier: MIT
// What drivers call every day and no other test of this facade does, each once: mutexes, waits, completions, states, times.
#include "linux6/support.hpp"

#include <thread>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/time.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

TEST_CASE("mutex: every way to take one", "[linux6][mutex]") {
    static struct mutex made = __MUTEX_INITIALIZER(made);
    struct mutex m;
    mutex_init(&m);
    CHECK(mutex_lock_interruptible(&m) == 0);
    CHECK(mutex_is_locked(&m));
    CHECK(mutex_trylock(&m) == 0);
    mutex_unlock(&m);
    CHECK(mutex_lock_killable(&m) == 0);
    mutex_unlock(&m);
    CHECK_FALSE(mutex_is_locked(&m));
    mutex_destroy(&m);
    CHECK(mutex_trylock(&made) == 1);
    mutex_unlock(&made);
}

TEST_CASE("completion: with a time-out, and what may interrupt it", "[linux6][completion]") {
    struct completion c;
    init_completion(&c);
    CHECK_FALSE(try_wait_for_completion(&c));
    CHECK(wait_for_completion_timeout(&c, 1) == 0);
    CHECK(wait_for_completion_interruptible_timeout(&c, 1) == 0);
    complete(&c);
    CHECK(wait_for_completion_timeout(&c, HZ) > 0);
    complete(&c);
    CHECK(wait_for_completion_interruptible(&c) == 0);
    complete(&c);
    CHECK(wait_for_completion_killable(&c) == 0);
    complete(&c);
    reinit_completion(&c);
    CHECK_FALSE(completion_done(&c));
}

TEST_CASE("wait queue: woken when the condition holds", "[linux6][wait]") {
    wait_queue_head_t q;
    init_waitqueue_head(&q);
    DECLARE_WAIT_QUEUE_HEAD_ONSTACK(other);
    int condition = 0;
    CHECK(wait_event_interruptible_timeout(q, READ_ONCE(condition) != 0, 1) == 0);
    std::thread waker([&] {
        WRITE_ONCE(condition, 1);
        wake_up_interruptible(&q);
        wake_up_interruptible_all(&other);
    });
    CHECK(wait_event_interruptible(q, READ_ONCE(condition) != 0) == 0);   // the killable are not woken by that
    CHECK(wait_event_killable(q, READ_ONCE(condition) != 0) == 0);
    CHECK(wait_event_interruptible_timeout(q, READ_ONCE(condition) != 0, HZ) > 0);
    waker.join();
}

TEST_CASE("schedule: ended by a wake-up that came before", "[linux6][sched]") {
    struct task_struct* me = current;
    for (const unsigned int state :
         {TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_KILLABLE, TASK_INTERRUPTIBLE | TASK_FREEZABLE}) {
        set_current_state(state);
        CHECK(wake_up_process(me) == 1);
        schedule();   // it does not sleep
    }
    __set_current_state(TASK_RUNNING);
    schedule();
    CHECK((TASK_NORMAL & TASK_INTERRUPTIBLE) != 0);
    set_current_state(TASK_INTERRUPTIBLE);
    wake_up_process(me);
    CHECK(schedule_timeout(MAX_SCHEDULE_TIMEOUT) == MAX_SCHEDULE_TIMEOUT);
    CHECK(signal_pending(me) == 0);
    CHECK(fatal_signal_pending(me) == 0);
    flush_signals(me);
    CHECK(task_pid_nr(me) > 0);
    CHECK((me->flags & PF_KTHREAD) == 0);
    static_assert(TASK_COMM_LEN == 16);
    const int cpu = get_cpu();
    CHECK(cpu == smp_processor_id());
    CHECK(preempt_count() == 1);
    put_cpu();
    CHECK(preempt_count() == 0);
    unsigned long flags;
    local_save_flags(flags);
    CHECK(flags == 0);
}

TEST_CASE("times: sums, differences, conversions", "[linux6][time]") {
    const ktime_t t = ns_to_ktime(5000);
    CHECK(ktime_to_ns(ktime_add(t, ms_to_ktime(1))) == 1005000);
    CHECK(ktime_to_ns(ktime_add_ns(t, 7)) == 5007);
    CHECK(ktime_to_ns(ktime_sub_ns(t, 7)) == 4993);
    CHECK(ktime_to_ns(ktime_add_us(t, 2)) == 7000);
    CHECK(ktime_compare(t, ktime_add_ns(t, 1)) < 0);
    CHECK(ktime_after(ktime_add_ns(t, 1), t));
    CHECK(ktime_to_timespec64(t).tv_nsec == 5000);
    const struct timespec64 a = ns_to_timespec64(3'000'000'005LL);
    CHECK((a.tv_sec == 3 && a.tv_nsec == 5));
    struct timespec64 b = timespec64_sub(a, ns_to_timespec64(6));
    CHECK((b.tv_sec == 2 && b.tv_nsec == 999'999'999));
    timespec64_add_ns(&b, 6);
    CHECK(timespec64_equal(&a, &b));
    CHECK(nsecs_to_jiffies(1'000'000'000) == HZ);
    CHECK(clock_t_to_jiffies(100) == HZ);
    CHECK(jiffies_delta_to_clock_t(-5) == 0);
    CHECK(time_before64(1, 2));
    CHECK(time_after64(2, 1));
    CHECK(time_after32(1U, ~0U));
    CHECK(KTIME_MAX > 0);
    CHECK(TIME64_MAX > 0);
}

namespace {
void fire(struct timer_list*) {}
irqreturn_t not_mine(int, void*) { return IRQ_NONE; }
void nothing(struct work_struct*) {}
}   // namespace

TEST_CASE("timers on the stack, lines without waiting, lists by hand", "[linux6]") {
    struct timer_list timer;
    timer_setup_on_stack(&timer, fire, 0);
    mod_timer(&timer, jiffies + 1000 * HZ);
    CHECK(del_timer(&timer) == 1);
    destroy_timer_on_stack(&timer);

    const irq_handler_t handler = not_mine;
    int me = 0;
    REQUIRE(request_irq(21, handler, IRQF_SHARED, "none", &me) == 0);
    disable_irq_nosync(21);
    enable_irq(21);
    free_irq(21, &me);

    const work_func_t f = nothing;
    struct delayed_work d = __DELAYED_WORK_INITIALIZER(d, f, 0);
    CHECK(d.work.func == nothing);
    CHECK(schedule_delayed_work(&d, 0));
    flush_delayed_work(&d);
    flush_scheduled_work();

    struct item {
        int n;
        struct list_head link;
    } items[3] = {{0, {}}, {1, {}}, {2, {}}};
    struct list_head head = LIST_HEAD_INIT(head);
    for (item& i : items) list_add_tail(&i.link, &head);
    item *pos, *n;
    int seen = 0;
    list_for_each_entry_safe(pos, n, &head, link) {
        if (pos->n == 0) {
            __list_del_entry(&items[1].link);   // the next one goes
            list_safe_reset_next(pos, n, link);
        }
        ++seen;
    }
    CHECK(seen == 2);
}
