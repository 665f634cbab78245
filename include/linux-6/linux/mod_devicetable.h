// SPDX-License-Identifier: MIT
// <linux/mod_devicetable.h>: which devices a driver is for.
#pragma once

#include <linux/device.h>

namespace bottomhalf::linux6 {

struct platform_device_id {
    char name[24];
    unsigned long driver_data;
};
struct i2c_device_id {
    char name[20];
    unsigned long driver_data;
};
struct spi_device_id {
    char name[32];
    unsigned long driver_data;
};
struct acpi_device_id {
    char id[16];
    unsigned long driver_data;
    u32 cls, cls_msk;
};

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::acpi_device_id;
using bottomhalf::linux6::i2c_device_id;
using bottomhalf::linux6::platform_device_id;
using bottomhalf::linux6::spi_device_id;
