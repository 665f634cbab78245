// SPDX-License-Identifier: MIT
//
// <linux/wait.h> and <linux/wait_bit.h>: who is woken by what, in every form of wait_event().
#include "sync6/contest.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <string>

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::rounds;
using support::wait_until;

namespace {

/// What a wait is for.
struct thing {
    struct wait_queue_head queue;
    std::atomic<int> ready{0};
    spinlock_t lock;
    thing() {
        init_waitqueue_head(&queue);
        spin_lock_init(&lock);
    }
};
thing* it;

/// A caller of `wait`, asleep on `why`; then `wake` ends it.
template <class Wait, class Wake>
void check(const char* why, Wait wait, Wake wake) {
    on_this_engine([&] {
        INFO(why);
        thing t;
        it = &t;
        auto other = call<engine>([&] { wait(); });
        REQUIRE(other.waits_for(why));
        CHECK(waitqueue_active(&t.queue) == 1);
        wake_up_all(&t.queue);   // in vain: the condition is false still
        engine::relax(0);
        REQUIRE(other.waits_for(why));
        t.ready = 1;
        wake(&t.queue);
        wait_until<engine>([&] { return other.finished(); });
        CHECK_FALSE(wq_has_sleeper(&t.queue));
        other.join();
    });
}
void interruptible(struct wait_queue_head* q) { wake_up_interruptible(q); }
void any(struct wait_queue_head* q) { wake_up(q); }

std::atomic<int> wrong{0};
void expect(bool right) {
    if (!right) ++wrong;
}

}   // namespace

TEST_CASE("wait_event: every form sleeps until its condition holds and it is woken", "[sync6][wait]") {
    wrong = 0;
    check(
        "wait_event", [] { wait_event(it->queue, it->ready != 0); }, any);
    check(
        "wait_event_interruptible", [] { expect(wait_event_interruptible(it->queue, it->ready != 0) == 0); },
        interruptible);
    check(
        "wait_event_interruptible_exclusive",
        [] { expect(wait_event_interruptible_exclusive(it->queue, it->ready != 0) == 0); }, interruptible);
    check(
        "wait_event_killable", [] { expect(wait_event_killable(it->queue, it->ready != 0) == 0); }, any);
    check(
        "wait_event_idle", [] { wait_event_idle(it->queue, it->ready != 0); }, any);
    check(
        "wait_event_freezable", [] { expect(wait_event_freezable(it->queue, it->ready != 0) == 0); }, interruptible);
    check(
        "wait_event_timeout", [] { expect(wait_event_timeout(it->queue, it->ready != 0, 1000 * HZ) > 0); }, any);
    check(
        "wait_event_interruptible_timeout",
        [] { expect(wait_event_interruptible_timeout(it->queue, it->ready != 0, 1000 * HZ) > 0); }, interruptible);
    check(
        "wait_event_killable_timeout",
        [] { expect(wait_event_killable_timeout(it->queue, it->ready != 0, 1000 * HZ) > 0); }, any);
    check(
        "wait_event_idle_timeout", [] { expect(wait_event_idle_timeout(it->queue, it->ready != 0, 1000 * HZ) > 0); },
        any);
    check(
        "wait_event_hrtimeout",
        [] { expect(wait_event_hrtimeout(it->queue, it->ready != 0, ms_to_ktime(1'000'000)) == 0); }, any);
    check(
        "wait_event_cmd",
        [] {
            int before = 0, after = 0;
            wait_event_cmd(it->queue, it->ready != 0, ++before, ++after);
            expect(before >= 1 && before == after);
        },
        any);
    check(
        "wait_event_lock_irq",
        [] {
            spin_lock_irq(&it->lock);
            wait_event_lock_irq(it->queue, it->ready != 0, it->lock);
            expect(lockdep_is_held(&it->lock) != 0 && irqs_disabled());
            spin_unlock_irq(&it->lock);
        },
        any);
    check(
        "wait_event_lock_irq_timeout",
        [] {
            spin_lock_irq(&it->lock);
            expect(wait_event_lock_irq_timeout(it->queue, it->ready != 0, it->lock, 1000 * HZ) > 0);
            spin_unlock_irq(&it->lock);
        },
        any);
    check(
        "wait_event_interruptible_locked",
        [] {
            spin_lock_irq(&it->queue.lock);
            expect(wait_event_interruptible_locked_irq(it->queue, it->ready != 0) == 0);
            expect(lockdep_is_held(&it->queue.lock) != 0);
            spin_unlock_irq(&it->queue.lock);
        },
        any);
    CHECK(wrong == 0);
}

