// SPDX-License-Identifier: MIT
//
// Two translation units have one default machine, one listener and one idea of who the caller is.
#include <bottomhalf/bottomhalf.hpp>

#include "two_units.hpp"

namespace bh = bottomhalf;

int main() {
    if (&bh::default_machine() != other_machine()) return 1;
    if (bh::hz != other_hz()) return 2;
    int runs = 0;
    bh::work item{[&] { ++runs; }};
    if (!other_schedule(item)) return 3;   // queued there,
    bh::flush_work(item);                  // waited for here
    if (runs != 1) return 4;
    static int heard;
    heard = 0;
    bh::set_report_listener([](const bh::report&) { ++heard; });
    other_mistake();
    if (heard != 1) return 5;
    const int here = bh::arch::threads::current().cpu;
    return other_cpu() == here ? 0 : 6;
}
