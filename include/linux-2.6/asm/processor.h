// SPDX-License-Identifier: MIT
// <asm/processor.h>: see <linux/sched.h>.
#pragma once

#include <linux/sched.h>
