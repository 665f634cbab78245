// SPDX-License-Identifier: MIT
// serial.h: what the driver tells about itself.  (A driver of 2.6 would show this in /proc/tty/driver/serial.)
#pragma once

#define SERIAL_LATENCIES 65536

struct serial_counts {
    unsigned long interrupts;   // runs of the top half
    unsigned long coalesced;    // of those, how many found the bottom half waiting to run already
    unsigned long runs;         // of the bottom half
    unsigned long bytes_in, bytes_out;
    unsigned long lines;         // answered as a whole
    unsigned long pieces;        // a line too long for the buffer, answered in pieces: all but the last
    unsigned long halves;        // half a line, answered after an idle time
    unsigned long resumed;       // the other half came in time, and the idle work was cancelled
    unsigned long throttled;     // the ring was full; the rest stayed in the receiver
    unsigned long output_full;   // the transmitter was full; the bottom half slept until there was room
    unsigned long logged;        // lines written to the log
    unsigned long lost;          // bytes that had come in, and could not be answered before the driver was unloaded

    // From the first interrupt that asks for the bottom half to its first instruction; the last ones, in ns.
    unsigned int latency[SERIAL_LATENCIES];
    unsigned long latencies;
};

extern struct serial_counts serial_counts;
