// SPDX-License-Identifier: MIT
//
// <linux/mutex.h>, <linux/rwsem.h> and <linux/semaphore.h>: exclusion, order, and what is said about mistakes.
#include "sync6/contest.hpp"

#include <atomic>
#include <vector>

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

using support::call;
using support::contest;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::rounds;
using support::wait_until;

TEST_CASE("mutex: one at a time is inside, however it came in", "[sync6][mutex][stress]") {
    on_this_engine([] {
        DEFINE_MUTEX(m);
        CHECK(contest([&] { mutex_lock(&m); }, [&] { mutex_unlock(&m); }) == 3 * rounds);
        CHECK(contest([&] { (void)mutex_lock_interruptible(&m); }, [&] { mutex_unlock(&m); }) == 3 * rounds);
        CHECK(contest(
                  [&] {
                      for (unsigned round = 0; mutex_trylock(&m) == 0; ++round) engine::relax(round);
                  },
                  [&] { mutex_unlock(&m); }) == 3 * rounds);
        CHECK_FALSE(mutex_is_locked(&m));
    });
}

TEST_CASE("mutex: who lets go without holding it, takes it twice or ends it is told so", "[sync6][mutex][report]") {
    on_this_engine([] {
        struct mutex m;
        mutex_init(&m);
        mutex_lock(&m);
        lockdep_assert_held(&m);
        mutex_lock(&m);
        CHECK(reports::take("mutex_lock: possible recursive locking detected"));
        mutex_unlock(&m);
        CHECK(mutex_is_locked(&m));
        mutex_destroy(&m);
        CHECK(reports::take("DEBUG_LOCKS_WARN_ON(mutex_is_locked(lock))"));
        auto other = call<engine>([&] {
            lockdep_assert_held(&m);
            CHECK(mutex_trylock(&m) == 0);
            mutex_unlock(&m);
        });
        other.join();
        CHECK(reports::take("WARN_ON(debug_locks"));
        CHECK(reports::take("DEBUG_LOCKS_WARN_ON(__owner_task(owner) != current)"));
        CHECK_FALSE(mutex_is_locked(&m));
        mutex_destroy(&m);
        preempt_disable();
        mutex_lock(&m);
        CHECK(reports::take("sleeping function called from invalid context"));
        preempt_enable();
        mutex_unlock(&m);
    });
}

TEST_CASE("atomic_dec_and_mutex_lock: holds the mutex only for the last one", "[sync6][mutex]") {
    on_this_engine([] {
        DEFINE_MUTEX(m);
        atomic_t users = ATOMIC_INIT(2);
        CHECK(atomic_dec_and_mutex_lock(&users, &m) == 0);
        CHECK_FALSE(mutex_is_locked(&m));
        CHECK(atomic_dec_and_mutex_lock(&users, &m) == 1);
        CHECK(lockdep_is_held(&m) == 1);
        mutex_unlock(&m);
    });
}

TEST_CASE("rwsem: writers exclude each other and the readers", "[sync6][rwsem][stress]") {
    on_this_engine([] {
        DECLARE_RWSEM(s);
        CHECK(contest([&] { down_write(&s); }, [&] { up_write(&s); }) == 3 * rounds);

        int data = 0;   // plain: ThreadSanitizer looks
        std::atomic<int> wrong{0}, readers{0}, most{0};
        const auto read = [&] {
            for (int i = 0; i < rounds; ++i) {
                down_read(&s);
                const int inside = ++readers;
                if (inside > most) most = inside;
                const int before = data;
                engine::step();
                if (data != before) ++wrong;
                --readers;
                up_read(&s);
            }
        };
        const auto write = [&] {
            for (int i = 0; i < rounds; ++i) {
                down_write(&s);
                if (readers != 0) ++wrong;
                ++data;
                downgrade_write(&s);
                up_read(&s);
            }
        };
        auto a = call<engine>(read), b = call<engine>(read);
        auto c = call<engine>(write);
        a.join(), b.join(), c.join();
        CHECK(wrong == 0);
        CHECK(data == rounds);
        CHECK(rwsem_is_locked(&s) == 0);
    });
}

