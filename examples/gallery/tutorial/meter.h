// SPDX-License-Identifier: MIT
// meter.h: the driver of the tutorial (../README.md).
#pragma once

#define METER_IRQ 5

/* How many of the tutorial's corrections are in. */
extern int fixed;

int meter_probe(void);
void meter_wait(void);  /* until there has been a pulse */
void meter_reset(void); /* of the count */
void meter_remove(void);
