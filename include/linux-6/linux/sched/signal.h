// SPDX-License-Identifier: MIT
// <linux/sched/signal.h>
#pragma once

#include <linux/sched.h>
