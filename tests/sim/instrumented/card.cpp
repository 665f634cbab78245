// SPDX-License-Identifier: MIT
#include "sim/instrumented/card.hpp"

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

namespace {

constexpr unsigned line = 9;

struct card {
    spinlock_t lock;
    struct mutex users;
    struct work_struct work;
    struct timer_list watchdog;
    struct completion handled;
    unsigned long events, seen, barks;
    int stopped;
    int* buffer;
    int* published;
};
struct card* the_card;
card_fault fault;

irqreturn_t card_irq(int, void* arg) {
    auto* c = static_cast<struct card*>(arg);
    spin_lock(&c->lock);
    c->events++;
    spin_unlock(&c->lock);
    schedule_work(&c->work);
    return IRQ_HANDLED;
}
void card_work(struct work_struct* work) {
    struct card* c = container_of(work, struct card, work);
    unsigned long n, flags;
    if (fault == unlocked_count) {
        n = c->events;
        c->events = 0;
    } else {
        spin_lock_irqsave(&c->lock, flags);
        n = c->events;
        c->events = 0;
        spin_unlock_irqrestore(&c->lock, flags);
    }
    mutex_lock(&c->users);
    c->seen += n;
    mutex_unlock(&c->users);
    complete(&c->handled);
}
void card_bark(struct timer_list* t) {
    struct card* c = from_timer(c, t, watchdog);
    unsigned long flags;
    spin_lock_irqsave(&c->lock, flags);
    c->barks++;
    spin_unlock_irqrestore(&c->lock, flags);
    if (fault == polled_flag ? !c->stopped : !READ_ONCE(c->stopped)) mod_timer(&c->watchdog, jiffies + 1);
}

}   // namespace

int card_probe(card_fault with) {
    fault = with;
    auto* c = static_cast<struct card*>(kzalloc(sizeof(struct card), GFP_KERNEL));
    if (!c) return -ENOMEM;
    c->buffer = static_cast<int*>(kmalloc(sizeof(int), GFP_KERNEL));
    spin_lock_init(&c->lock);
    mutex_init(&c->users);
    init_completion(&c->handled);
    INIT_WORK(&c->work, card_work);
    timer_setup(&c->watchdog, card_bark, 0);
    if (request_irq(line, card_irq, 0, "card", c) != 0) return -EBUSY;
    the_card = c;
    if (fault != no_timer) mod_timer(&c->watchdog, jiffies + 1);
    return 0;
}
void card_interrupt() { bottomhalf::linux6::raise_irq(line); }

int card_ioctl() {
    struct card* c = the_card;
    int value = 0;
    mutex_lock(&c->users);
    if (!c->published) {
        *c->buffer = 42;
        if (fault == unpublished_buffer)
            WRITE_ONCE(c->published, c->buffer);
        else
            smp_store_release(&c->published, c->buffer);
    }
    value = static_cast<int>(c->seen);
    mutex_unlock(&c->users);
    return value;
}
unsigned long card_touch() {
    int* p = fault == unpublished_buffer ? READ_ONCE(the_card->published) : smp_load_acquire(&the_card->published);
    return p != nullptr ? static_cast<unsigned long>(*p) : 42;
}
void card_remove() {
    struct card* c = the_card;
    if (fault == polled_flag)
        c->stopped = 1;
    else
        WRITE_ONCE(c->stopped, 1);
    free_irq(line, c);
    timer_shutdown_sync(&c->watchdog);
    cancel_work_sync(&c->work);
    kfree(c->buffer);
    kfree(c);
}
