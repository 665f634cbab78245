// SPDX-License-Identifier: MIT
// A tasklet takes frames off a ring that xmit() puts them on, under a spin lock; xmit() forgot it.
//
// target: linux sim
#include <linux/interrupt.h>
#include <linux/spinlock.h>

#include "gallery.hpp"

using gallery::fixed;

static DEFINE_SPINLOCK(lock);
static struct tasklet_struct clean;
static int in_flight;

static void clean_ring(struct tasklet_struct*) {
    spin_lock(&lock);
    if (READ_ONCE(in_flight) > 0) WRITE_ONCE(in_flight, READ_ONCE(in_flight) - 1);
    spin_unlock(&lock);
}
static void xmit() {
    if (fixed) spin_lock_bh(&lock);
    WRITE_ONCE(in_flight, READ_ONCE(in_flight) + 1);
    if (fixed) spin_unlock_bh(&lock);
}

static void story() {
    spin_lock_init(&lock);
    tasklet_setup(&clean, clean_ring);
    in_flight = 1;
    tasklet_schedule(&clean);   // that one is out
    xmit();
    tasklet_kill(&clean);
    gallery::sim::expect(in_flight == 1, "the ring has lost count");
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "a ring shared with a tasklet, without spin_lock_bh()", story);
}
