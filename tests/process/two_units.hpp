// SPDX-License-Identifier: MIT
#pragma once

#include <bottomhalf/bottomhalf.hpp>

void* other_machine();
unsigned long other_hz();
bool other_schedule(bottomhalf::basic_work<bottomhalf::arch::threads>& item);
void other_mistake();
int other_cpu();
