// SPDX-License-Identifier: MIT
//
// <linux/spinlock.h> and <linux/lockdep.h>: exclusion, contexts, and what is said about mistakes.
#include "sync6/contest.hpp"

#include <linux/delay.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>

using support::call;
using support::contest;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::rounds;

TEST_CASE("spin_lock: in each of its forms one at a time is inside", "[sync6][spinlock]") {
    on_this_engine([] {
        DEFINE_SPINLOCK(lock);
        CHECK(contest([&] { spin_lock(&lock); }, [&] { spin_unlock(&lock); }) == 3 * rounds);
        CHECK(contest([&] { spin_lock_bh(&lock); }, [&] { spin_unlock_bh(&lock); }) == 3 * rounds);
        CHECK(contest([&] { spin_lock_irq(&lock); }, [&] { spin_unlock_irq(&lock); }) == 3 * rounds);
        CHECK(contest(
                  [&] {
                      for (unsigned round = 0; spin_trylock(&lock) == 0; ++round) engine::relax(round);
                  },
                  [&] { spin_unlock(&lock); }) == 3 * rounds);
        CHECK(spin_is_locked(&lock) == 0);
    });
}

TEST_CASE("spin_lock: each form brings its context, and takes it away again", "[sync6][spinlock]") {
    on_this_engine([] {
        spinlock_t lock;
        spin_lock_init(&lock);
        unsigned long flags = 0;
        spin_lock(&lock);
        CHECK(in_atomic());
        CHECK_FALSE(irqs_disabled());
        spin_unlock(&lock);
        spin_lock_bh(&lock);
        CHECK(in_softirq());
        spin_unlock_bh(&lock);
        spin_lock_irqsave(&lock, flags);
        CHECK(irqs_disabled());
        unsigned long inner = 0;
        CHECK(spin_trylock_irqsave(&lock, inner) == 0);
        CHECK(irqs_disabled());   // the inner one found them masked
        spin_unlock_irqrestore(&lock, flags);
        CHECK_FALSE(irqs_disabled());
        CHECK(spin_trylock_irqsave(&lock, flags) == 1);
        CHECK(irqs_disabled());
        spin_unlock_irqrestore(&lock, flags);
        CHECK(preempt_count() == 0);
        CHECK_FALSE(irqs_disabled());
    });
}

TEST_CASE("spin_lock: recursion, a foreign unlock and sleeping inside are reported", "[sync6][spinlock][report]") {
    on_this_engine([] {
        DEFINE_SPINLOCK(lock);
        spin_lock(&lock);
        spin_lock(&lock);
        CHECK(reports::take("spin_lock: BUG: spinlock recursion"));
        spin_unlock(&lock);
        CHECK(spin_is_locked(&lock) == 1);
        msleep(1);
        CHECK(reports::take("sleeping function called from invalid context"));
        auto other = call<engine>([&] { spin_unlock(&lock); });
        other.join();
        CHECK(reports::take("spin_unlock: BUG: spinlock wrong owner"));
        CHECK(reports::take("preempt_count_sub: DEBUG_LOCKS_WARN_ON(val > preempt_count())"));   // this one, too
        CHECK(spin_is_locked(&lock) == 1);
        spin_unlock(&lock);
        spin_unlock(&lock);
        CHECK(reports::take("spin_unlock: BUG: spinlock already unlocked"));
        CHECK(reports::take("preempt_count_sub: DEBUG_LOCKS_WARN_ON(val > preempt_count())"));
    });
}

TEST_CASE("lockdep_assert_held: asks who holds it, not whether it is held", "[sync6][lockdep]") {
    on_this_engine([] {
        DEFINE_SPINLOCK(lock);
        spin_lock(&lock);
        lockdep_assert_held(&lock);
        CHECK(lockdep_is_held(&lock) == 1);
        int seen = 1;
        auto other = call<engine>([&] {
            seen = lockdep_is_held(&lock);
            lockdep_assert_held(&lock);
        });
        other.join();
        CHECK(seen == 0);
        CHECK(reports::take("WARN_ON(debug_locks && !(lockdep_is_held(&lock)))"));
        spin_unlock(&lock);
        lockdep_assert_not_held(&lock);
        lockdep_assert_irqs_enabled();
        lockdep_assert_irqs_disabled();
        CHECK(reports::take("irqs_disabled()"));
    });
}

TEST_CASE("rwlock: readers share, a writer is alone", "[sync6][rwlock]") {
    on_this_engine([] {
        DEFINE_RWLOCK(lock);
        CHECK(contest([&] { write_lock(&lock); }, [&] { write_unlock(&lock); }) == 3 * rounds);
        read_lock(&lock);
        CHECK(read_trylock(&lock) == 1);
        CHECK(write_trylock(&lock) == 0);
        lockdep_assert_held(&lock);
        read_unlock(&lock);
        read_unlock(&lock);
        CHECK(write_trylock(&lock) == 1);
        CHECK(read_trylock(&lock) == 0);
        lockdep_assert_held_write(&lock);
        write_unlock(&lock);
        const int read_lock = 1;   // what drivers do
        CHECK(read_lock == 1);
        CHECK(preempt_count() == 0);
    });
}

TEST_CASE("atomic_dec_and_lock: holds the lock only for the last one", "[sync6][spinlock]") {
    on_this_engine([] {
        DEFINE_SPINLOCK(lock);
        atomic_t users = ATOMIC_INIT(2);
        CHECK(atomic_dec_and_lock(&users, &lock) == 0);
        CHECK(spin_is_locked(&lock) == 0);
        CHECK(atomic_dec_and_lock(&users, &lock) == 1);
        CHECK(lockdep_is_held(&lock) == 1);
        spin_unlock(&lock);
    });
}
