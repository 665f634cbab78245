// SPDX-License-Identifier: MIT
// Read-modify-writes on either engine: in the simulator every access is a step, and under some seed two of them come between
// each other, which threads on a busy machine may never do.
#include "support/facade.hpp"

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

using support::on_this_engine;

namespace {

constexpr int rounds = 50;

struct shared {
    unsigned long bits;
    unsigned int fields;
    atomic_t counter, positive, wrong;
    refcount_t users;
};
struct shared s;
struct worker {
    struct work_struct work;
    unsigned int nr;
    int taken;
};

void change(struct work_struct* w) {
    auto* me = container_of(w, worker, work);
    const unsigned int mask = 0xffU << (8 * me->nr);
    for (int i = 0; i < rounds; ++i) {
        change_bit(me->nr, &s.bits);   // nobody else does
        if (test_bit(me->nr, &s.bits) != (i % 2 == 0)) atomic_inc(&s.wrong);
        set_bit(me->nr + 8, &s.bits);
        if (test_and_set_bit(me->nr + 8, &s.bits) != true) atomic_inc(&s.wrong);
        clear_bit(me->nr + 8, &s.bits);
        if (test_and_change_bit(me->nr + 8, &s.bits) || !test_and_clear_bit(me->nr + 8, &s.bits)) atomic_inc(&s.wrong);
        const auto field = static_cast<unsigned int>(i) << (8 * me->nr);
        set_mask_bits(&s.fields, mask, field);
        if ((READ_ONCE(s.fields) & mask) != field) atomic_inc(&s.wrong);
        atomic_add(2, &s.counter);
        atomic_dec(&s.counter);
        me->taken += atomic_dec_if_positive(&s.positive) >= 0;
        if (refcount_inc_not_zero(&s.users) && refcount_dec_and_test(&s.users)) atomic_inc(&s.wrong);
        unsigned int old = READ_ONCE(s.fields);
        while (!try_cmpxchg(&s.fields, &old, old ^ mask)) {}
    }
}

}   // namespace

TEST_CASE("atomic and bit operations: CPUs do not lose each other's", "[linux6][atomic]") {
    on_this_engine([] {
        s = {0, 0, ATOMIC_INIT(0), ATOMIC_INIT(100), ATOMIC_INIT(0), REFCOUNT_INIT(1)};
        struct worker workers[4] = {};
        int taken = 0;
        for (unsigned int i = 0; i < 4; ++i) {
            workers[i].nr = i;
            INIT_WORK(&workers[i].work, change);
            queue_work_on(static_cast<int>(i), system_wq, &workers[i].work);
        }
        for (worker& w : workers) {
            flush_work(&w.work);
            taken += w.taken;
        }
        CHECK(atomic_read(&s.wrong) == 0);
        CHECK(s.bits == 0);
        CHECK(atomic_read(&s.counter) == 4 * rounds);
        CHECK(taken == 100);
        CHECK(refcount_read(&s.users) == 1);
    });
}
