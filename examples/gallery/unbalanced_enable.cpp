// SPDX-License-Identifier: MIT
// The top half turns its line off until the work has been done; a watchdog does it in the work's place if that takes too
// long.  Both look whether it is off, and both turn it on.
//
// target: linux sim
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

static struct work_struct serve_work;
static struct timer_list watchdog;
static unsigned long line_state;   // bit 0: the line is off

static void turn_on() {
    if (fixed) {
        if (test_and_clear_bit(0, &line_state)) enable_irq(5);
    } else if (test_bit(0, &line_state)) {
        clear_bit(0, &line_state);
        enable_irq(5);
    }
}
static void serve(struct work_struct*) { turn_on(); }
static void too_long(struct timer_list*) { turn_on(); }

static irqreturn_t touched(int, void*) {
    disable_irq_nosync(5);
    set_bit(0, &line_state);
    mod_timer(&watchdog, jiffies + 1);
    schedule_work(&serve_work);
    return IRQ_HANDLED;
}

static void story() {
    line_state = 0;
    INIT_WORK(&serve_work, serve);
    timer_setup(&watchdog, too_long, 0);
    if (request_irq(5, touched, 0, "touch", &line_state) != 0) std::abort();
    {
        gallery::sim::actor finger("finger", [] { bottomhalf::linux6::raise_irq(5); });
    }
    msleep(20);   // both have come by then, and one of them has turned it on
    disable_irq(5);
    timer_shutdown_sync(&watchdog);
    cancel_work_sync(&serve_work);
    free_irq(5, &line_state);
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "enable_irq() by two who both saw it off", story); }
