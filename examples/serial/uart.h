// SPDX-License-Identifier: MIT
// uart.h: the hardware, as the driver sees it: an interrupt line, and two registers with a buffer behind each.
//
// In main.cpp the receiver and the transmitter are the two directions of a pseudo terminal, and the interrupt is the
// signal that it sends.  The driver does not know that.
#pragma once

// Raised whenever bytes have come in, or room has come about in a full transmitter.  An edge per event: bytes that the
// driver leaves in the receiver are not announced a second time.
#define UART_IRQ 4

// Takes up to `room` bytes out of the receiver.  Return: how many; 0 if there is none.  Any context, never sleeps.
unsigned int uart_receive(unsigned char* to, unsigned int room);

// Puts up to `n` bytes into the transmitter.  Return: how many it took; 0 if it is full.  Any context, never sleeps.
unsigned int uart_transmit(const unsigned char* from, unsigned int n);

// A clock of the board, in ns.
unsigned long long uart_clock(void);
