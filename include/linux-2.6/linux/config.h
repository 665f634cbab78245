// SPDX-License-Identifier: MIT
// <linux/config.h>: how the kernel was configured.
#pragma once

#define CONFIG_SMP 1
#define CONFIG_PREEMPT 1
#define CONFIG_MODULES 1
