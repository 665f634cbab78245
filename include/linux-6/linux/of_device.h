// SPDX-License-Identifier: MIT
// <linux/of_device.h>
#pragma once

#include <linux/of.h>
#include <linux/platform_device.h>
