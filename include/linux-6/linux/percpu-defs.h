// SPDX-License-Identifier: MIT
// <linux/percpu-defs.h>: in <linux/percpu.h>.
#pragma once

#include <linux/percpu.h>