TEST_CASE("rwsem: a writer who waits holds later readers back; downgrading lets readers in", "[sync6][rwsem]") {
    on_this_engine([] {
        struct rw_semaphore s;
        init_rwsem(&s);
        down_read(&s);
        CHECK(down_read_trylock(&s) == 1);
        up_read(&s);
        CHECK(down_write_trylock(&s) == 0);
        support::signal_once<engine> downgrade, leave;
        auto writer = call<engine>([&] {
            down_write(&s);
            lockdep_assert_held_write(&s);
            downgrade.wait();
            downgrade_write(&s);
            leave.wait();
            up_read(&s);
        });
        REQUIRE(writer.waits_for("down_write"));
        CHECK(down_read_trylock(&s) == 0);   // it would overtake
        auto reader = call<engine>([&] {
            down_read(&s);
            up_read(&s);
        });
        REQUIRE(reader.waits_for("down_read"));
        up_read(&s);
        CHECK(writer.waits_for("a test"));   // it has the lock
        CHECK_FALSE(reader.finished());
        downgrade.set();
        wait_until<engine>([&] { return reader.finished(); });
        CHECK(rwsem_is_locked(&s) == 1);
        CHECK(down_write_trylock(&s) == 0);
        leave.set();
        writer.join(), reader.join();
        CHECK(down_write_trylock(&s) == 1);
        auto thief = call<engine>([&] { up_write(&s); });
        thief.join();
        CHECK(reports::take("up_write: DEBUG_RWSEMS_WARN_ON"));
        up_read(&s);
        CHECK(reports::take("up_read: DEBUG_RWSEMS_WARN_ON"));
    });
}

TEST_CASE("percpu_rwsem: behaves as an rwsem", "[sync6][rwsem]") {
    on_this_engine([] {
        DEFINE_PERCPU_RWSEM(s);
        CHECK(contest([&] { percpu_down_write(&s); }, [&] { percpu_up_write(&s); }) == 3 * rounds);
        percpu_down_read(&s);
        CHECK(percpu_down_read_trylock(&s));
        percpu_up_read(&s);
        percpu_up_read(&s);
    });
}

namespace {
std::atomic<int> result;   // of a handler
/// Runs `f` as a work item.
template <class F>
void as_work(F f) {
    static struct workqueue_struct* wq;
    static F* what;
    struct work_struct w;
    wq = alloc_ordered_workqueue("leaks", 0);
    what = &f;
    INIT_WORK_ONSTACK(&w, [](struct work_struct*) { (*what)(); });
    queue_work(wq, &w);
    flush_work(&w);
    destroy_work_on_stack(&w);
    destroy_workqueue(wq);
}
int leaks(const char* how) {
    const int n = reports::take_all("process_one_work: workqueue leaked atomic, lock or RCU: ");
    INFO(how);
    CHECK(n <= 1);
    return n;
}
}   // namespace

TEST_CASE("a work item that returns with a lock of its own, or as a reader, is told so", "[sync6][report]") {
    on_this_engine([] {
        static struct mutex m;
        static struct rw_semaphore r, w, waited;
        static struct percpu_rw_semaphore p;
        static struct srcu_struct srcu;
        mutex_init(&m);
        init_rwsem(&r);
        init_rwsem(&w);
        init_rwsem(&waited);
        percpu_init_rwsem(&p);
        init_srcu_struct(&srcu);
        const auto told = [](const char* text) {
            INFO(text);
            CHECK(reports::take(text));
        };
        as_work([] { mutex_lock(&m); });
        told("lock=0->1 RCU=0->0");
        as_work([] { down_read(&r); });
        told("lock=");
        as_work([] { result = down_read_trylock(&r); });
        told("lock=");
        as_work([] { down_write(&w); });
        told("lock=");
        as_work([] { percpu_down_read(&p); });
        told("lock=");
        as_work([] { static_cast<void>(srcu_read_lock(&srcu)); });
        told("lock=");
        as_work([] {
            rcu_read_lock();
            rcu_read_lock();
        });
        told("RCU=0->2");   // and it is not a reader any more
        as_work([] { result = rcu_read_lock_held(); });
        CHECK(result == 0);
        CHECK(leaks("nothing") == 0);
        synchronize_rcu();

        // Who has to wait is given the lock by somebody else; it is his all the same.
        down_write(&waited);
        struct completion waits;
        init_completion(&waits);
        auto other = call<engine>([&] {
            as_work([&] {
                complete(&waits);
                down_read(&waited);
            });
        });
        wait_for_completion(&waits);
        wait_until<engine>([] { return rwsem_is_contended(&waited) != 0; });
        up_write(&waited);
        other.join();
        told("lock=");
    });
}

