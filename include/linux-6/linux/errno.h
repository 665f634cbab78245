// SPDX-License-Identifier: MIT
// <linux/errno.h>: the system's, and the errors that only the kernel knows.
#pragma once

#if __has_include_next(<linux/errno.h>)
#include_next <linux/errno.h>
#endif

#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif
