// SPDX-License-Identifier: MIT
// <linux/cpumask.h>: which CPUs there are.
#pragma once

#include <linux/smp.h>
