// SPDX-License-Identifier: MIT
// What <linux/module.h> alone brings along, in the kernel: drivers lean on it.
#include <linux/module.h>

#include "support/catch.hpp"

static LIST_HEAD(all);
static DEFINE_MUTEX(lock);
static DEFINE_SPINLOCK(fast);
static DECLARE_WAIT_QUEUE_HEAD(waiters);
static DEFINE_PER_CPU(int, counter);
struct thing {
    struct list_head node;
    struct rb_node rb;
    struct kref ref;
    struct kobject kobj;
    u8 bytes[8] ____cacheline_aligned;
};

TEST_CASE("module.h brings lists, locks, waiting, memory, errors, bits and time", "[linux6][includes]") {
    thing t = {};
    kref_init(&t.ref);
    list_add(&t.node, &all);
    {
        guard(mutex)(&lock);
        scoped_guard(spinlock_irqsave, &fast) CHECK(!list_empty(&all));
    }
    CHECK(wait_event_interruptible(waiters, true) == 0);
    this_cpu_inc(counter);
    CHECK(container_of(&t.node, thing, node) == &t);
    CHECK(IS_ERR(ERR_PTR(-ENOMEM)));
    CHECK(ARRAY_SIZE(t.bytes) == 8);
    CHECK(test_bit(1, (const unsigned long[]){2UL}));
    CHECK(time_after(jiffies + HZ, jiffies));
    CHECK(upper_32_bits(1ULL << 32) == 1);
    CHECK(cpu_to_be16(0x0102) == 0x0201);
    CHECK(min(1, 2) == 1);
    CHECK(S_IRUGO == 0444);
    CHECK(current->pid != 0);
    WARN_ON(in_interrupt());
    atomic_t n = ATOMIC_INIT(1);
    CHECK(atomic_inc_return(&n) == 2);
    struct thing* more __free(kfree) = kzalloc(sizeof *more, GFP_KERNEL);
    CHECK(more != nullptr);
    static_assert(sizeof(__stringify(HZ)) > 1);
    list_del(&t.node);
}
