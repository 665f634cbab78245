// SPDX-License-Identifier: MIT
//
// <linux/cleanup.h>: guards, and what else is undone at the end of a scope.
#include "sync6/contest.hpp"

#include <linux/cleanup.h>
#include <linux/slab.h>
#include <linux/srcu.h>

using support::call;
using support::engine;
using support::on_this_engine;

namespace {
struct shared {
    struct mutex m;
    spinlock_t lock;
    struct rw_semaphore sem;
    int early(bool leave) {
        guard(mutex)(&m);
        if (leave) return lockdep_is_held(&m);
        guard(rwsem_write)(&sem);
        guard(rcu)();
        return lockdep_is_held(&m) + rwsem_is_locked(&sem) + rcu_read_lock_held();
    }
};
}   // namespace

TEST_CASE("guard and scoped_guard: let go however the scope is left", "[sync6][cleanup]") {
    on_this_engine([] {
        shared s{};
        CHECK(s.early(true) == 1);
        CHECK_FALSE(mutex_is_locked(&s.m));
        CHECK(s.early(false) == 3);
        CHECK(rwsem_is_locked(&s.sem) == 0);
        CHECK(rcu_read_lock_held() == 0);
        scoped_guard(spinlock_irqsave, &s.lock) {
            CHECK(irqs_disabled());
            CHECK(lockdep_is_held(&s.lock) == 1);
        }
        CHECK_FALSE(irqs_disabled());
        scoped_guard(rcu) CHECK(rcu_read_lock_held() == 1);
        CHECK(spin_is_locked(&s.lock) == 0);
    });
}

namespace {

struct counted {
    int n;
};
int freed, left;
void put(struct counted* c) {
    ++freed;
    c->n = -1;
}
DEFINE_FREE(put_counted, struct counted*, if (_T) put(_T))
DEFINE_CLASS(counted, struct counted*, if (_T)++ left, first, struct counted* first)
EXTEND_CLASS(counted, _none, nullptr, int)
DEFINE_GUARD(counted, struct counted*, ++_T->n, --_T->n)
DEFINE_GUARD_COND(counted, _try, _T->n == 0 ? ++_T->n : 0)
DEFINE_LOCK_GUARD_1(twice, struct counted, _T->before = _T->lock->n;
                    _T->lock->n += 2, _T->lock->n = _T->before, int before)
DEFINE_LOCK_GUARD_1_COND(twice, _try, _T->lock->n == 0 ? ((_T->before = 0, _T->lock->n += 2), true) : false)
int inside;
DEFINE_LOCK_GUARD_0(inside, ++inside, --inside)

struct counted* keep(struct counted* c, bool really) {
    struct counted* mine __free(put_counted) = c;
    if (really) return_ptr(mine);
    return nullptr;
}
int try_mutex(struct mutex* m) {
    scoped_cond_guard(mutex_try, return -EBUSY, m) { return 1; }
    return 0;
}

}   // namespace

TEST_CASE("scoped_guard is left by break, and those that may fail say so", "[sync6][cleanup]") {
    on_this_engine([] {
        shared s{};
        int rounds_done = 0;
        for (; rounds_done < 3; ++rounds_done) scoped_guard(mutex, &s.m) {
                if (rounds_done >= 0) break;   // of the guard, not of the loop
                rounds_done = 100;
            }
        CHECK(rounds_done == 3);
        CHECK_FALSE(mutex_is_locked(&s.m));

        CHECK(try_mutex(&s.m) == 1);
        auto other = call<engine>([&] { mutex_lock(&s.m); });
        other.join();
        CHECK(try_mutex(&s.m) == -EBUSY);
        int ran = 0;
        scoped_guard(mutex_try, &s.m) { ++ran; }
        CHECK(ran == 0);
        mutex_init(&s.m);
        scoped_guard(mutex_intr, &s.m) { ++ran; }
        CHECK(ran == 1);
        scoped_guard(spinlock_try, &s.lock) scoped_guard(spinlock_try, &s.lock) { ++ran; }
        CHECK(ran == 1);
        scoped_guard(rwsem_read, &s.sem) {
            scoped_guard(rwsem_read_try, &s.sem) { ++ran; }
            scoped_guard(rwsem_write_try, &s.sem) { ++ran; }
            scoped_guard(rwsem_read_intr, &s.sem) { ++ran; }
        }
        CHECK(ran == 3);
        CHECK(rwsem_is_locked(&s.sem) == 0);
        static rwlock_t rw = __RW_LOCK_UNLOCKED(rw);
        scoped_guard(read_lock, &rw) CHECK(write_trylock(&rw) == 0);
        scoped_guard(write_lock_irqsave, &rw) CHECK((irqs_disabled() && read_trylock(&rw) == 0));
        scoped_guard(read_lock_irq, &rw) CHECK(irqs_disabled());
        CHECK_FALSE(irqs_disabled());
        scoped_guard(preempt) scoped_guard(irqsave) CHECK((preempt_count() != 0 && irqs_disabled()));
        scoped_guard(irq) CHECK(irqs_disabled());
        CHECK((preempt_count() == 0 && !irqs_disabled()));
        static struct srcu_struct srcu;
        {
            guard(srcu)(&srcu);
            CHECK(srcu_read_lock_held(&srcu) == 1);
        }
        CHECK(srcu_read_lock_held(&srcu) == 0);
    });
}

TEST_CASE("__free, CLASS and guards of a driver's own", "[sync6][cleanup]") {
    freed = left = 0;
    counted c{7};
    CHECK(keep(&c, true) == &c);
    CHECK(freed == 0);
    CHECK(keep(&c, false) == nullptr);
    CHECK(freed == 1);
    CHECK(c.n == -1);
    {
        struct counted* none __free(put_counted) = nullptr;
        char* memory __free(kfree) = kzalloc(8, GFP_KERNEL);
        struct counted* taken __free(kfree) = kzalloc(sizeof *taken, GFP_KERNEL);
        struct counted* other = no_free_ptr(taken);
        CHECK((none == nullptr && memory != nullptr && taken == nullptr));
        kfree(other);
        struct counted* error __free(kfree) = ERR_PTR(-ENOMEM);
        CHECK(IS_ERR(error));
        CLASS(counted, k)(&c);
        CHECK(k == &c);
        CLASS(counted_none, l)(1);
        CHECK(l == nullptr);
    }
    CHECK((freed == 1 && left == 1));

    c.n = 0;
    {
        guard(counted)(&c);
        CHECK(c.n == 1);
        int ran = 0;
        scoped_guard(counted_try, &c) { ++ran; }
        CHECK(ran == 0);
    }
    CHECK(c.n == 0);
    scoped_guard(counted_try, &c) CHECK(c.n == 1);
    scoped_guard(twice, &c) {
        CHECK(c.n == 2);
        scoped_cond_guard(twice_try, c.n = 9, &c) c.n = 10;
        CHECK(c.n == 9);
    }
    CHECK(c.n == 0);
    scoped_guard(twice_try, &c) CHECK(c.n == 2);
    scoped_guard(inside) CHECK(inside == 1);
    CHECK((c.n == 0 && inside == 0));
}
