// SPDX-License-Identifier: MIT
// <asm/delay.h>: see <linux/delay.h>.
#pragma once

#include <linux/delay.h>
