// SPDX-License-Identifier: MIT
// <linux/atomic.h>, <linux/refcount.h>, <linux/kref.h>.
#include "linux6/support.hpp"
#include "support/store_buffering.hpp"

#include <climits>
#include <thread>
#include <vector>

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

// Every call of one family, once, with its result.  The three families differ in their type only.
#define EVERY_CALL(A, INIT)                         \
    A##_t v = INIT(5);                              \
    CHECK(A##_read(&v) == 5);                       \
    A##_set(&v, 10);                                \
    A##_add(5, &v);                                 \
    A##_sub(2, &v);                                 \
    A##_inc(&v);                                    \
    CHECK(A##_read(&v) == 14);                      \
    A##_dec(&v);                                    \
    CHECK(A##_read_acquire(&v) == 13);              \
    A##_set_release(&v, 0xc);                       \
    A##_or(3, &v);                                  \
    A##_and(0xe, &v);                               \
    A##_xor(1, &v);                                 \
    CHECK(A##_read(&v) == 0xf);                     \
    A##_andnot(4, &v);                              \
    CHECK(A##_read(&v) == 0xb);                     \
    CHECK(A##_fetch_add(1, &v) == 0xb);             \
    CHECK(A##_fetch_sub(2, &v) == 0xc);             \
    CHECK(A##_fetch_or(4, &v) == 0xa);              \
    CHECK(A##_fetch_and(6, &v) == 0xe);             \
    CHECK(A##_fetch_xor(1, &v) == 6);               \
    CHECK(A##_fetch_andnot(2, &v) == 7);            \
    CHECK(A##_fetch_inc(&v) == 5);                  \
    CHECK(A##_fetch_dec(&v) == 6);                  \
    CHECK(A##_add_return(2, &v) == 7);              \
    CHECK(A##_sub_return(3, &v) == 4);              \
    CHECK(A##_inc_return(&v) == 5);                 \
    CHECK(A##_dec_return(&v) == 4);                 \
    CHECK(A##_fetch_add_relaxed(1, &v) == 4);       \
    CHECK(A##_inc_return_acquire(&v) == 6);         \
    CHECK(A##_dec_return_release(&v) == 5);         \
    CHECK(A##_xchg(&v, 1) == 5);                    \
    CHECK(A##_cmpxchg(&v, 2, 9) == 1);              \
    CHECK(A##_cmpxchg(&v, 1, 2) == 1);              \
    auto expected = A##_read(&v);                   \
    CHECK(A##_try_cmpxchg(&v, &expected, 1));       \
    CHECK_FALSE(A##_try_cmpxchg(&v, &expected, 7)); \
    CHECK(expected == 1);                           \
    CHECK(A##_dec_and_test(&v));                    \
    CHECK_FALSE(A##_dec_and_test(&v));              \
    CHECK(A##_inc_and_test(&v));                    \
    CHECK(A##_add_negative(-1, &v));                \
    CHECK_FALSE(A##_inc_unless_negative(&v));       \
    CHECK(A##_dec_unless_positive(&v));             \
    CHECK(A##_dec_if_positive(&v) == -3);           \
    CHECK(A##_read(&v) == -2);                      \
    A##_set(&v, 2);                                 \
    CHECK(A##_dec_if_positive(&v) == 1);            \
    CHECK_FALSE(A##_dec_unless_positive(&v));       \
    CHECK(A##_inc_unless_negative(&v));             \
    CHECK(A##_sub_and_test(2, &v));                 \
    CHECK_FALSE(A##_inc_not_zero(&v));              \
    CHECK_FALSE(A##_add_unless(&v, 5, 0));          \
    CHECK(A##_add_unless(&v, 5, 1));                \
    CHECK(A##_fetch_add_unless(&v, 1, 9) == 5);     \
    CHECK(A##_inc_not_zero(&v));                    \
    CHECK(A##_read(&v) == 7)

TEST_CASE("atomic_t: every call", "[linux6][atomic]") { EVERY_CALL(atomic, ATOMIC_INIT); }
TEST_CASE("atomic64_t: every call", "[linux6][atomic]") { EVERY_CALL(atomic64, ATOMIC64_INIT); }
TEST_CASE("atomic_long_t: every call", "[linux6][atomic]") { EVERY_CALL(atomic_long, ATOMIC_LONG_INIT); }

TEST_CASE("atomic_t: as drivers write it", "[linux6][atomic]") {
    atomic_t v = ATOMIC_INIT(1);
    atomic_add(3, &v);
    atomic_sub(1, &v);
    CHECK(atomic_dec_return(&v) == 2);
    CHECK(atomic_add_return(3, &v) == 5);
    CHECK(atomic_sub_return(1, &v) == 4);
    CHECK(atomic_cmpxchg(&v, 4, 6) == 4);
    CHECK(atomic_xchg(&v, 2) == 6);
    int old = 2;
    CHECK(atomic_try_cmpxchg(&v, &old, 3));
    CHECK(atomic_fetch_add_unless(&v, 1, 9) == 3);
    CHECK(atomic_dec_if_positive(&v) == 3);
    atomic_or(4, &v);
    atomic_and(6, &v);
    atomic_andnot(4, &v);
    CHECK(atomic_inc_not_zero(&v));
    CHECK_FALSE(atomic_add_negative(1, &v));
    CHECK_FALSE(atomic_inc_and_test(&v));
    CHECK(atomic_sub_and_test(5, &v));
    atomic_set_release(&v, 1);
    CHECK(atomic_read_acquire(&v) == 1);
    CHECK(atomic_dec_and_test(&v));
}

TEST_CASE("the wide ones, with what does not fit into an int", "[linux6][atomic]") {
    const s64 large = s64{1} << 40;
    atomic64_t v = ATOMIC64_INIT(0);
    atomic64_set(&v, large);
    atomic64_add(large, &v);
    atomic64_sub(1, &v);
    atomic64_inc(&v);
    atomic64_dec(&v);
    CHECK(atomic64_inc_return(&v) == 2 * large);
    CHECK(atomic64_add_return(large, &v) == 3 * large);
    CHECK(atomic64_cmpxchg(&v, 3 * large, large) == 3 * large);
    CHECK(atomic64_dec_if_positive(&v) == large - 1);
    CHECK(atomic64_xchg(&v, 5) == large - 1);
    CHECK(atomic64_read(&v) == 5);
    atomic_long_t l = ATOMIC_LONG_INIT(1);
    atomic_long_set(&l, large);
    atomic_long_add(2, &l);
    atomic_long_sub(1, &l);
    atomic_long_inc(&l);
    atomic_long_dec(&l);
    CHECK(atomic_long_inc_return(&l) == large + 2);
    CHECK(atomic_long_cmpxchg(&l, large + 2, 1) == large + 2);
    CHECK(atomic_long_read(&l) == 1);
    CHECK(atomic_long_dec_and_test(&l));
}

TEST_CASE("atomic: a counter wraps, and loses nothing among threads", "[linux6][atomic]") {
    atomic_t v = ATOMIC_INIT(INT_MAX);
    CHECK(atomic_inc_return(&v) == INT_MIN);
    CHECK(atomic_sub_return(1, &v) == INT_MAX);
    atomic_set(&v, 0);
    atomic64_t positive = ATOMIC64_INIT(1000);
    std::vector<std::thread> threads;
    std::vector<int> taken(4);
    for (std::size_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 4000; ++i) {
                atomic_inc(&v);
                if (atomic64_dec_if_positive(&positive) >= 0) ++taken[t];
            }
        });
    for (std::thread& t : threads) t.join();
    CHECK(atomic_read(&v) == 16000);
    CHECK(atomic64_read(&positive) == 0);
    CHECK(taken[0] + taken[1] + taken[2] + taken[3] == 1000);
}

TEST_CASE("what returns a value is a full barrier", "[linux6][atomic]") {
    CHECK(support::both_missed<atomic_t>([](atomic_t& mine, atomic_t& his) {
              atomic_inc_return(&mine);
              return atomic_read(&his);
          }) == 0);
    CHECK(support::both_missed<int>([](int& mine, int& his) {
              cmpxchg(&mine, 0, 1);
              return READ_ONCE(his);
          }) == 0);
    CHECK(support::both_missed<atomic_t>([](atomic_t& mine, atomic_t& his) {
              atomic_add_unless(&mine, 1, 5);
              return atomic_read(&his);
          }) == 0);
}

TEST_CASE("xchg, cmpxchg: of any variable", "[linux6][atomic]") {
    u8 small = 1;
    CHECK(xchg(&small, 2) == 1);
    CHECK(cmpxchg(&small, 2, 3) == 2);
    CHECK(cmpxchg(&small, 2, 4) == 3);
    CHECK(small == 3);
    u64 large = 1;
    u64 old = 7;
    CHECK_FALSE(try_cmpxchg(&large, &old, 9));
    CHECK(old == 1);
    CHECK(try_cmpxchg(&large, &old, 9));
    CHECK(cmpxchg64(&large, 9, 10) == 9);
    int n = 0;
    int* p = nullptr;
    CHECK(cmpxchg(&p, nullptr, &n) == nullptr);
    CHECK(xchg(&p, nullptr) == &n);
    CHECK(xchg_relaxed(&n, 1) == 0);
    CHECK(cmpxchg_acquire(&n, 1, 2) == 1);
    CHECK(cmpxchg_release(&n, 2, 3) == 2);
    CHECK(READ_ONCE(n) == 3);
}

namespace {

struct object {
    struct kref ref;
    int data;
};
int released;
void release(struct kref* k) {
    ++released;
    delete container_of(k, object, ref);
}

}   // namespace

TEST_CASE("kref: the last one releases", "[linux6][kref]") {
    released = 0;
    auto* o = new object{KREF_INIT(1), 0};
    kref_init(&o->ref);
    kref_get(&o->ref);
    CHECK(kref_read(&o->ref) == 2);
    CHECK(kref_get_unless_zero(&o->ref));
    CHECK(kref_put(&o->ref, release) == 0);
    CHECK(kref_put(&o->ref, release) == 0);
    CHECK(kref_put(&o->ref, release) == 1);
    CHECK(released == 1);

    struct object dead = {KREF_INIT(0), 0};
    CHECK_FALSE(kref_get_unless_zero(&dead.ref));
    DEFINE_MUTEX(lock);
    o = new object{KREF_INIT(2), 0};
    CHECK(kref_put_mutex(&o->ref, release, &lock) == 0);
    CHECK_FALSE(mutex_is_locked(&lock));
    CHECK(kref_put_mutex(&o->ref, release, &lock) == 1);
    CHECK(mutex_is_locked(&lock));
    mutex_unlock(&lock);
}

TEST_CASE("kref_put_lock, refcount_dec_and_lock: only the last one takes the spinlock", "[linux6][kref]") {
    DEFINE_SPINLOCK(lock);
    released = 0;
    auto* o = new object{KREF_INIT(2), 0};
    CHECK(kref_put_lock(&o->ref, release, &lock) == 0);
    CHECK_FALSE(spin_is_locked(&lock));
    CHECK(kref_put_lock(&o->ref, release, &lock) == 1);
    CHECK(spin_is_locked(&lock));
    spin_unlock(&lock);
    CHECK(released == 1);
    refcount_t r = REFCOUNT_INIT(2);
    CHECK_FALSE(refcount_dec_and_lock(&r, &lock));
    CHECK(refcount_dec_and_lock(&r, &lock));
    spin_unlock(&lock);
}

namespace {

/// While one waits for it, another takes a reference.
struct contended_lock {
    refcount_t* of;
    int taken = 0, given = 0;
};
void spin_lock(contended_lock* l, bottomhalf::location) {
    ++l->taken;
    refcount_inc(l->of);
}
void spin_unlock(contended_lock* l) { ++l->given; }
void mutex_lock(contended_lock* l, bottomhalf::location) { spin_lock(l, bottomhalf::location::current()); }
void mutex_unlock(contended_lock* l) { spin_unlock(l); }

}   // namespace

TEST_CASE("refcount_dec_and_lock: one who is not the last any more, when he has the lock, gives it back",
          "[linux6][refcount]") {
    refcount_t r = REFCOUNT_INIT(1);
    contended_lock lock{&r};
    CHECK_FALSE(refcount_dec_and_lock(&r, &lock));
    CHECK((lock.taken == 1 && lock.given == 1));
    CHECK(refcount_read(&r) == 1);
    CHECK_FALSE(refcount_dec_and_mutex_lock(&r, &lock));
    CHECK((lock.taken == 2 && lock.given == 2));
    CHECK(refcount_read(&r) == 1);
}

TEST_CASE("kref: among threads, what each did to the object comes before its end", "[linux6][kref]") {
    for (int round = 0; round < 200; ++round) {
        released = 0;
        auto* o = new object{KREF_INIT(3), 0};
        atomic_t turns = ATOMIC_INIT(0);
        std::vector<std::thread> threads;
        for (int t = 0; t < 3; ++t)
            threads.emplace_back([&] {
                if (atomic_fetch_inc(&turns) == 0) o->data = 1;   // TSan sees whether delete comes after it
                kref_put(&o->ref, release);
            });
        for (std::thread& t : threads) t.join();
        CHECK(released == 1);
    }
}

TEST_CASE("refcount_t: says what is wrong, and saturates", "[linux6][refcount]") {
    refcount_t r = REFCOUNT_INIT(1);
    ear listening;
    refcount_inc(&r);
    CHECK(refcount_read(&r) == 2);
    refcount_add(3, &r);
    refcount_dec(&r);
    CHECK(refcount_read(&r) == 4);
    CHECK(refcount_inc_not_zero(&r));
    CHECK(refcount_add_not_zero(1, &r));
    CHECK(refcount_dec_not_one(&r));
    CHECK_FALSE(refcount_sub_and_test(3, &r));
    int old = 0;
    __refcount_inc(&r, &old);
    CHECK(old == 2);
    __refcount_dec(&r, &old);
    CHECK(old == 3);
    CHECK(__refcount_inc_not_zero(&r, &old));
    CHECK(old == 2);
    CHECK_FALSE(__refcount_dec_and_test(&r, &old));
    CHECK(old == 3);
    CHECK_FALSE(refcount_dec_if_one(&r));
    CHECK_FALSE(refcount_dec_and_test(&r));
    CHECK_FALSE(refcount_dec_not_one(&r));
    CHECK(refcount_dec_if_one(&r));
    CHECK_FALSE(refcount_inc_not_zero(&r));
    CHECK(ear::all().empty());

    const auto wrong = [&](int from, auto call) {
        const std::size_t before = ear::all().size();
        refcount_set(&r, from);
        call();
        CHECK(ear::all().size() == before + 1);
        CHECK(static_cast<int>(refcount_read(&r)) == REFCOUNT_SATURATED);
    };
    wrong(0, [&] { refcount_inc(&r); });
    wrong(REFCOUNT_MAX, [&] { refcount_inc(&r); });
    wrong(REFCOUNT_MAX, [&] { CHECK(refcount_inc_not_zero(&r)); });
    wrong(REFCOUNT_SATURATED, [&] { refcount_inc(&r); });
    wrong(0, [&] { CHECK_FALSE(refcount_dec_and_test(&r)); });
    wrong(REFCOUNT_SATURATED, [&] { CHECK_FALSE(refcount_dec_and_test(&r)); });
    wrong(1, [&] { refcount_dec(&r); });
    wrong(0, [&] { CHECK(refcount_dec_not_one(&r)); });
    CHECK(ear::has("refcount_warn_saturate"));
}

TEST_CASE("refcount_dec_and_mutex_lock: only the last one takes the lock", "[linux6][refcount]") {
    refcount_t r = REFCOUNT_INIT(2);
    DEFINE_MUTEX(lock);
    CHECK_FALSE(refcount_dec_and_mutex_lock(&r, &lock));
    CHECK_FALSE(mutex_is_locked(&lock));
    CHECK(refcount_dec_and_mutex_lock(&r, &lock));
    CHECK(mutex_is_locked(&lock));
    mutex_unlock(&lock);
}
