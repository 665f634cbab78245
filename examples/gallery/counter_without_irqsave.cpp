// SPDX-License-Identifier: MIT
// A top half counts packets in, read() counts them out, and does not keep the top half off meanwhile.
//
// target: linux sim
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/spinlock.h>

#include "gallery.hpp"

using gallery::fixed;

static DEFINE_SPINLOCK(lock);
static struct completion arrived;
static int packets;

static irqreturn_t received(int, void*) {
    spin_lock(&lock);
    WRITE_ONCE(packets, READ_ONCE(packets) + 1);
    spin_unlock(&lock);
    complete(&arrived);
    return IRQ_HANDLED;
}
static void read() {
    unsigned long flags = 0;
    if (fixed) spin_lock_irqsave(&lock, flags);
    WRITE_ONCE(packets, READ_ONCE(packets) - 1);
    if (fixed) spin_unlock_irqrestore(&lock, flags);
}

static void story() {
    spin_lock_init(&lock);
    init_completion(&arrived);
    packets = 1;
    if (request_irq(5, received, 0, "nic", &lock) != 0) std::abort();
    gallery::sim::actor wire("wire", [] { bottomhalf::linux6::raise_irq(5); });
    read();
    wait_for_completion(&arrived);
    free_irq(5, &lock);
    gallery::sim::expect(packets == 1, "a packet was lost, or counted twice");
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "a counter shared with a top half, without spin_lock_irqsave()", story);
}
