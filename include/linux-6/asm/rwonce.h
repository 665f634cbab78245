// SPDX-License-Identifier: MIT
// <asm/rwonce.h>: READ_ONCE() and WRITE_ONCE().
#pragma once

#include <linux/compiler.h>
