// SPDX-License-Identifier: MIT
#include <bottomhalf/bottomhalf.hpp>

#include "two_units.hpp"

namespace bh = bottomhalf;

void* other_machine() { return &bh::default_machine(); }
unsigned long other_hz() { return bh::hz; }
bool other_schedule(bh::basic_work<bh::arch::threads>& item) { return bh::schedule_work(item); }
void other_mistake() { bh::workqueue_ops<bh::arch::threads>::flush_workqueue(nullptr, bh::location::current()); }
int other_cpu() { return bh::arch::threads::current().cpu; }
