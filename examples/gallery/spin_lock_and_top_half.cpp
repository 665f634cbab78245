// SPDX-License-Identifier: MIT
// 2.6: a handler of work holds a spin lock, and leaves interrupts on.  The top half that strikes its CPU wants the lock, and
// waits for whom it has interrupted.
//
// target: linux26 sim
#include <linux/interrupt.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static spinlock_t lock;
static struct work_struct drain_work;

static irqreturn_t received(int, void*, struct pt_regs*) {
    spin_lock(&lock);
    spin_unlock(&lock);
    return IRQ_HANDLED;
}
static void drain(void*) {
    unsigned long flags = 0;
    if (fixed)
        spin_lock_irqsave(&lock, flags);
    else
        spin_lock(&lock);
    if (fixed)
        spin_unlock_irqrestore(&lock, flags);
    else
        spin_unlock(&lock);
}

static void story() {
    spin_lock_init(&lock);
    drain_work = {};   // as after insmod
    INIT_WORK(&drain_work, drain, nullptr);
    if (request_irq(5, received, 0, "uart", &lock) != 0) std::abort();
    {
        gallery::sim::actor wire("wire", [] { bottomhalf::linux26::raise_irq(5); });
        schedule_work(&drain_work);
    }
    flush_scheduled_work();
    free_irq(5, &lock);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "spin_lock() where a top half takes it, too (2.6)", story);
}
