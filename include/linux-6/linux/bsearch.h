// SPDX-License-Identifier: MIT
// <linux/bsearch.h>: bsearch() is libc's.
#pragma once

#include <stdlib.h>
