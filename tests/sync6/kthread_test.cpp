// SPDX-License-Identifier: MIT
//
// <linux/kthread.h> and what <linux/sched.h> says about tasks.
#include "sync6/contest.hpp"

#include <atomic>
#include <string>

#include <linux/completion.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/wait.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::rounds;
using support::wait_until;

namespace {

/// What a thread saw, and what it waits for.
struct seen {
    std::atomic<int> runs{0}, cpu{-1};
    std::string name;
    unsigned int state = ~0U;
    unsigned int flags = 0;
    struct task_struct* me = nullptr;
    struct completion up, go;
    seen() {
        init_completion(&up);
        init_completion(&go);
    }
    static int look(void* data) {
        auto& s = *static_cast<seen*>(data);
        ++s.runs;
        s.cpu = smp_processor_id();
        s.name = current->comm;
        s.state = get_current_state();
        s.flags = current->flags;
        s.me = current;
        complete(&s.up);
        wait_for_completion(&s.go);
        return 42;
    }
    /// Sleeps until it is asked to stop.
    static int idle(void* data) {
        auto& s = *static_cast<seen*>(data);
        ++s.runs;
        complete(&s.up);
        while (true) {
            set_current_state(TASK_INTERRUPTIBLE);
            if (kthread_should_stop()) break;
            if (kthread_should_park()) {
                __set_current_state(TASK_RUNNING);
                kthread_parkme();
                ++s.runs;
                continue;
            }
            schedule();
        }
        __set_current_state(TASK_RUNNING);
        return -7;
    }
};

}   // namespace

TEST_CASE("kthread_create: sleeps until it is woken; its name, its CPU and its value", "[sync6][kthread]") {
    on_this_engine([] {
        seen s;
        struct task_struct* t = kthread_create(&seen::look, &s, "a-very-long-name/%d", 3);
        CHECK(std::string(t->comm) == "a-very-long-nam");
        CHECK(t->pid > 0);
        CHECK(t->pid != current->pid);
        CHECK(kthread_data(t) == &s);
        kthread_bind(t, 2);
        for (unsigned round = 0; round < 70; ++round) engine::relax(round);
        CHECK(s.runs == 0);
        CHECK(wake_up_process(t) == 1);
        wait_for_completion(&s.up);
        CHECK(s.cpu == 2);
        CHECK(s.name == "a-very-long-nam");
        CHECK(s.state == TASK_RUNNING);
        CHECK((s.flags & PF_KTHREAD) != 0);
        CHECK((current->flags & PF_KTHREAD) == 0);
        CHECK(s.me == t);
        get_task_struct(t);   // it may end before we ask it to
        complete(&s.go);
        CHECK(kthread_stop_put(t) == 42);
    });
}

TEST_CASE("kthread_stop: of one that never ran, of one that sleeps, of one that has ended", "[sync6][kthread]") {
    on_this_engine([] {
        seen s;
        CHECK(kthread_stop(kthread_create(&seen::look, &s, "never")) == -EINTR);
        CHECK(s.runs == 0);

        struct task_struct* t = kthread_run(&seen::idle, &s, "idle");
        wait_for_completion(&s.up);
        CHECK(kthread_stop(t) == -7);

        t = kthread_run(&seen::look, &s, "short");
        get_task_struct(t);
        complete(&s.go);
        wait_for_completion(&s.up);
        for (unsigned round = 0; round < 300; ++round) engine::relax(round);   // it may have ended by itself, or not
        CHECK(kthread_stop_put(t) == 42);

        static std::atomic<int> mistake;
        mistake = 0;
        t = kthread_create(
            [](void*) {
                mistake = kthread_stop(current);
                return 0;
            },
            nullptr, "myself");
        get_task_struct(t);   // before it may end
        wake_up_process(t);
        wait_until<engine>([&] { return mistake != 0; });
        CHECK(kthread_stop_put(t) == 0);
        CHECK(mistake == -EINTR);
        CHECK(reports::take("myself would wait for itself"));
    });
}

TEST_CASE("kthread: one that ends by itself leaves nothing behind", "[sync6][kthread][stress]") {
    on_this_engine([] {
        static std::atomic<int> ran;
        ran = 0;
        for (int i = 0; i < 50; ++i) {
            kthread_run(
                [](void*) {
                    ++ran;
                    return 0;
                },
                nullptr, "short/%d", i);
            if (i % 5 == 0) wait_until<engine>([&] { return ran == i + 1; });
        }
        wait_until<engine>([&] { return ran == 50; });
        for (unsigned round = 0; round < 300; ++round) engine::relax(round);
    });
}

TEST_CASE("kthread_complete_and_exit: ends the thread from anywhere in it", "[sync6][kthread]") {
    on_this_engine([] {
        DECLARE_COMPLETION_ONSTACK(done);
        struct task_struct* t = kthread_create(
            [](void* p) {
                const auto deeper = [](void* c) { kthread_complete_and_exit(static_cast<struct completion*>(c), 9); };
                deeper(p);
                return 1;
            },
            &done, "exits");
        get_task_struct(t);
        wake_up_process(t);
        wait_for_completion(&done);
        CHECK(kthread_stop_put(t) == 9);
    });
}

