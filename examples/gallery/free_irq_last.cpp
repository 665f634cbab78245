// SPDX-License-Identifier: MIT
// remove() frees what the top half works on, and then the interrupt.
//
// target: linux sim
#include <linux/interrupt.h>

#include "gallery.hpp"

using gallery::fixed;

struct adc {
    int samples;
};
static gallery::allocated<adc> memory;

static irqreturn_t sampled(int, void* dev_id) {
    memory.touch();
    ++static_cast<struct adc*>(dev_id)->samples;
    return IRQ_HANDLED;
}

static void remove(struct adc* adc) {
    if (fixed) free_irq(5, adc);
    memory.free();
    if (!fixed) free_irq(5, adc);
}

static void story() {
    struct adc* adc = memory.alloc();
    if (request_irq(5, sampled, 0, "adc", adc) != 0) std::abort();
    gallery::sim::actor converter("converter", [] { bottomhalf::linux6::raise_irq(5); });
    remove(adc);
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "free_irq() after what its handler uses", story); }
