// SPDX-License-Identifier: MIT
// Top half and bottom half.  The handler of an interrupt line is quick and may not sleep: it takes what its device has
// and schedules the work, which does the rest as a process does.  Here the device is main(), which raises the line.
//
//   event 1: the top half is in_interrupt(): 1, the bottom half: 0
//   event 2: the top half is in_interrupt(): 1, the bottom half: 0
//   event 3: the top half is in_interrupt(): 1, the bottom half: 0
//
// target: linux26
// expect: event 1: .*: 1, the bottom half: 0.*event 2: .*event 3: the top half is in_interrupt..: 1, the bottom half: 0
#include <bottomhalf/bottomhalf.hpp>

#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>

#define MY_IRQ 5

static int event, in_top_half;
static DECLARE_COMPLETION(served);

static void bottom_half(void*) {
    printk(KERN_INFO "event %d: the top half is in_interrupt(): %d, the bottom half: %d\n", event, in_top_half,
           !!in_interrupt());
    complete(&served);
}
static DECLARE_WORK(my_work, bottom_half, NULL);

static irqreturn_t top_half(int, void*, struct pt_regs*) {
    event++;
    in_top_half = !!in_interrupt();
    schedule_work(&my_work);
    return IRQ_HANDLED;
}

int main() {
    if (request_irq(MY_IRQ, top_half, SA_INTERRUPT, "demo", &my_work) != 0) return 1;
    for (int i = 0; i < 3; i++) {
        bottomhalf::raise_irq(MY_IRQ);   // asynchronous: interrupts whatever the CPU's thread is doing
        wait_for_completion(&served);
    }
    free_irq(MY_IRQ, &my_work);   // no more top halves, hence no more work,
    flush_scheduled_work();       // and what there was has run
}
