// SPDX-License-Identifier: MIT
//
// A driver as drivers are: a top half, a work item, a timer, a lock, memory.  Some of it can be done wrongly.
#pragma once

enum card_fault { none, no_timer, unlocked_count, polled_flag, unpublished_buffer };

int card_probe(card_fault fault);
void card_interrupt();   // its line is raised
int card_ioctl();        // from a process
void card_remove();
unsigned long card_touch();   // reads one field of it under its lock
