// SPDX-License-Identifier: MIT
// <asm/current.h>: see <linux/sched.h>.
#pragma once

#include <linux/sched.h>
