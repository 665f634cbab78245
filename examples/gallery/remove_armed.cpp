// SPDX-License-Identifier: MIT
// remove() stops the interrupts and frees the device.  What the last interrupt has armed is still to come.
//
// target: linux sim
#include <linux/interrupt.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

struct nic {
    struct delayed_work link_check;
};
static gallery::allocated<nic> memory;

static void link_check(struct work_struct*) { memory.touch(); }

static irqreturn_t link_changed(int, void* dev_id) {
    auto* nic = static_cast<struct nic*>(dev_id);
    schedule_delayed_work(&nic->link_check, HZ / 10);   // it bounces
    return IRQ_HANDLED;
}

static struct nic* probe() {
    struct nic* nic = memory.alloc();
    INIT_DELAYED_WORK(&nic->link_check, link_check);
    if (request_irq(5, link_changed, 0, "nic", nic) != 0) std::abort();
    return nic;
}
static void remove(struct nic* nic) {
    free_irq(5, nic);
    if (fixed) cancel_delayed_work_sync(&nic->link_check);
    memory.free();
}

static void story() {
    struct nic* nic = probe();
    gallery::sim::actor cable("cable", [] { bottomhalf::linux6::raise_irq(5); });
    remove(nic);
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "remove() against an armed delayed work", story); }
