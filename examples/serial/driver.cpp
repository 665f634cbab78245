// SPDX-License-Identifier: MIT
// driver.cpp: a serial driver, written as the 2.6 kernel would have it.  It answers each line with that line.
//
//   interrupt -> top half:  takes what is in the receiver into a ring, which cannot wait, and schedules the
//                bottom half:  makes lines of the bytes, answers them on the same port, sleeps where it has to
//                 |-> idle work:  has the line stayed unfinished for a while?  Answer half of it.  Delayed, and
//                 |               cancelled as soon as more bytes come
//                 `-> log work:   notes each answer in the log, on a queue of its own, since the log is slow
//
// Flow control: where the ring is full the top half leaves the rest in the receiver, which holds back the sender.  No
// interrupt will come for what lies there, so whoever empties the ring must look into the receiver again.
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <asm/atomic.h>
#include <asm/semaphore.h>

#include "serial.h"
#include "uart.h"

#define RING_SIZE 4096   // powers of two: the indices run freely, and wrap
#define XMIT_SIZE 4096
#define LOG_SIZE 256
#define LINE_SIZE 1024
#define IDLE (interactive ? 5 * HZ : HZ / 10)

struct log_entry {
    const char* what;
    unsigned int bytes;
};

struct serial_port {
    spinlock_t lock;   // the ring and the counts of the top half: the top half against process context
    unsigned char ring[RING_SIZE];
    unsigned int head, tail;
    int throttled;   // the ring was full: there may be bytes in the receiver that no interrupt will announce
    unsigned long long raised;   // when the bottom half was asked for; 0: it has begun

    struct semaphore line_lock;   // all below: the bottom half against the idle work, both of which sleep
    unsigned char line[LINE_SIZE];
    unsigned int length;
    unsigned char xmit[XMIT_SIZE];   // answers, on their way to the transmitter
    unsigned int xmit_length;
    atomic_t closing;   // being unloaded: no more runs, and no more patience

    spinlock_t log_lock;
    struct log_entry log[LOG_SIZE];
    unsigned int log_head, log_tail;

    struct work_struct rx_work;
    struct work_struct idle_work;
    struct work_struct log_work;
    struct workqueue_struct* log_queue;
};

struct serial_counts serial_counts;
static struct serial_port* the_port;

static int interactive;   // a person types: Enter ends a line, answers are framed, half a line may take its time
module_param(interactive, int, 0444);

// ---- top half ---------------------------------------------------------------------------------------------------

// Receiver to ring, until the one is empty or the other is full.  Under port->lock.
static void serial_receive(struct serial_port* port) {
    port->throttled = 0;
    for (;;) {
        unsigned int at = port->head % RING_SIZE;
        unsigned int room = min(RING_SIZE - (port->head - port->tail), RING_SIZE - at);
        unsigned int n;

        if (room == 0) {
            port->throttled = 1;
            serial_counts.throttled++;
            return;
        }
        n = uart_receive(port->ring + at, room);
        if (n == 0) return;
        port->head += n;
        serial_counts.bytes_in += n;
    }
}

static irqreturn_t serial_interrupt(int irq, void* dev_id, struct pt_regs* regs) {
    struct serial_port* port = (struct serial_port*)dev_id;

    (void)irq, (void)regs;
    spin_lock(&port->lock);
    serial_counts.interrupts++;
    serial_receive(port);
    if (port->head != port->tail) {
        if (port->raised == 0) port->raised = uart_clock();
        if (!schedule_work(&port->rx_work)) serial_counts.coalesced++;
    }
    spin_unlock(&port->lock);
    return IRQ_HANDLED;
}

// ---- bottom halves ----------------------------------------------------------------------------------------------

// The bottom half has begun: how long did it take?
static void serial_began(struct serial_port* port) {
    unsigned long flags;

    spin_lock_irqsave(&port->lock, flags);
    serial_counts.runs++;
    if (port->raised != 0)
        serial_counts.latency[serial_counts.latencies++ % SERIAL_LATENCIES] =
            (unsigned int)(uart_clock() - port->raised);
    port->raised = 0;
    spin_unlock_irqrestore(&port->lock, flags);
}

// Ring to `to`.  If the top half had to stop, it is we who must look for more.
static unsigned int serial_take(struct serial_port* port, unsigned char* to, unsigned int room) {
    unsigned long flags;
    unsigned int n = 0;

    spin_lock_irqsave(&port->lock, flags);
    if (port->head == port->tail && port->throttled) serial_receive(port);
    while (n < room && port->tail != port->head) to[n++] = port->ring[port->tail++ % RING_SIZE];
    spin_unlock_irqrestore(&port->lock, flags);
    return n;
}

// The log work: what was answered, in order.  Runs on its own queue, so it may be as slow as a log is.
static void serial_write_log(void* data) {
    struct serial_port* port = (struct serial_port*)data;

    for (;;) {
        struct log_entry e;

        spin_lock(&port->log_lock);
        if (port->log_head == port->log_tail) break;
        e = port->log[port->log_tail++ % LOG_SIZE];
        spin_unlock(&port->log_lock);
        printk(KERN_INFO "serial: %lu: %s, %u bytes\n", ++serial_counts.logged, e.what, e.bytes);
    }
    spin_unlock(&port->log_lock);
}

