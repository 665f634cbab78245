// SPDX-License-Identifier: MIT
// <linux/bottomhalf_resource.h>: struct resource, a range of addresses or an interrupt, for those who use and print it.
#pragma once

#include <linux/types.h>

namespace bottomhalf::linux6 {

struct resource {
    resource_size_t start, end;
    const char* name;
    unsigned long flags;
};
inline constexpr unsigned long IORESOURCE_IO = 0x100;
inline constexpr unsigned long IORESOURCE_MEM = 0x200;
inline constexpr unsigned long IORESOURCE_IRQ = 0x400;
inline constexpr unsigned long IORESOURCE_DMA = 0x800;
inline constexpr unsigned long IORESOURCE_BUS = 0x1000;
inline constexpr unsigned long IORESOURCE_PREFETCH = 0x2000;
inline constexpr unsigned long IORESOURCE_MEM_64 = 0x100000;
inline constexpr unsigned long IORESOURCE_WINDOW = 0x200000;
inline constexpr unsigned long IORESOURCE_DISABLED = 0x10000000;
inline constexpr unsigned long IORESOURCE_UNSET = 0x20000000;
inline constexpr unsigned long IORESOURCE_BUSY = 0x80000000;

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::IORESOURCE_BUS;
using bottomhalf::linux6::IORESOURCE_BUSY;
using bottomhalf::linux6::IORESOURCE_DISABLED;
using bottomhalf::linux6::IORESOURCE_DMA;
using bottomhalf::linux6::IORESOURCE_IO;
using bottomhalf::linux6::IORESOURCE_IRQ;
using bottomhalf::linux6::IORESOURCE_MEM;
using bottomhalf::linux6::IORESOURCE_MEM_64;
using bottomhalf::linux6::IORESOURCE_PREFETCH;
using bottomhalf::linux6::IORESOURCE_UNSET;
using bottomhalf::linux6::IORESOURCE_WINDOW;
using bottomhalf::linux6::resource;
