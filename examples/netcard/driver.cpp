// SPDX-License-Identifier: MIT
// driver.cpp: a driver of a network card, as today's kernel would have it.
//
//   interrupt -> top half:     masks the card's interrupts, and asks for
//                bottom half:  BH work.  Polls the card, frame after frame into the ring, until it is empty, or the budget is
//                              used up (then it asks for another run, so that others get theirs), or the ring is full
//                receive work: may sleep.  Hands the frames of the ring to the stack
//
// As long as frames come faster than they are polled there are no interrupts: what the kernel calls NAPI.  One that comes
// between the last look and the mask's being lifted is not announced, hence the look after it.  Where the ring is full the
// bottom half stops, with the interrupts masked, and whoever empties the ring asks for it again.
#include <linux/atomic.h>
#include <linux/circ_buf.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "nic.h"

#define NIC_RING 128   // a power of two; one place stays empty
#define NIC_BUDGET 64

struct nic_buffer {
    unsigned int length;
    unsigned char frame[NIC_FRAME_MAX];
};

struct nic {
    struct nic_buffer ring[NIC_RING];
    int head;           // written by the bottom half
    int tail;           // written by the receive work
    atomic_t stopped;   // the ring was full: the bottom half waits to be asked again
    struct work_struct poll_work;
    struct work_struct receive_work;
    struct workqueue_struct* queue;
};

struct nic_stats nic_stats;
static struct nic* the_card;

// ---- top half -----------------------------------------------------------------------------------------------------------

static irqreturn_t nic_interrupt(int irq, void* dev_id) {
    struct nic* nic = (struct nic*)dev_id;

    (void)irq;
    nic_stats.interrupts++;
    nic_interrupts(0);
    queue_work(system_bh_wq, &nic->poll_work);
    return IRQ_HANDLED;
}

// ---- bottom half --------------------------------------------------------------------------------------------------------

// Return: how many frames were taken; *full: why no more.
static unsigned int nic_fill_ring(struct nic* nic, bool* full) {
    unsigned int taken = 0;
    int head = nic->head;

    *full = false;
    while (taken < NIC_BUDGET) {
        struct nic_buffer* to = &nic->ring[head];

        if (CIRC_SPACE(head, smp_load_acquire(&nic->tail), NIC_RING) == 0) {
            *full = true;
            break;
        }
        to->length = nic_receive(to->frame, sizeof(to->frame));
        if (to->length == 0) break;
        head = (head + 1) & (NIC_RING - 1);
        smp_store_release(&nic->head, head);
        taken++;
    }
    return taken;
}

static void nic_poll(struct work_struct* work) {
    struct nic* nic = container_of(work, struct nic, poll_work);
    bool full;
    unsigned int taken = nic_fill_ring(nic, &full);

    nic_stats.polls++;
    nic_stats.frames += taken;
    if (taken > nic_stats.most) nic_stats.most = taken;
    if (taken != 0) queue_work(nic->queue, &nic->receive_work);

    if (full) {
        nic_stats.ring_full++;
        atomic_set(&nic->stopped, 1);
        smp_mb();   // either we see the room that the receive work has made, or it sees that we have stopped
        if (CIRC_SPACE(nic->head, smp_load_acquire(&nic->tail), NIC_RING) == 0 || atomic_xchg(&nic->stopped, 0) == 0)
            return;
    } else if (taken < NIC_BUDGET) {
        nic_interrupts(1);
        if (!nic_frame_waits()) return;
        nic_interrupts(0);
        nic_stats.resumed++;
    } else {
        nic_stats.exhausted++;
    }
    queue_work(system_bh_wq, &nic->poll_work);
}

// ---- process context ----------------------------------------------------------------------------------------------------

static void nic_hand_over(struct work_struct* work) {
    struct nic* nic = container_of(work, struct nic, receive_work);
    int tail = nic->tail;

    nic_stats.batches++;
    while (CIRC_CNT(smp_load_acquire(&nic->head), tail, NIC_RING) != 0) {
        netif_receive(nic->ring[tail].frame, nic->ring[tail].length);
        tail = (tail + 1) & (NIC_RING - 1);
        smp_store_release(&nic->tail, tail);
    }
    netif_receive_end();
    smp_mb();   // see nic_poll()
    if (atomic_xchg(&nic->stopped, 0) != 0) queue_work(system_bh_wq, &nic->poll_work);
}

static int __init nic_init(void) {
    int err;

    the_card = (struct nic*)kzalloc(sizeof(*the_card), GFP_KERNEL);
    if (!the_card) return -ENOMEM;
    INIT_WORK(&the_card->poll_work, nic_poll);
    INIT_WORK(&the_card->receive_work, nic_hand_over);
    the_card->queue = alloc_ordered_workqueue("nic_rx", 0);
    if (!the_card->queue) {
        err = -ENOMEM;
        goto no_queue;
    }
    err = request_irq(NIC_IRQ, nic_interrupt, 0, "nic", the_card);
    if (err) goto no_irq;
    queue_work(system_bh_wq, &the_card->poll_work);   // what has come before; it lets the interrupts in
    return 0;

no_irq:
    destroy_workqueue(the_card->queue);
no_queue:
    kfree(the_card);
    return err;
}

static void __exit nic_exit(void) {
    nic_interrupts(0);
    free_irq(NIC_IRQ, the_card);
    cancel_work_sync(&the_card->poll_work);   // it queues the other, and the other it: so twice
    cancel_work_sync(&the_card->receive_work);
    cancel_work_sync(&the_card->poll_work);
    destroy_workqueue(the_card->queue);
    kfree(the_card);
}

module_init(nic_init);
module_exit(nic_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("a network card that is a socket");
