// SPDX-License-Identifier: MIT
// <linux/string.h>: libc's.
#pragma once

#include <linux/bottomhalf.h>