TEST_CASE("a work item that gives back what it takes, or what may be given back by others, is told nothing",
          "[sync6][report]") {
    on_this_engine([] {
        static struct mutex m;
        static struct rw_semaphore r;
        static struct semaphore s;
        static struct srcu_struct srcu;
        mutex_init(&m);
        init_rwsem(&r);
        sema_init(&s, 1);
        init_srcu_struct(&srcu);
        as_work([] {
            mutex_lock(&m);
            down_read(&r);
            result = down_read_trylock(&r);
            up_read(&r);
            up_read(&r);
            down_write(&r);
            downgrade_write(&r);
            up_read(&r);
            result += down_write_trylock(&r);
            result += down_read_trylock(&r);
            up_write(&r);
            srcu_read_unlock(&srcu, srcu_read_lock(&srcu));
            rcu_read_lock();
            rcu_read_unlock();
            mutex_unlock(&m);
        });
        CHECK(result == 2);
        as_work([] { down(&s); });
        up(&s);
        as_work([] { down_read_non_owner(&r); });
        CHECK(leaks("balanced") == 0);
        as_work([] { up_read_non_owner(&r); });
        CHECK(leaks("non-owner") == 0);
        CHECK_FALSE(rwsem_is_locked(&r));
    });
}

TEST_CASE("semaphore: as many inside as it counts, and none is lost", "[sync6][semaphore][stress]") {
    on_this_engine([] {
        DEFINE_SEMAPHORE(one, 1);
        CHECK(contest([&] { down(&one); }, [&] { up(&one); }) == 3 * rounds);
        CHECK(down_trylock(&one) == 0);
        CHECK(down_trylock(&one) == 1);
        CHECK(down_timeout(&one, 1) == -ETIME);
        up(&one);
        CHECK(down_interruptible(&one) == 0);
        up(&one);

        // Producers and consumers: what is put is taken, by somebody.
        struct semaphore s;
        sema_init(&s, 0);
        const auto put = [&] {
            for (int i = 0; i < rounds; ++i) up(&s);
        };
        const auto take = [&] {
            for (int i = 0; i < rounds; ++i) down(&s);
        };
        auto a = call<engine>(put), c = call<engine>(put);
        auto b = call<engine>(take), d = call<engine>(take);
        a.join(), b.join(), c.join(), d.join();
        CHECK(down_trylock(&s) == 1);
    });
}

TEST_CASE("semaphore: who gives up in time does not take a wake-up with him", "[sync6][semaphore][stress]") {
    on_this_engine([] {
        struct semaphore s;
        sema_init(&s, 0);
        std::atomic<int> taken{0}, put{0};
        const auto impatient = [&] {
            for (int i = 0; i < 50; ++i)
                if (down_timeout(&s, i % 2) == 0) ++taken;
        };
        const auto patient = [&] {
            for (int i = 0; i < 50; ++i) down(&s), ++taken;
        };
        auto a = call<engine>(impatient);
        auto b = call<engine>(patient), c = call<engine>(patient);
        while (!b.finished() || !c.finished()) {   // never more passes than are taken, so each wake-up counts
            if (put - taken < 2) up(&s), ++put;
            engine::relax(100);
        }
        a.join(), b.join(), c.join();
        while (down_trylock(&s) == 0) ++taken;
        CHECK(put == taken);
    });
}
