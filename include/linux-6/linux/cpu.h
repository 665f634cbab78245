// SPDX-License-Identifier: MIT
// <linux/cpu.h>: the emulated CPUs.
#pragma once

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
