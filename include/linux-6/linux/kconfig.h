// SPDX-License-Identifier: MIT
// <linux/kconfig.h>: is an option of the configuration set?  As in the kernel, CONFIG_FOO counts if it is defined as 1, and so
// may be given on the command line: -DCONFIG_FOO=1.
#pragma once

#define BOTTOMHALF_CONFIG_PLACE_1 0,
#define bottomhalf_config_second(ignored, value, ...) value
#define bottomhalf_config_pick(place) bottomhalf_config_second(place 1, 0, 0)
#define bottomhalf_config_paste(value) bottomhalf_config_pick(BOTTOMHALF_CONFIG_PLACE_##value)
#define bottomhalf_config(option) bottomhalf_config_paste(option)

#define IS_BUILTIN(option) bottomhalf_config(option)
#define IS_MODULE(option) bottomhalf_config(option##_MODULE)
#define IS_REACHABLE(option) IS_ENABLED(option)
#define IS_ENABLED(option) (bottomhalf_config(option) || bottomhalf_config(option##_MODULE))
