// SPDX-License-Identifier: MIT
// The main() of each program here: loads the module, waits to be told to end, unloads it.  The module's source is that
// of the kernel, unchanged.
#include <linux/module.h>

#include <bottomhalf/module_main.hpp>