TEST_CASE("kthread_stop: of one that has ended, and that nobody has kept, is reported", "[sync6][kthread][report]") {
    on_this_engine([] {
        std::atomic<int> ran{0};
        struct task_struct* t =
            kthread_run([](void* p) { return *static_cast<std::atomic<int>*>(p) = 5; }, &ran, "gone");
        wait_until<engine>([&] { return ran == 5; });
        while (!reports::take("get_task_struct() is missing")) CHECK(kthread_stop(t) == 5);   // or it was in time
        for (unsigned round = 0; round < 300; ++round) engine::relax(round);                  // its last instructions
    });
}

TEST_CASE("kthread_park: waits until it has parked; unpark lets it go on", "[sync6][kthread]") {
    on_this_engine([] {
        seen s;
        struct task_struct* t = kthread_run(&seen::idle, &s, "parks");
        wait_for_completion(&s.up);
        for (int i = 1; i <= 3; ++i) {
            CHECK(kthread_park(t) == 0);
            CHECK(kthread_park(t) == -EBUSY);
            CHECK(s.runs == i);
            wake_up_process(t);   // does not get it out of there
            kthread_unpark(t);
            wait_until<engine>([&] { return s.runs == i + 1; });
        }
        CHECK(kthread_park(t) == 0);
        get_task_struct(t);
        CHECK(kthread_stop(t) == -7);   // unparks it
        CHECK(kthread_park(t) == -ENOSYS);
        put_task_struct(t);
    });
}

TEST_CASE("kthread_create: a thread or memory that could not be had is an error, not a crash", "[sync6][kthread]") {
    on_this_engine([] {
        seen s;
        engine::spawn_budget(0);
        struct task_struct* t = kthread_run(&seen::look, &s, "none");
        engine::spawn_budget(-1);
        CHECK(reinterpret_cast<long>(t) == -ENOMEM);
    });
}

TEST_CASE("set_current_state and wake_up_process: no wake-up is lost", "[sync6][sched][stress]") {
    on_this_engine([] {
        struct ball {
            std::atomic<int> n{0};
            struct task_struct* other[2] = {};
        } b;
        const auto play = [](void* data) {
            auto& ball_ = *static_cast<ball*>(data);
            const int side = current == ball_.other[0] ? 0 : 1;
            while (true) {
                set_current_state(TASK_UNINTERRUPTIBLE);
                if (ball_.n >= 2 * rounds || kthread_should_stop()) break;
                if (ball_.n % 2 == side) {
                    __set_current_state(TASK_RUNNING);
                    ++ball_.n;
                    wake_up_process(ball_.other[1 - side]);
                } else {
                    schedule();
                }
            }
            __set_current_state(TASK_RUNNING);
            return 0;
        };
        for (auto& t : b.other) {
            t = kthread_create(+play, &b, "side");
            get_task_struct(t);
        }
        for (auto& t : b.other) wake_up_process(t);
        wait_until<engine>([&] { return b.n >= 2 * rounds; });
        for (auto& t : b.other) CHECK(kthread_stop_put(t) == 0);
        CHECK(wake_up_process(current) == 0);
        CHECK(wake_up_state(current, TASK_INTERRUPTIBLE) == 0);
    });
}

TEST_CASE("a kthread that ends with a lock, atomic or as a reader is told so", "[sync6][kthread][report]") {
    on_this_engine([] {
        static spinlock_t lock;
        static struct mutex mutex;
        spin_lock_init(&lock);
        mutex_init(&mutex);
        using threadfn = int (*)(void*);
        static struct completion started;
        const auto begun = [&](threadfn f) {   // so that it is called before it is asked to stop
            init_completion(&started);
            struct task_struct* t = kthread_create(f, nullptr, "careless");
            get_task_struct(t);
            wake_up_process(t);
            wait_for_completion(&started);
            kthread_stop_put(t);
        };
        begun([](void*) {
            complete(&started);
            spin_lock(&lock);
            return 0;
        });
        CHECK(reports::take("do_exit: scheduling while atomic: careless/"));
        spin_lock_init(&lock);
        begun([](void*) {
            complete(&started);
            mutex_lock(&mutex);
            return 0;
        });
        CHECK(reports::take("lock=1 RCU=0"));
        mutex_init(&mutex);
        static struct rw_semaphore rwsem;
        init_rwsem(&rwsem);
        begun([](void*) {
            complete(&started);
            down_read(&rwsem);
            return 0;
        });
        CHECK(reports::take("lock=1 RCU=0"));
        begun([](void*) {
            complete(&started);
            rcu_read_lock();
            rcu_read_lock();
            return 0;
        });
        CHECK(reports::take("lock=0 RCU=1"));
        synchronize_rcu();   // it is none any more
        begun([](void*) {
            complete(&started);
            local_irq_disable();
            return 0;
        });
        CHECK(reports::take("interrupts left disabled"));
        begun([](void*) {
            complete(&started);
            local_bh_disable();
            return 0;
        });
        CHECK(reports::take("scheduling while atomic"));
        begun([](void*) {
            complete(&started);
            mutex_lock(&mutex);
            mutex_lock(&mutex);   // taken twice: reported, and let in
            mutex_unlock(&mutex);
            mutex_unlock(&mutex);
            return mutex_trylock(&mutex) == 1 ? mutex_unlock(&mutex), 0 : 1;
        });
        CHECK(reports::take("possible recursive locking detected"));
    });
}
