// SPDX-License-Identifier: MIT
//
// Where a lock is taken, and which places do not go together: in the order in which they come, each way round.
#include "support/facade.hpp"

#include <cstring>

#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

using function = void (*)();

struct in_a_top_half {
    irq_work work;
    function f;
};
/// In hardirq context.
void strike(function f) {
    in_a_top_half top{{}, f};
    init_irq_work(&top.work, [](irq_work* w) { container_of(w, in_a_top_half, work)->f(); });
    irq_work_queue(&top.work);
    irq_work_sync(&top.work);
}
/// In softirq context, interrupts on.
void soft(function f) {
    static function now;
    now = f;
    tasklet_struct t;
    tasklet_setup(&t, [](tasklet_struct*) { now(); });
    tasklet_schedule(&t);
    tasklet_kill(&t);
}

spinlock_t lock;
rwlock_t rw;

void plain() {
    spin_lock(&lock);
    spin_unlock(&lock);
}
void with_bh() {
    spin_lock_bh(&lock);
    spin_unlock_bh(&lock);
}
void with_irqs() {
    unsigned long flags = 0;
    spin_lock_irqsave(&lock, flags);
    spin_unlock_irqrestore(&lock, flags);
}
void trying() {
    if (spin_trylock(&lock) != 0) spin_unlock(&lock);
}
void reading() {
    read_lock(&rw);
    read_unlock(&rw);
}
void writing() {
    write_lock(&rw);
    write_unlock(&rw);
}
void writing_with_irqs() {
    write_lock_irq(&rw);
    write_unlock_irq(&rw);
}

/// Of locks that nobody has had before.
template <class F>
void of_new_locks(F f) {
    on_this_engine([&] {
        spin_lock_init(&lock);
        rwlock_init(&rw);
        f();
    });
}
bool said(const char* usage) {
    const support::heard* h = reports::find("inconsistent lock state");
    if (h == nullptr || h->where != bottomhalf::channel::advice || h->level != bottomhalf::severity::warn) return false;
    const bool is_it = std::strstr(h->text, usage) != nullptr;
    return reports::take("inconsistent lock state") && is_it;
}

}   // namespace

TEST_CASE("spin_lock: with interrupts on, of what a top half takes, whoever comes first",
          "[sync6][spinlock][lockdep]") {
    of_new_locks([] {
        plain();
        strike(plain);
        CHECK(said("{HARDIRQ-ON-W} -> {IN-HARDIRQ-W}"));
        plain(), strike(plain);   // once is enough
    });
    of_new_locks([] {
        strike(plain);
        plain();
        CHECK(said("{IN-HARDIRQ-W} -> {HARDIRQ-ON-W}"));
    });
    of_new_locks([] {
        strike(plain);
        with_bh();
        CHECK(said("{IN-HARDIRQ-W} -> {HARDIRQ-ON-W}"));
    });
    of_new_locks([] {
        strike(plain);
        soft(plain);   // which a top half interrupts as well
        CHECK(said("{IN-HARDIRQ-W} -> {HARDIRQ-ON-W}"));
    });
    of_new_locks([] {
        plain();
        spin_lock_init(&lock);   // a new one
        strike(plain), strike(with_irqs), with_irqs(), soft(with_irqs);
    });
}

TEST_CASE("spin_lock: with softirqs on, of what one of them takes", "[sync6][spinlock][lockdep]") {
    of_new_locks([] {
        plain();
        soft(plain);
        CHECK(said("{SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W}"));
    });
    of_new_locks([] {
        soft(with_irqs);
        plain();
        CHECK(said("{IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W}"));
    });
    of_new_locks([] { soft(plain), with_bh(), with_irqs(), soft(with_bh); });
}

TEST_CASE("spin_trylock: who does not wait does not hang, but others wait for him", "[sync6][spinlock][lockdep]") {
    of_new_locks([] { plain(), strike(trying), soft(trying); });
    of_new_locks([] {
        trying();
        strike(plain);
        CHECK(said("{HARDIRQ-ON-W} -> {IN-HARDIRQ-W}"));
    });
}

TEST_CASE("read_lock: a top half may read what it has interrupted a reader of", "[sync6][rwlock][lockdep]") {
    of_new_locks([] { reading(), strike(reading), soft(reading), writing_with_irqs(); });
    of_new_locks([] {
        reading();
        strike(writing);
        CHECK(said("{HARDIRQ-ON-R} -> {IN-HARDIRQ-W}"));
    });
    of_new_locks([] {
        soft(reading);
        writing();
        CHECK(said("{IN-SOFTIRQ-R} -> {SOFTIRQ-ON-W}"));
    });
    of_new_locks([] {
        writing();
        strike([] {
            if (read_trylock(&rw) != 0) read_unlock(&rw);
        });
        strike(reading);
        CHECK(said("{HARDIRQ-ON-W} -> {IN-HARDIRQ-R}"));
    });
    of_new_locks([] {
        if (write_trylock(&rw) != 0) write_unlock(&rw);
        strike(writing);
        CHECK(said("{HARDIRQ-ON-W} -> {IN-HARDIRQ-W}"));
    });
}

TEST_CASE("wake_up: takes the queue's lock as drivers should", "[sync6][wait][lockdep]") {
    on_this_engine([] {
        static wait_queue_head_t q;
        init_waitqueue_head(&q);
        wake_up(&q);
        strike([] { wake_up(&q); });
        spin_lock(&q.lock);
        CHECK(said("{IN-HARDIRQ-W} -> {HARDIRQ-ON-W}"));
        spin_unlock(&q.lock);
    });
}
