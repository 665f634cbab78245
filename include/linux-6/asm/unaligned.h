// SPDX-License-Identifier: MIT
// <asm/unaligned.h>: where it was before 6.12.
#pragma once

#include <linux/unaligned.h>
