// SPDX-License-Identifier: MIT
// explored.cpp: what the meter's driver is put through.
//
//   meter STORY FIXED [late_stores | no_memory | sweep | all | SCHEDULES]
//
// explores a story with the first FIXED corrections in.  Exit status: 0 if nothing was found.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <linux/completion.h>
#include <linux/interrupt.h>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>
#include <bottomhalf/sim/sweep.hpp>
#if defined(BOTTOMHALF_SIM_INSTRUMENTED)
#include <bottomhalf/sim/instrumented.hpp>
#endif

#include "meter.h"

namespace sim = bottomhalf::sim;

/// It is unplugged while pulses come.
static void removes() {
    if (meter_probe() != 0) return;
    sim::actor pulses("pulses", [] {
        bottomhalf::linux6::raise_irq(METER_IRQ);
        bottomhalf::linux6::raise_irq(METER_IRQ);
    });
    meter_remove();
}
/// Somebody waits for a pulse.
static void waits() {
    if (meter_probe() != 0) return;
    sim::actor pulses("pulses", [] { bottomhalf::linux6::raise_irq(METER_IRQ); });
    meter_wait();
    meter_remove();
}
/// Somebody else resets the count.
static void resets() {
    if (meter_probe() != 0) return;
    {
        sim::actor pulses("pulses", [] { bottomhalf::linux6::raise_irq(METER_IRQ); });
        sim::actor ioctl("ioctl", [] { meter_reset(); });
        meter_wait();
    }
    meter_remove();
}
/// So small that all of its schedules can be seen.
static void completes() {
    struct completion done;
    init_completion(&done);
    sim::actor other("other", [&] { complete(&done); });
    wait_for_completion(&done);
}
/// The body of a sweep, which raises the line at each of its points; this pulse is so that there is work to interrupt.
static void swept() {
    if (meter_probe() != 0) return;
    bottomhalf::linux6::raise_irq(METER_IRQ);
    meter_wait();
    meter_remove();
}
int main(int argc, char** argv) {
    static const struct {
        const char* name;
        void (*story)();
    } stories[] = {
        {"removes", removes}, {"waits", waits}, {"resets", resets}, {"completes", completes}, {"swept", swept}};
    const char* const name = argc > 1 ? argv[1] : "";
    const char* const how = argc > 3 ? argv[3] : "";
    for (const auto& each : stories) {
        if (std::strcmp(each.name, name) != 0) continue;
        fixed = argc > 2 ? std::atoi(argv[2]) : 0;
        sim::options o;
        o.name = each.name;
        o.seed = 20'000;   // any will do; of some ten thousand schedules, two or three find what is wrong at first
        if (const auto n = std::strtoull(how, nullptr, 10); n > 0) o.schedules = n;
        o.store_buffers = std::strcmp(how, "late_stores") == 0;
        if (std::strcmp(how, "no_memory") == 0) o.faults = sim::no_memory;
        if (std::strcmp(how, "all") == 0) {
            o.how = sim::plan::bounded;
            o.depth = 100;
        }
        const bool sweeps = std::strcmp(how, "sweep") == 0;
        const sim::sweep_result s = sweeps ? sim::sweep_irq(o, METER_IRQ, each.story) : sim::sweep_result();
        const sim::result r = sweeps ? s.first : sim::explore(o, each.story);
        if (std::getenv("BOTTOMHALF_REPLAY") == nullptr)   // which has said so itself
            std::fputs(sweeps ? s.report().c_str() : r.report().c_str(), stdout);
        return r.failed ? 1 : 0;
    }
    std::fputs("meter removes|waits|resets|completes|swept FIXED [late_stores|no_memory|sweep|all|SCHEDULES]\n",
               stderr);
    return 2;
}