static void serial_log(struct serial_port* port, const char* what, unsigned int bytes) {
    int full;

    do {
        spin_lock(&port->log_lock);
        full = port->log_head - port->log_tail == LOG_SIZE;
        if (!full) {
            port->log[port->log_head % LOG_SIZE].what = what;
            port->log[port->log_head++ % LOG_SIZE].bytes = bytes;
        }
        spin_unlock(&port->log_lock);
        queue_work(port->log_queue, &port->log_work);
        if (full) flush_workqueue(port->log_queue);   // sleeps until there is room
    } while (full);
}

// Sends what is to be sent, however long the other side takes to make room.  A bottom half may sleep.
static void serial_transmit(struct serial_port* port) {
    unsigned int done = 0;

    while (done < port->xmit_length) {
        unsigned int n = uart_transmit(port->xmit + done, port->xmit_length - done);

        done += n;
        serial_counts.bytes_out += n;
        if (n > 0) continue;
        if (atomic_read(&port->closing)) {
            serial_counts.lost += port->xmit_length - done;
            break;
        }
        serial_counts.output_full++;
        msleep(1);
    }
    port->xmit_length = 0;
}

static void serial_put(struct serial_port* port, const void* from, unsigned int n) {
    if (n > XMIT_SIZE - port->xmit_length) serial_transmit(port);
    memcpy(port->xmit + port->xmit_length, from, n);
    port->xmit_length += n;
}

// Answers what there is of the line.
static void serial_answer(struct serial_port* port, const char* what) {
    if (interactive) serial_put(port, "\r\n> ", 4);
    serial_put(port, port->line, port->length);
    if (interactive) serial_put(port, "\r\n", 2);
    serial_log(port, what, port->length);
    port->length = 0;
}

static void serial_byte(struct serial_port* port, unsigned char c) {
    port->line[port->length++] = c;
    if (c == '\n' || (interactive && c == '\r')) {
        serial_answer(port, "a line");
        if (++serial_counts.lines % 2000 == 0) msleep(1);   // as a bottom half does that waits for a disk
    } else if (port->length == LINE_SIZE) {
        serial_answer(port, "a piece of a long line");
        serial_counts.pieces++;
    }
}

static void serial_bottom_half(void* data) {
    struct serial_port* port = (struct serial_port*)data;
    unsigned char chunk[256];
    unsigned int i, n = 1, taken = 0;

    serial_began(port);
    down(&port->line_lock);
    if (cancel_delayed_work(&port->idle_work)) serial_counts.resumed++;
    while (taken < RING_SIZE && (n = serial_take(port, chunk, sizeof chunk)) != 0) {
        for (i = 0; i < n; i++) serial_byte(port, chunk[i]);
        taken += n;
    }
    serial_transmit(port);
    if (!atomic_read(&port->closing)) {
        if (n != 0)
            schedule_work(&port->rx_work);   // there may be more, but it is somebody else's turn
        else if (port->length > 0)
            schedule_delayed_work(&port->idle_work, IDLE);
    }
    up(&port->line_lock);
}

// Nothing has come for a while, and a line is unfinished.
static void serial_idle(void* data) {
    struct serial_port* port = (struct serial_port*)data;

    down(&port->line_lock);
    if (port->length > 0) {
        serial_answer(port, "half a line");
        serial_transmit(port);
        serial_counts.halves++;
    }
    up(&port->line_lock);
}

// ---- load and unload --------------------------------------------------------------------------------------------

static int __init serial_init(void) {
    struct serial_port* port = kcalloc(1, sizeof *port, GFP_KERNEL);
    int err;

    if (!port) return -ENOMEM;
    spin_lock_init(&port->lock);
    spin_lock_init(&port->log_lock);
    init_MUTEX(&port->line_lock);
    INIT_WORK(&port->rx_work, serial_bottom_half, port);
    INIT_WORK(&port->idle_work, serial_idle, port);
    INIT_WORK(&port->log_work, serial_write_log, port);
    port->log_queue = create_singlethread_workqueue("seriallog");
    if (!port->log_queue) {
        kfree(port);
        return -ENOMEM;
    }

    err = request_irq(UART_IRQ, serial_interrupt, SA_INTERRUPT, "serial", port);
    if (err) {
        destroy_workqueue(port->log_queue);
        kfree(port);
        return err;
    }
    the_port = port;
    return 0;
}

static void __exit serial_exit(void) {
    struct serial_port* port = the_port;

    free_irq(UART_IRQ, port);   // from here on no top half schedules the bottom half,
    atomic_set(&port->closing, 1);
    flush_scheduled_work();                  // from here on it sees that; before, it may have scheduled itself,
    cancel_delayed_work(&port->idle_work);   // or the idle work,
    flush_scheduled_work();                  // which may have been queued before it could be cancelled
    serial_idle(port);                       // half a line is answered now or never
    serial_counts.lost += port->head - port->tail;
    destroy_workqueue(port->log_queue);
    kfree(port);
}

module_init(serial_init);
module_exit(serial_exit);
MODULE_LICENSE("Dual MIT/GPL");
