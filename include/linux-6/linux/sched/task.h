// SPDX-License-Identifier: MIT
// <linux/sched/task.h>
#pragma once

#include <linux/sched.h>
