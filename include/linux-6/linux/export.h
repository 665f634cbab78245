// SPDX-License-Identifier: MIT
// <linux/export.h>: which names other modules may use.  All, as far as the linker is concerned.
#pragma once

namespace bottomhalf::linux6 {
struct module;   // opaque
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::module;

#define THIS_MODULE (static_cast<struct module*>(nullptr))   // as of code that is built into the kernel
#define EXPORT_SYMBOL(symbol) static_assert(true)
#define EXPORT_SYMBOL_GPL(symbol) static_assert(true)
#define EXPORT_SYMBOL_NS(symbol, ns) static_assert(true)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns) static_assert(true)
