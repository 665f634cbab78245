// SPDX-License-Identifier: MIT
// nic.h: the hardware and the network stack, as the driver sees them.
//
// In main.cpp the card is a UDP socket: a datagram is a frame, and the signal that it sends is the interrupt.  The driver
// does not know that.
#pragma once

#define NIC_IRQ 11
#define NIC_FRAME_MAX 128

// ---- the card -----------------------------------------------------------------------------------------------------------

// Takes the oldest frame out of the receiver.  Return: its length; 0 if there is none.  Any context, never sleeps.
unsigned int nic_receive(void* to, unsigned int room);

// Whether there is one.  Likewise.
int nic_frame_waits(void);

// Sends a frame.  Return: 0 if the transmitter is full.  Any context, never sleeps.
int nic_transmit(const void* frame, unsigned int length);

// The interrupt mask: while it is 0, frames come in silence.  What waits as it becomes 1 is not announced.  Likewise.
void nic_interrupts(int on);

// ---- the stack: process context, one call at a time ---------------------------------------------------------------------

void netif_receive(const void* frame, unsigned int length);
void netif_receive_end(void);   // of a batch

// ---- what the driver counts ---------------------------------------------------------------------------------------------

struct nic_stats {
    unsigned long interrupts;            // top half
    unsigned long polls, frames, most;   // bottom half: its runs, what they took, and what one of them took
    unsigned long exhausted;             // its budget was used up, and it asked for another run
    unsigned long resumed;               // a frame had come between its last look and the interrupt's being let in
    unsigned long ring_full;
    unsigned long batches;   // work
};
extern struct nic_stats nic_stats;