TEST_CASE("wait_event: a time-out that passes, a condition that holds already, and nowhere to sleep", "[sync6][wait]") {
    on_this_engine([] {
        DECLARE_WAIT_QUEUE_HEAD(q);
        CHECK(wait_event_timeout(q, false, 2) == 0);
        CHECK(wait_event_interruptible_timeout(q, false, 0) == 0);
        CHECK(wait_event_timeout(q, true, 5) == 5);
        CHECK(wait_event_timeout(q, true, 0) == 1);
        CHECK(wait_event_hrtimeout(q, false, us_to_ktime(100)) == -ETIME);
        CHECK(wait_event_interruptible_hrtimeout(q, true, 1) == 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wunused-value"
        wait_event_hrtimeout(q, true, 1);   // by who does not care
        wait_event_interruptible_hrtimeout(q, true, 1);
#pragma GCC diagnostic pop
        CHECK_FALSE(wq_has_sleeper(&q));
        preempt_disable();
        wait_event(q, false);
        preempt_enable();
        CHECK(reports::take("wait_event: sleeping function called from invalid context"));
        CHECK(get_current_state() == TASK_RUNNING);
    });
}

TEST_CASE("wake_up_interruptible: leaves those alone who must not be interrupted", "[sync6][wait]") {
    on_this_engine([] {
        thing t;
        auto other = call<engine>([&] { wait_event(t.queue, t.ready != 0); });
        REQUIRE(other.waits_for("wait_event"));
        t.ready = 1;
        wake_up_interruptible(&t.queue);
        for (unsigned round = 0; round < 70; ++round) engine::relax(round);
        CHECK_FALSE(other.finished());
        wake_up(&t.queue);
        wait_until<engine>([&] { return other.finished(); });
    });
}

TEST_CASE("wake_up: all who are not exclusive, and one who is, in the order in which they came", "[sync6][wait]") {
    on_this_engine([] {
        thing t;
        std::atomic<int> shared{0}, exclusive{0};
        std::atomic<int> order[3] = {};
        std::atomic<int> turn{0};
        const auto share = [&] { wait_event(t.queue, t.ready != 0), ++shared; };
        auto a = call<engine>(share);
        REQUIRE(a.waits_for("wait_event"));
        const auto own = [&](int i) {
            return [&, i] {
                DEFINE_WAIT(me);
                prepare_to_wait_exclusive(&t.queue, &me, TASK_UNINTERRUPTIBLE);
                schedule();
                finish_wait(&t.queue, &me);
                order[i] = ++turn;
                ++exclusive;
            };
        };
        auto x = call<engine>(own(0));
        REQUIRE(x.waits_for("schedule"));
        auto y = call<engine>(own(1));
        REQUIRE(y.waits_for("schedule"));
        auto z = call<engine>(own(2));
        REQUIRE(z.waits_for("schedule"));
        auto b = call<engine>(share);   // comes last, and is woken all the same: it stands before the exclusive ones
        REQUIRE(b.waits_for("wait_event"));
        t.ready = 1;
        wake_up(&t.queue);
        wait_until<engine>([&] { return shared == 2 && exclusive == 1; });
        for (unsigned round = 0; round < 70; ++round) engine::relax(round);
        CHECK(exclusive == 1);
        CHECK(order[0] == 1);
        wake_up_nr(&t.queue, 2);
        wait_until<engine>([&] { return exclusive == 3; });
        CHECK_FALSE(wq_has_sleeper(&t.queue));
    });
}

TEST_CASE("add_wait_queue: an entry's function is called until the entry is taken off", "[sync6][wait]") {
    on_this_engine([] {
        static std::atomic<int> calls, mode, key;
        calls = 0;
        struct wait_queue_head q {};   // zeroes will do
        struct wait_queue_entry e;
        init_waitqueue_func_entry(&e, [](struct wait_queue_entry*, unsigned int m, int, void* k) {
            ++calls;
            mode = static_cast<int>(m);
            key = static_cast<int>(reinterpret_cast<std::uintptr_t>(k));
            return 0;
        });
        wake_up(&q);
        add_wait_queue(&q, &e);
        wake_up_interruptible_poll(&q, 4);
        CHECK(calls == 1);
        CHECK(mode == static_cast<int>(TASK_INTERRUPTIBLE));
        CHECK(key == 4);
        spin_lock_irq(&q.lock);
        wake_up_locked(&q);
        spin_unlock_irq(&q.lock);
        CHECK(calls == 2);
        remove_wait_queue(&q, &e);
        wake_up_all(&q);
        CHECK(calls == 2);
    });
}

TEST_CASE("wake_up: who says that he was not woken does not count, and a negative answer ends the round",
          "[sync6][wait]") {
    on_this_engine([] {
        struct sleeper {
            struct wait_queue_entry entry;
            int answer, calls;
        };
        DECLARE_WAIT_QUEUE_HEAD(q);
        sleeper all[4] = {{{}, 0, 0}, {{}, 1, 0}, {{}, -1, 0}, {{}, 1, 0}};
        for (sleeper& s : all) {
            init_waitqueue_func_entry(&s.entry, [](struct wait_queue_entry* e, unsigned int, int, void*) {
                sleeper* me = container_of(e, sleeper, entry);
                ++me->calls;
                return me->answer;
            });
            add_wait_queue_exclusive(&q, &s.entry);
        }
        const auto calls = [&] { return all[0].calls * 1000 + all[1].calls * 100 + all[2].calls * 10 + all[3].calls; };
        wake_up(&q);
        CHECK(calls() == 1100);
        wake_up_all(&q);
        CHECK(calls() == 2210);
        for (sleeper& s : all) remove_wait_queue(&q, &s.entry);
    });
}

TEST_CASE("wake_up: by a handler that interrupts the owner of the queue's lock, is done as he lets go",
          "[sync6][wait]") {
    on_this_engine([] {
        static struct wait_queue_head q;
        static std::atomic<int> calls;
        init_waitqueue_head(&q);
        calls = 0;
        struct wait_queue_entry e;
        // The function is called with the lock held; so a signal handler would find it, on this very thread.
        init_waitqueue_func_entry(&e, [](struct wait_queue_entry*, unsigned int, int, void*) {
            if (++calls <= 3) wake_up(&q);
            return 0;
        });
        add_wait_queue(&q, &e);
        wake_up(&q);
        CHECK(calls == 4);
        CHECK(spin_is_locked(&q.lock) == 0);
        CHECK(preempt_count() == 0);
        remove_wait_queue(&q, &e);
    });
}

TEST_CASE("wait_woken: a wake-up before the sleep is kept", "[sync6][wait]") {
    on_this_engine([] {
        DECLARE_WAIT_QUEUE_HEAD(q);
        DEFINE_WAIT_FUNC(me, woken_wake_function);
        add_wait_queue(&q, &me);
        wake_up(&q);
        CHECK(wait_woken(&me, TASK_INTERRUPTIBLE, 1000 * HZ) > 0);
        CHECK(wait_woken(&me, TASK_INTERRUPTIBLE, 1) == 0);
        remove_wait_queue(&q, &me);
    });
}

TEST_CASE("wait_event: nothing is lost between a look at the condition and the sleep", "[sync6][wait][stress]") {
    on_this_engine([] {
        DECLARE_WAIT_QUEUE_HEAD(q);
        DECLARE_WAIT_QUEUE_HEAD(room);
        int n = 0;   // guarded by the lock
        DEFINE_SPINLOCK(lock);
        const auto put = [&] {
            for (int i = 0; i < rounds; ++i) {
                spin_lock_irq(&lock);
                wait_event_lock_irq(room, n < 2, lock);
                ++n;
                spin_unlock_irq(&lock);
                wake_up(&q);
            }
        };
        std::atomic<int> taken{0};
        const auto take = [&] {
            while (true) {
                const auto take_one = [&] {
                    spin_lock_irq(&lock);
                    const bool got = n > 0;
                    if (got) --n, ++taken;
                    spin_unlock_irq(&lock);
                    return got || taken == 2 * rounds;
                };
                wait_event_interruptible_exclusive(q, take_one());
                wake_up(&room);
                if (taken == 2 * rounds) break;
            }
            wake_up_all(&q);
        };
        auto a = call<engine>(put), b = call<engine>(put);
        auto c = call<engine>(take), d = call<engine>(take);
        a.join(), b.join(), c.join(), d.join();
        CHECK(taken == 2 * rounds);
    });
}

TEST_CASE("wait_event: is on the queue before it looks; DEFINE_WAIT is off it as soon as it is woken",
          "[sync6][wait]") {
    on_this_engine([] {
        DECLARE_WAIT_QUEUE_HEAD(q);
        int looks = 0;
        const auto condition = [&] {
            // The second look is the one before the sleep: what happens right behind it must end that sleep.
            if (++looks == 2) wake_up(&q);
            return looks > 2;
        };
        wait_event(q, condition());
        CHECK(looks == 3);

        DEFINE_WAIT(me);
        prepare_to_wait(&q, &me, TASK_INTERRUPTIBLE);
        CHECK(waitqueue_active(&q) == 1);
        wake_up(&q);
        CHECK(waitqueue_active(&q) == 0);
        schedule();   // woken already
        finish_wait(&q, &me);
    });
}

TEST_CASE("wait_on_bit, wait_var_event: waiting for a bit, and for a variable", "[sync6][wait_bit]") {
    on_this_engine([] {
        unsigned long word = 5;
        auto other = call<engine>([&] { wait_on_bit(&word, 2, TASK_UNINTERRUPTIBLE); });
        REQUIRE(other.waits_for("wait_on_bit"));
        CHECK(wait_on_bit(&word, 1, TASK_UNINTERRUPTIBLE) == 0);
        CHECK(wait_on_bit_timeout(&word, 0, TASK_UNINTERRUPTIBLE, 1) == -EAGAIN);
        clear_and_wake_up_bit(2, &word);
        wait_until<engine>([&] { return other.finished(); });
        other.join();
        CHECK(wait_on_bit_lock(&word, 3, TASK_UNINTERRUPTIBLE) == 0);
        CHECK(word == 9);

        std::atomic<int> users{1};
        auto last = call<engine>([&] { wait_var_event(&users, users == 0); });
        REQUIRE(last.waits_for("wait_event"));
        users = 0;
        wake_up_var(&users);
        wait_until<engine>([&] { return last.finished(); });
        CHECK(wait_var_event_timeout(&users, users == 7, 1) == 0);
    });
}

TEST_CASE("wait_on_bit_lock: one at a time is inside", "[sync6][wait_bit][stress]") {
    on_this_engine([] {
        unsigned long word = 0;
        CHECK(support::contest([&] { wait_on_bit_lock(&word, 3, TASK_UNINTERRUPTIBLE); },
                               [&] { clear_and_wake_up_bit(3, &word); }) == 3 * rounds);
        CHECK(word == 0);
    });
}

TEST_CASE("wait_event: a handler that waits lets its pool start the next item; a timer may wake", "[sync6][wait]") {
    on_this_engine([] {
        struct pair {
            struct work_struct first, second;
            struct timer_list timer;
            struct wait_queue_head queue;
            std::atomic<int> ready{0};
        } p;
        init_waitqueue_head(&p.queue);
        INIT_WORK(&p.first, [](struct work_struct* w) {
            pair* q = container_of(w, pair, first);
            wait_event(q->queue, q->ready == 2);
        });
        INIT_WORK(&p.second, [](struct work_struct* w) {
            pair* q = container_of(w, pair, second);
            ++q->ready;
            wake_up(&q->queue);
        });
        timer_setup(
            &p.timer,
            [](struct timer_list* t) {
                pair* q = container_of(t, pair, timer);
                ++q->ready;
                wake_up(&q->queue);
            },
            0);
        queue_work_on(0, system_wq, &p.first);
        queue_work_on(0, system_wq, &p.second);
        mod_timer(&p.timer, jiffies + 1);
        flush_work(&p.first);
        flush_work(&p.second);
        CHECK(p.ready == 2);
        timer_delete_sync(&p.timer);
    });
}

TEST_CASE("time-outs that were over before they began: reported, and over at once", "[sync6][wait][report]") {
    on_this_engine([] {
        DECLARE_WAIT_QUEUE_HEAD_ONSTACK(queue);
        DECLARE_COMPLETION_ONSTACK(done);
        int condition = 0;
        const long late = -5;
        CHECK(wait_event_timeout(queue, condition, late) == 0);
        CHECK(wait_event_interruptible_timeout(queue, condition, late) == 0);
        CHECK(wait_for_completion_timeout(&done, static_cast<unsigned long>(late)) == 0);
        CHECK(reports::take_all("wrong timeout value") == 3);
        condition = 1;
        CHECK(wait_event_timeout(queue, condition, late) != 0);
        reports::take_all("wrong timeout value");
    });
}

TEST_CASE("a task that was woken before it slept is running, to whoever asks", "[sync6][wait]") {
    on_this_engine([] {
        DECLARE_WAIT_QUEUE_HEAD_ONSTACK(queue);
        DEFINE_WAIT(me);
        prepare_to_wait(&queue, &me, TASK_UNINTERRUPTIBLE);
        CHECK(get_current_state() == TASK_UNINTERRUPTIBLE);
        CHECK_FALSE(task_is_running(current));
        wake_up(&queue);
        CHECK(get_current_state() == TASK_RUNNING);
        CHECK(task_is_running(current));
        schedule();   // hence not at all
        finish_wait(&queue, &me);
    });
}
