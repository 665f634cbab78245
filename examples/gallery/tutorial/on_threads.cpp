// SPDX-License-Identifier: MIT
// on_threads.cpp: the test that the meter's driver had: real threads, real signals, and luck.
//
//   meter_on_threads TIMES FIXED
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <linux/interrupt.h>

#include "meter.h"

int main(int argc, char** argv) {
    const int times = argc > 1 ? std::atoi(argv[1]) : 1000;
    fixed = argc > 2 ? std::atoi(argv[2]) : 0;
    for (int i = 0; i < times; ++i) {
        if (meter_probe() != 0) return 1;
        std::thread pulses([] {
            bottomhalf::linux6::raise_irq(METER_IRQ);
            bottomhalf::linux6::raise_irq(METER_IRQ);
        });
        meter_wait();
        meter_reset();
        meter_remove();
        pulses.join();
    }
    std::printf("%d times, nothing noticed\n", times);
    return 0;
}
