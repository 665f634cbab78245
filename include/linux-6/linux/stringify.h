// SPDX-License-Identifier: MIT
// <linux/stringify.h>: what a macro stands for, as text.
#pragma once

#define __stringify_1(...) #__VA_ARGS__
#define __stringify(...) __stringify_1(__VA_ARGS__)
