// SPDX-License-Identifier: MIT
// <linux/container_of.h>: from a member to what it is in.
#pragma once

#include <cstddef>

/// `ptr` must point to a `member` of a `type`; only its address is looked at.
#define container_of(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
